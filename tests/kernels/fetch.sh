#!/bin/sh
# SPDX-License-Identifier: MIT
# Gets the kernels that `make test-guests` boots: unmodified files of Debian packages, downloaded by apt,
# unpacked into $XENLIKE_CACHE/kernels, never installed. What cannot be had is said, and its test skips.
set -u
cache=${XENLIKE_CACHE:-$HOME/.cache/xenlike}
kernels=$cache/kernels

# fetch NAME PACKAGE FILE: the one file in the package that the pattern matches becomes kernels/NAME.
fetch() {
    [ ! -e "$kernels/$1" ] || return 0
    [ "${OFFLINE:-0}" != 1 ] || return 0
    command -v apt-get >/dev/null 2>&1 || return 0
    mkdir -p "$kernels/packages/$2" || return 0
    (
        cd "$kernels/packages/$2" || exit 1
        [ -e "$2.deb" ] || {
            echo "fetch: $2" >&2
            apt-get download -qq -o APT::Sandbox::User=root "$2" >&2 && mv ./*.deb "$2.deb"
        } || exit 1
        [ -d unpacked ] || dpkg-deb -x "$2.deb" unpacked || exit 1
        found=$(find unpacked -path "unpacked/$3" -type f | head -n 1)
        [ -n "$found" ] && ln -sf "packages/$2/$found" "$kernels/$1"
    ) || echo "fetch: $1 of $2 could not be had; its test will be skipped" >&2
}

# image PACKAGE: the package of the kernel itself that a meta package names today.
image() {
    apt-cache depends "$1" 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
}

installer=debian-installer-12-netboot-amd64
fetch linux "$installer" '*/text/debian-installer/amd64/linux'
fetch initrd.gz "$installer" '*/text/debian-installer/amd64/initrd.gz'
fetch grub grub-xen-host '*/grub-x86_64-xen.bin'
[ -e "$kernels/gnumach" ] || {
    fetch gnumach.gz gnumach-image-1.8-xen-486 'boot/gnumach*.gz'
    [ ! -e "$kernels/gnumach.gz" ] || gunzip -c "$kernels/gnumach.gz" > "$kernels/gnumach"
}
for flavour in cloud rt; do
    [ ! -e "$kernels/linux-$flavour" ] && [ "${OFFLINE:-0}" != 1 ] || continue
    package=$(image linux-image-$flavour-amd64)
    [ -z "$package" ] || fetch linux-$flavour "$package" 'boot/vmlinuz-*'
done
exit 0
