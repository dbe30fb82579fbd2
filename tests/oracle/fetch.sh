#!/bin/sh
# Puts the SQL files of PostgreSQL's own source package into DEST: of the version that this machine's libpg_query parses,
# when Debian has it, else of another one.
#
#     tests/oracle/fetch.sh DEST
#
# Does nothing when DEST is there. Exit status 77: there is no such package to be had; the reason is the last line.
set -eu

dest=$1
[ -e "$dest/.complete" ] && exit 0
scripts=$(dirname "$0")/../../scripts
version=$(sed -n 's/^#define PG_MAJORVERSION "\([0-9]*\)".*/\1/p' /usr/include/pg_query.h 2>/dev/null)

line=$("$scripts/debian-source" "postgresql-${version:-none}" 2>/dev/null) ||
    line=$("$scripts/debian-source" 'postgresql-[0-9]+') || exit $?
# shellcheck disable=SC2086  # NAME VERSION SUITE FILE.dsc
set -- $line
tar=$(find "$(dirname "$4")" -name "${1}_${2%-*}.orig.tar.*" ! -name '*.asc' | head -n 1)
mkdir -p "$dest"
# Every SQL file: the regression suite of the core, of contrib and of the languages, and what the server itself is made of.
tar -xf "$tar" -C "$dest" --strip-components=1 --wildcards '*.sql'
echo "$1 $2 of Debian $3" >"$dest/.complete"
