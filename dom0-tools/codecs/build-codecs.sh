#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the decoders of kernels' payloads (liblzma's for XZ, liblz4's, zlib's) from their upstream sources
# into one relocatable object, once for a compiler and a set of flags, in the cache:
#   build-codecs.sh DESTINATION COMPILER FLAGS   ->   DESTINATION/codecs.o, DESTINATION/include
# Where the sources cannot be had the object is empty and there are no headers: ../libpv/kernel_codec.c
# then says which format it lacks.
set -eu
destination=$1 compiler=$2 flags=$3
cache=${XENLIKE_CACHE:-$HOME/.cache/xenlike}
here=$(cd "$(dirname "$0")" && pwd)
cached=$cache/codecs-$({ $compiler --version | head -n 1; echo "$flags"; cat "$0"; } | cksum | cut -d' ' -f1)

take() {
    mkdir -p "$destination"
    cp -R "$1/." "$destination/"
    touch "$destination/codecs.o"
}

if [ -f "$cached/codecs.o" ]; then
    take "$cached"
    exit 0
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/codecs.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/out/include" "$work/objects"
if ! "$here/fetch-source.sh" xz-utils lz4 zlib; then
    echo "codecs: no sources of xz-utils, lz4 and zlib: compressed kernels will be refused" >&2
    : > "$work/empty.c"
    $compiler $flags -c -o "$work/out/codecs.o" "$work/empty.c"
    take "$work/out"
    exit 0
fi
for package in xz-utils lz4 zlib; do
    mkdir "$work/$package"
    set -- "$cache/$package"_*.orig.tar.*
    tar -xf "$1" -C "$work/$package" --strip-components=1
done

lzma=$work/xz-utils/src/liblzma
cp -R "$lzma/api/." "$work/out/include/"
cp "$work/lz4/lib/lz4.h" "$work/zlib/zlib.h" "$work/zlib/zconf.h" "$work/out/include/"

lzma_flags="-DHAVE_STDBOOL_H -DHAVE_STDINT_H -DHAVE_INTTYPES_H -DHAVE_STRING_H -DHAVE_LIMITS_H
    -DHAVE_DECODERS -DHAVE_DECODER_LZMA2 -DHAVE_DECODER_X86 -DHAVE_CHECK_CRC32 -DHAVE_CHECK_CRC64
    -DSIZEOF_SIZE_T=8 -DTUKLIB_SYMBOL_PREFIX= -DPACKAGE_NAME=\"XZ\" -DPACKAGE_BUGREPORT=\"\"
    -DPACKAGE_URL=\"\" -I$work/xz-utils/src/common -I$lzma/api -I$lzma/common -I$lzma/check -I$lzma/lz
    -I$lzma/rangecoder -I$lzma/lzma -I$lzma/delta -I$lzma/simple"
lzma_sources="common/common common/block_decoder common/block_header_decoder common/block_util
    common/filter_common common/filter_decoder common/filter_flags_decoder common/index_hash
    common/stream_decoder common/stream_flags_common common/stream_flags_decoder common/vli_decoder
    common/vli_size check/check check/crc32_fast check/crc32_table check/crc64_fast check/crc64_table
    lz/lz_decoder lzma/lzma_decoder lzma/lzma2_decoder simple/simple_coder simple/simple_decoder simple/x86"
zlib_sources="inflate inftrees inffast adler32 crc32 zutil"

compile() { # object source flags
    $compiler $flags $3 -w -c -o "$work/objects/$1.o" "$2" 2>> "$work/log" ||
        { tail -n 20 "$work/log" >&2; echo "codecs: $2 does not build with: $compiler" >&2; exit 1; }
}
for source in $lzma_sources; do
    compile "lzma-$(basename "$source")" "$lzma/$source.c" "$lzma_flags"
done
for source in $zlib_sources; do
    compile "zlib-$source" "$work/zlib/$source.c" "-I$work/zlib -DNO_GZIP_FILES -DZ_SOLO"
done
compile lz4 "$work/lz4/lib/lz4.c" "-DLZ4_HEAPMODE=1"
ld -r -o "$work/out/codecs.o" "$work"/objects/*.o
take "$work/out"
# Whoever finished first wins; the results are the same.
mv "$work/out" "$cached" 2>/dev/null || test -f "$cached/codecs.o"
