#!/bin/sh
# Puts the SQL files of PostgreSQL's own regression suite into DEST, from Debian's source package.
#
#     tests/oracle/fetch.sh DEST
#
# The package comes through apt from the mirror that the machine's apt already uses, under a private configuration that
# also lists sources: nothing is installed, nothing outside DEST and its neighbour DEST.apt is written. Does nothing when
# DEST is there. Exit status 77: this machine cannot give it (no apt, no mirror).
set -eu

dest=$1
[ -e "$dest/.complete" ] && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "fetch: no apt-get here" >&2; exit 77; }

mkdir -p "$dest.apt"
work=$(cd "$dest.apt" && pwd)
mkdir -p "$work/etc" "$work/lists/partial" "$work/cache/archives/partial" "$work/src" "$work/parts"
trap 'rm -rf "$work"' EXIT

# The machine's own entries, turned into source entries; both forms of sources.list.
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$f" ] && sed -n 's/^deb[[:space:]]/deb-src /p' "$f"
done >"$work/etc/sources.list" 2>/dev/null || true
for f in /etc/apt/sources.list.d/*.sources; do
    [ -r "$f" ] && sed 's/^Types:.*/Types: deb-src/' "$f" >"$work/parts/$(basename "$f")"
done

options="-qq -o Dir::Etc::sourcelist=$work/etc/sources.list -o Dir::Etc::sourceparts=$work/parts
    -o Dir::State::lists=$work/lists -o Dir::Cache=$work/cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
    -o APT::Sandbox::User= -o Acquire::Languages=none -o APT::Get::List-Cleanup=0"

# The options are words of their own.
# shellcheck disable=SC2086
get() {
    apt-get $options "$@"
}

# shellcheck disable=SC2086
versions() {
    apt-cache $options showsrc --only-source "$1" 2>/dev/null | sed -n 's/^Version: //p'
}

# A mirror may list an update whose source it does not hold: then the version before it does as well.
download() {
    for v in $(versions "$1"); do
        (cd "$work/src" && get source --download-only "$1=$v" >"$work/source.log" 2>&1) && return 0
    done
    return 1
}

if ! get update >"$work/update.log" 2>&1; then
    echo "fetch: no package lists" >&2
    exit 77
fi
package=
for version in ${PG_SOURCE:-15 17}; do
    if download "postgresql-$version"; then
        package=postgresql-$version
        break
    fi
done
[ -n "$package" ] || { echo "fetch: no source package of PostgreSQL here" >&2; exit 77; }

tar=$(find "$work/src" -name '*.orig.tar.*' ! -name '*.asc' | head -n 1)
mkdir -p "$dest"
# Every SQL file: the regression suite of the core, of contrib and of the languages, and what the server itself is made of.
tar -xf "$tar" -C "$dest" --strip-components=1 --wildcards '*.sql'
echo "$package $(basename "$tar")" >"$dest/.complete"
