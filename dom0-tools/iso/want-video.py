#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""want-video.py IN OUT: a copy of a Multiboot image whose header asks the loader for a picture.

GRUB then leaves a framebuffer where the firmware has no text mode (UEFI). QEMU's own loader knows no such
flag and says so, hence only the ISO's copy has it.
"""
import struct, sys

MAGIC, WANT_VIDEO = 0x1BADB002, 4

data = bytearray(open(sys.argv[1], "rb").read())
at = next(i for i in range(0, 8192, 4) if struct.unpack_from("<I", data, i)[0] == MAGIC)
flags = struct.unpack_from("<I", data, at + 4)[0] | WANT_VIDEO
struct.pack_into("<II", data, at + 4, flags, -(MAGIC + flags) & 0xFFFFFFFF)
open(sys.argv[2], "wb").write(data)
