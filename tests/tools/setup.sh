#!/bin/sh
# SPDX-License-Identifier: MIT
# The set-up step: says which Debian packages are missing and installs them.
#
#   setup.sh GROUP ...        groups: build, run, iso, test, cross
#   setup.sh --list GROUP ... only prints what is missing, one package per line
#
# As root, or with a sudo that asks nothing, it installs. Otherwise it prints the exact line, runs it
# (with sudo, which may ask) only with INSTALL=1, and ends with status 5 when something is missing.
# OFFLINE=1 never installs.
set -eu

build="cpio gcc make libc6-dev binutils newlib-source xz-utils bzip2"
run="qemu-system-x86"
iso="grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools"
test="libcriterion-dev libxen-dev python3 python3-pexpect clang libclang-rt-dev clang-format pkgconf cppcheck mandoc gdb g++ git ovmf e2fsprogs mmdebstrap fakeroot uidmap"
cross="clang lld gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"

list_only=no
if [ "${1:-}" = --list ]; then
    list_only=yes
    shift
fi

wanted=
for group in "$@"; do
    case $group in
    build) wanted="$wanted $build" ;;
    run) wanted="$wanted $run" ;;
    iso) wanted="$wanted $iso" ;;
    test) wanted="$wanted $test" ;;
    cross) wanted="$wanted $cross" ;;
    *) echo "setup: unknown group $group" >&2; exit 2 ;;
    esac
done

if ! command -v dpkg-query >/dev/null 2>&1; then
    # Not a Debian: what is missing shows when it is used.
    [ $list_only = yes ] || echo "setup: this is no Debian; docs/architecture.md lists what is needed" >&2
    exit 0
fi

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
    case $state in
    ii*) ;;
    *) missing="$missing $package" ;;
    esac
done

if [ $list_only = yes ]; then
    for package in $missing; do echo "$package"; done
    exit 0
fi
[ -n "$missing" ] || exit 0

line="apt-get install -y --no-install-recommends$missing"
if [ "${OFFLINE:-0}" = 1 ]; then
    echo "setup: missing:$missing" >&2
    echo "  OFFLINE=1 forbids to install; by hand: $line" >&2
    exit 5
fi
sudo=
if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then
        sudo="sudo -n"
    elif [ "${INSTALL:-0}" = 1 ]; then
        sudo="sudo"
    else
        echo "setup: missing:$missing" >&2
        echo "  install them with:  sudo $line" >&2
        echo "  or let this step do it:  make INSTALL=1 ..." >&2
        exit 5
    fi
fi
echo "setup: installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# An old package list names versions that are gone; a fresh one costs seconds.
$sudo apt-get update -qq >&2 || true
if ! $sudo env DEBIAN_FRONTEND=noninteractive $line -qq >&2; then
    echo "setup: the installation failed; by hand:  sudo $line" >&2
    exit 5
fi
