#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches the upstream sources of Debian source packages into $XENLIKE_CACHE, as apt verifies them: a
# private list, derived from the machine's own, names the source packages; nothing of the system changes.
#   fetch-source.sh PACKAGE ...       status 1 when one of them cannot be had
set -eu
cache=${XENLIKE_CACHE:-$HOME/.cache/xenlike}

missing=
for package in "$@"; do
    set -- "$cache/$package"_*.orig.tar.*
    [ -e "$1" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
[ "${OFFLINE:-0}" != 1 ] || exit 1
command -v apt-get >/dev/null 2>&1 || exit 1

mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/parts" "$work/lists/partial" "$work/archives/partial"
for list in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" > "$work/parts/$(basename "$list")"
done
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$list" ] || sed -n 's/^deb /deb-src /p' "$list" > "$work/parts/$(basename "$list" .list).list"
done
cd "$work"
own="-qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=$work/parts
     -o Dir::State::Lists=$work/lists -o Dir::Cache=$work -o APT::Sandbox::User=root"
echo "fetch: the sources of$missing (into $cache)" >&2
# shellcheck disable=SC2086
apt-get $own update >&2 || true # another vendor's list may have no sources
# shellcheck disable=SC2086
apt-get $own source --download-only $missing >&2 || exit 1
for package in $missing; do
    mv "$package"_*.orig.tar.?? "$package"_*.orig.tar.??? "$cache/" 2>/dev/null || true
done
