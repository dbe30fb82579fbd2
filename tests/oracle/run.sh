#!/bin/sh
# The splitter against PostgreSQL's own parser, on every SQL file of PostgreSQL's source package.
#
#     tests/oracle/run.sh ORACLE_SPLIT [CACHE]
#
# Prints "N files, N statements …, N differ". Exit status 77 when the files cannot be had.
set -eu

oracle=$1
cache=${2:-build/cache}
here=$(dirname "$0")
files=$cache/postgresql-sql

"$here/fetch.sh" "$files"
echo "oracle: $(cat "$files/.complete")"
find "$files" -name '*.sql' | sort | tr '\n' '\0' | xargs -0 "$oracle"
