#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds libext2fs from the source of Debian's package e2fsprogs into one relocatable object, once for a
# compiler and a set of flags, in the cache:
#   build-library.sh DESTINATION COMPILER FLAGS HOST_COMPILER   ->   DESTINATION/libext2fs.o, DESTINATION/include
# Where the source cannot be had the object is empty and there are no headers: ext2_absent.c then takes
# the place of the file system.
set -eu
destination=$1 compiler=$2 flags=$3 host_compiler=$4
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=${XENLIKE_CACHE:-$HOME/.cache/xenlike}
cached=$cache/ext2fs-$({ $compiler --version | head -n 1; echo "$flags"; cat "$0" "$here"/port/*.h "$here"/port/*/*.h; } |
    cksum | cut -d' ' -f1)

take() {
    rm -rf "$destination/include"
    mkdir -p "$destination"
    cp -R "$1/." "$destination/"
    touch "$destination/libext2fs.o"
}

if [ -f "$cached/libext2fs.o" ]; then
    take "$cached"
    exit 0
fi
mkdir -p "$cache"
work=$(mktemp -d "$cache/ext2fs.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/out/include/ext2fs" "$work/out/include/et" "$work/objects" "$work/source"
if ! XENLIKE_CACHE=$cache "$top/tests/tools/fetch-source.sh" e2fsprogs; then
    echo "ext2: no source of e2fsprogs: guests' ext2 file systems are left out" >&2
    rm -rf "$work/out/include"
    : > "$work/empty.c"
    $compiler $flags -c -o "$work/out/libext2fs.o" "$work/empty.c"
    take "$work/out"
    exit 0
fi
tar -xf "$(ls "$cache"/e2fsprogs_*.orig.tar.?z | tail -n 1)" -C "$work/source" --strip-components=1
library=$work/source/lib/ext2fs
include=$work/out/include

# What its own build makes: the list of error codes, and a table for checksums.
cp "$library/ext2_err.et.in" "$work/ext2_err.et"
awk -f "$work/source/lib/et/et_h.awk" outfile="$include/ext2fs/ext2_err.h" outfn=ext2_err.h "$work/ext2_err.et"
$host_compiler -w -o "$work/table" "$library/gen_crc32ctable.c"
"$work/table" > "$work/crc32c_table.h"
cp "$library"/ext2fs.h "$library"/ext2_fs.h "$library"/ext3_extents.h "$library"/ext2_io.h \
    "$library"/ext2_ext_attr.h "$library"/bitops.h "$library"/hashmap.h "$include/ext2fs/"
cp "$here/port/ext2fs/ext2_types.h" "$include/ext2fs/"
cp "$work/source/lib/et/com_err.h" "$include/et/"

sources="alloc alloc_sb alloc_stats alloc_tables badblocks bitmaps bitops blkmap64_ba blkmap64_rb blknum block
    bmap check_desc closefs crc16 crc32c csum dblist dir_iterate dirblock dirhash expanddir ext_attr extent fallocate
    fileio freefs gen_bitmap gen_bitmap64 get_num_dirs hashmap i_block ind_block initialize inline inline_data
    inode io_manager link lookup mkdir mkjournal mmp namei native newdir nls_utf8 openfs orphan punch rbtree
    read_bb res_gdt rw_bitmaps sha512 swapfs symlink unlink valid_blk"
for source in $sources; do
    # Its code is compiled as it is: without our warnings.
    $compiler -I"$here/port" -I"$work" -I"$include/ext2fs" -I"$include" -I"$library" -I"$work/source/lib" $flags -g0 -DHAVE_CONFIG_H -w -c \
        -o "$work/objects/$source.o" "$library/$source.c" 2>> "$work/log" ||
        { tail -n 20 "$work/log" >&2; echo "ext2: $source.c does not build with: $compiler" >&2; exit 1; }
done
ld -r -o "$work/out/libext2fs.o" "$work"/objects/*.o
take "$work/out"
# Whoever finished first wins; the results are the same.
mv "$work/out" "$cached" 2>/dev/null || test -f "$cached/libext2fs.o"
