/* SPDX-License-Identifier: MIT */
/*
 * kernel_codec.h: a compressed stream as a sequence of bytes: XZ, LZ4's legacy frames, gzip.
 * The decoders are third-party (../codecs); a build without their sources has none of them.
 * Read next: kernel_payload.h.
 */
#ifndef LIBPV_KERNEL_CODEC_H
#define LIBPV_KERNEL_CODEC_H

#include <stddef.h>
#include <stdint.h>

/* Puts up to `bytes` further bytes into the buffer and returns how many; 0 at the end, negative on failure. */
typedef long kernel_codec_input(void *context, void *buffer, size_t bytes);

struct kernel_codec;

#define KERNEL_CODEC_MAGIC_BYTES 6u

/* The format's name by the stream's first KERNEL_CODEC_MAGIC_BYTES bytes; NULL when it is none that is known. */
const char *kernel_codec_format(const uint8_t *magic);

/* NULL: no memory, or no such decoder in this build. */
struct kernel_codec *kernel_codec_open(const char *format, kernel_codec_input *input,
                                       void *context);
/* From the first byte again, where the input must begin again; the memory (for XZ: 32 MiB) stays. */
int kernel_codec_rewind(struct kernel_codec *codec);
/* Fills the buffer; 0, or -1 when the stream is damaged or too short, or memory is out. */
int kernel_codec_read(struct kernel_codec *codec, void *buffer, size_t bytes);
void kernel_codec_close(struct kernel_codec *codec);

#endif
