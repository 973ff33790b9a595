#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds newlib once for a compiler and a set of flags, beside where it will live, and moves it there
# in one step: several trees share the cache.
#   build-newlib.sh <source .tar.xz> <destination> <compiler> <flags>
set -eu
source=$1 destination=$2 compiler=$3 flags=$4

work=$destination.tmp.$$
rm -rf "$work"
mkdir -p "$work/source" "$work/build"
trap 'rm -rf "$work"' EXIT
tar -xf "$source" -C "$work/source" --strip-components=1
cd "$work/build"
if ! {
    CC_FOR_TARGET=$compiler AR_FOR_TARGET=ar AS_FOR_TARGET=as LD_FOR_TARGET=ld NM_FOR_TARGET=nm \
        RANLIB_FOR_TARGET=ranlib OBJCOPY_FOR_TARGET=objcopy STRIP_FOR_TARGET=strip \
        CFLAGS_FOR_TARGET=$flags \
        ../source/configure --target=x86_64-elf --prefix="$work/installed" --disable-multilib \
        --disable-libgloss --disable-newlib-supplied-syscalls --disable-nls \
        --enable-newlib-io-long-long --enable-newlib-io-c99-formats &&
        make -j2 all-target-newlib &&
        make install-target-newlib
} > "$work/log" 2>&1; then
    tail -n 40 "$work/log" >&2
    echo "build-newlib: newlib does not build with: $compiler" >&2
    exit 1
fi
# Whoever finished first wins; the results are the same.
mv "$work/installed/x86_64-elf" "$destination" 2>/dev/null || test -f "$destination/lib/libc.a"
