#!/bin/sh
# SPDX-License-Identifier: MIT
# Gets a source package's upstream archive from Debian into $XENLIKE_CACHE: fetch-source.sh PACKAGE
#
# The machine's own apt sources are read, as deb-src, from a private list: nothing of the system's
# configuration or of its lists changes. 0 when the archive is there; OFFLINE=1 only looks.
set -eu
package=$1
cache=${XENLIKE_CACHE:-$HOME/.cache/xenlike}

if ls "$cache/$package"_*.orig.tar.* >/dev/null 2>&1; then exit 0; fi
if [ "${OFFLINE:-0}" = 1 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "fetch: put Debian's ${package}_*.orig.tar.xz into $cache: it cannot be fetched here" >&2
    exit 1
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial"
for list in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" > "$work/parts/${list##*/}"
done
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$list" ] || sed -n 's/^deb /deb-src /p' "$list" > "$work/parts/x-${list##*/}"
done
for list in "$work"/parts/x-*; do
    case $list in *.list) ;; *) [ ! -e "$list" ] || mv "$list" "$list.list" ;; esac
done
echo "fetch: source of $package (into $cache, nothing is installed)" >&2
cd "$work"
set -- -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/parts" \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -qq
apt-get "$@" update >&2 || true
if apt-get "$@" source --download-only "$package" >&2; then
    mv "$package"_*.orig.tar.* "$cache/"
else
    echo "fetch: the source of $package could not be had" >&2
    exit 1
fi
