#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches what tests want from Debian but must not install: real Xen 4.17, the oracle. It is downloaded
# by apt, unpacked, and kept in $XENLIKE_CACHE. Without it, or with OFFLINE=1, those tests are skipped.
set -u
cache=${XENLIKE_CACHE:-$HOME/.cache/xenlike}
package=xen-hypervisor-4.17-amd64
image=$cache/xen-4.17-amd64

[ ! -e "$image" ] || exit 0
[ "${OFFLINE:-0}" != 1 ] || exit 0
command -v apt-get >/dev/null 2>&1 || exit 0
mkdir -p "$cache" || exit 0
work=$(mktemp -d "$cache/fetch.XXXXXX") || exit 0
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 0
echo "fetch: $package (unpacked into $cache, not installed)" >&2
if apt-get download -qq "$package" >&2 && dpkg-deb -x "$package"_*.deb unpacked &&
    gunzip -c unpacked/boot/xen-4.17-amd64.gz > xen; then
    mv xen "$image"
else
    echo "fetch: $package could not be had; tests on real Xen will be skipped" >&2
fi
exit 0
