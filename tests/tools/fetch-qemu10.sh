#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches QEMU 10 from Debian 12's backports, unpacked into $XENLIKE_CACHE/qemu-10 and not installed:
# the tests run on it too (make test-qemu10). apt works with lists of its own, so that the machine's
# are left as they are; the mirror is the one the machine uses. OFFLINE=1 fetches nothing.
set -eu
cache=${XENLIKE_CACHE:-$HOME/.cache/xenlike}
target=$cache/qemu-10
packages="qemu-system-x86 qemu-system-common qemu-system-data seabios"

[ ! -x "$target/usr/bin/qemu-system-x86_64" ] || exit 0
if [ "${OFFLINE:-0}" = 1 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "fetch: QEMU 10 is not in $target, and nothing may be fetched" >&2
    exit 1
fi
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
if [ -z "$mirror" ]; then
    echo "fetch: this is no Debian 12: give a QEMU 10 of your own, make QEMU=... guest-tests" >&2
    exit 1
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 .
mkdir -p lists/partial archives/partial unpacked
key=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$key] $mirror bookworm-backports main" > sources.list
private="-qq -o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists=$work/lists -o Dir::Cache=$work -o APT::Sandbox::User=root"
echo "fetch: QEMU 10 (unpacked into $target, not installed)" >&2
# shellcheck disable=SC2086
apt-get $private update
# shellcheck disable=SC2086
apt-get $private download $packages
for package in *.deb; do
    dpkg-deb -x "$package" unpacked
done
unpacked/usr/bin/qemu-system-x86_64 --version | head -n 1 >&2
mv unpacked "$target" 2>/dev/null || test -x "$target/usr/bin/qemu-system-x86_64"
