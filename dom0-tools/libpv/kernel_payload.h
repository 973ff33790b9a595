/* SPDX-License-Identifier: MIT */
/*
 * kernel_payload.h: the ELF file inside a compressed kernel: a bzImage's payload, or a file compressed whole.
 * A file that is neither passes as it is.
 * Invariant KP1: every read of the file lies inside the payload that its header names, and inside the file.
 * Read next: kernel_codec.h, kernel_image.h.
 */
#ifndef LIBPV_KERNEL_PAYLOAD_H
#define LIBPV_KERNEL_PAYLOAD_H

#include "dom0-tools/libpv/kernel_image.h"

struct kernel_payload;

/*
 * Replaces *source, a kernel's file, by one that reads its ELF image. Going forward costs decoding, going
 * back begins anew (the first 64 KiB are kept). 0, with *payload NULL when nothing was compressed; or -1 with
 * the error set: KERNEL_UNREADABLE, _MALFORMED, _UNSUPPORTED (a format without a decoder), TOOL_MEMORY.
 */
int kernel_payload_open(struct image_source *source, struct kernel_payload **payload,
                        struct error *error);
void kernel_payload_close(struct kernel_payload *payload);

#endif
