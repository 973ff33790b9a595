#!/bin/sh
# SPDX-License-Identifier: MIT
# make doctor: says what is there, what is missing, which QEMU and accelerator will be used. Changes
# nothing. Status 0 when the demo can run or the set-up step could make it so, 5 otherwise.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-build}
status=0

say() { printf '%-14s %s\n' "$1" "$2"; }

qemu=${XENLIKE_QEMU:-qemu-system-x86_64}
if command -v "$qemu" >/dev/null 2>&1; then
    say qemu "$(command -v "$qemu"), $("$qemu" --version | head -n 1)"
else
    say qemu "missing: $qemu"
fi

state=${XENLIKE_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/xenlike}
known=$(cat "$state/accelerator" 2>/dev/null || true)
if [ -n "${XENLIKE_ACCEL:-}" ] && [ "$XENLIKE_ACCEL" != auto ]; then
    say accelerator "$XENLIKE_ACCEL (XENLIKE_ACCEL)"
elif [ -n "$known" ]; then
    say accelerator "$known (found out by an earlier start)"
elif [ "$(uname -m)" = x86_64 ] && [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
    say accelerator "kvm will be tried for a moment, then tcg"
else
    say accelerator "tcg"
fi

for group in build run test; do
    missing=$("$top/tests/tools/setup.sh" --list "$group" | tr '\n' ' ')
    if [ -n "$missing" ]; then
        say "$group" "missing: $missing"
        needs_setup=yes
    else
        say "$group" "every package is there"
    fi
done

if [ "${needs_setup:-no}" = yes ]; then
    if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
        say setup "'make setup' installs what is missing"
    else
        say setup "'make setup' prints the line that installs what is missing"
    fi
    if ! command -v apt-get >/dev/null 2>&1; then
        status=5
    fi
fi

for image in xenlike/xenlike dom0-tools/dom0.elf dom0-tools/initrd.cpio guest/hello.elf bin/pvctl; do
    if [ -e "$top/$build/$image" ]; then
        say image "$build/$image"
    else
        say image "$build/$image: not built yet ('make')"
    fi
done
if [ -x "$top/$build/bin/pvctl" ]; then
    "$top/$build/bin/pvctl" status | sed -n '1s/ *: */ /p' | while read -r _ what; do say machine "$what"; done
fi
exit $status
