/* SPDX-License-Identifier: MIT */
/*
 * kernel_codec.c: one small table over three decoders.
 * Owns: nothing; each stream has its own state and a buffer for its input.
 * Invariant KC1: no decoder is given memory beyond MEMORY_MAX_BYTES, whatever a stream's header asks for.
 * Read next: kernel_payload.c.
 */
#include "dom0-tools/libpv/kernel_codec.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/seam.h"

#if __has_include(<lzma.h>)
#define HAVE_CODECS
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#endif

#define INPUT_BYTES      (64u << 10)
#define MEMORY_MAX_BYTES (160u << 20)
#define LARGE_BYTES      (1u << 20)
#define LZ4_BLOCK_BYTES  (8 << 20) /* what a block of the legacy frame holds, decoded */
#define LZ4_MAGIC        0x184c2102u

static const struct {
    const char *name;
    uint8_t magic[KERNEL_CODEC_MAGIC_BYTES];
    size_t magic_bytes;
} formats[] = {
    {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6},
    {"lz4", {0x02, 0x21, 0x4c, 0x18}, 4},
    {"gzip", {0x1f, 0x8b}, 2},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4},
    {"bzip2", {'B', 'Z', 'h'}, 3},
};

const char *kernel_codec_format(const uint8_t *magic)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (memcmp(magic, formats[i].magic, formats[i].magic_bytes) == 0) {
            return formats[i].name;
        }
    }
    return NULL;
}

#ifndef HAVE_CODECS

struct kernel_codec *kernel_codec_open(const char *format, kernel_codec_input *input, void *context)
{
    (void)format, (void)input, (void)context;
    return NULL;
}

int kernel_codec_rewind(struct kernel_codec *codec)
{
    (void)codec;
    return -1;
}

int kernel_codec_read(struct kernel_codec *codec, void *buffer, size_t bytes)
{
    (void)codec, (void)buffer, (void)bytes;
    return -1;
}

void kernel_codec_close(struct kernel_codec *codec)
{
    (void)codec;
}

#else

struct decoder {
    const char *name;
    /* Also for a stream that was read before; memory is kept then. */
    bool (*begin)(struct kernel_codec *codec);
    int (*read)(struct kernel_codec *codec, uint8_t *buffer, size_t bytes);
    void (*end)(struct kernel_codec *codec);
};

struct kernel_codec {
    const struct decoder *decoder;
    kernel_codec_input *input;
    void *context;
    lzma_stream lzma;
    lzma_allocator lzma_memory;
    void *dictionary; /* XZ's, tens of MiB */
    z_stream zlib;
    uint8_t *block, *packed; /* lz4: a block, decoded, and as it was read */
    size_t block_bytes, block_at;
    uint8_t bytes[INPUT_BYTES];
};

/* Refills the input buffer; how much is in it, 0 at the end and on failure. */
static size_t refill(struct kernel_codec *codec)
{
    long count = codec->input(codec->context, codec->bytes, sizeof(codec->bytes));

    return count > 0 ? (size_t)count : 0;
}

static void *xz_alloc(void *context, size_t count, size_t size)
{
    struct kernel_codec *codec = context;

    if (count * size < LARGE_BYTES || codec->dictionary != NULL) {
        return malloc(count * size);
    }
    codec->dictionary = seam_memory_take(count * size);
    return codec->dictionary;
}

static void xz_free(void *context, void *memory)
{
    struct kernel_codec *codec = context;

    if (memory != codec->dictionary) {
        free(memory);
        return;
    }
    seam_memory_give(memory);
    codec->dictionary = NULL;
}

static bool xz_begin(struct kernel_codec *codec)
{
    codec->lzma_memory = (lzma_allocator){xz_alloc, xz_free, codec};
    codec->lzma.allocator = &codec->lzma_memory;
    codec->lzma.avail_in = 0; /* the rest is zero, or the decoder's since it was first used */
    return lzma_stream_decoder(&codec->lzma, MEMORY_MAX_BYTES, 0) == LZMA_OK;
}

static int xz_read(struct kernel_codec *codec, uint8_t *buffer, size_t bytes)
{
    lzma_stream *stream = &codec->lzma;

    stream->next_out = buffer;
    stream->avail_out = bytes;
    while (stream->avail_out > 0) {
        if (stream->avail_in == 0) {
            stream->next_in = codec->bytes;
            stream->avail_in = refill(codec);
        }
        if (lzma_code(stream, LZMA_RUN) != LZMA_OK) {
            return stream->avail_out == 0 ? 0 : -1;
        }
    }
    return 0;
}

static void xz_end(struct kernel_codec *codec)
{
    lzma_end(&codec->lzma);
}

/* The library is built without its own use of malloc (Z_SOLO). */
static void *zlib_alloc(void *context, unsigned int count, unsigned int size)
{
    (void)context;
    return calloc(count, size);
}

static void zlib_free(void *context, void *memory)
{
    (void)context;
    free(memory);
}

static bool gzip_begin(struct kernel_codec *codec)
{
    enum { WINDOW_BITS = 15, GZIP_HEADER = 16 };

    codec->zlib.avail_in = 0;
    if (codec->zlib.state != NULL) {
        return inflateReset(&codec->zlib) == Z_OK;
    }
    codec->zlib.zalloc = zlib_alloc;
    codec->zlib.zfree = zlib_free;
    return inflateInit2(&codec->zlib, WINDOW_BITS + GZIP_HEADER) == Z_OK;
}

static int gzip_read(struct kernel_codec *codec, uint8_t *buffer, size_t bytes)
{
    z_stream *stream = &codec->zlib;

    stream->next_out = buffer;
    stream->avail_out = (uInt)bytes;
    while (stream->avail_out > 0) {
        if (stream->avail_in == 0) {
            stream->next_in = codec->bytes;
            stream->avail_in = (uInt)refill(codec);
        }
        if (inflate(stream, Z_NO_FLUSH) != Z_OK) {
            return stream->avail_out == 0 ? 0 : -1;
        }
    }
    return 0;
}

static void gzip_end(struct kernel_codec *codec)
{
    inflateEnd(&codec->zlib);
}

static bool input_exactly(struct kernel_codec *codec, void *buffer, size_t bytes)
{
    for (uint8_t *at = buffer; bytes > 0;) {
        long count = codec->input(codec->context, at, bytes);

        if (count <= 0) {
            return false;
        }
        at += count;
        bytes -= (size_t)count;
    }
    return true;
}

static bool lz4_begin(struct kernel_codec *codec)
{
    uint32_t magic;

    if (codec->block == NULL) {
        codec->block = seam_memory_take(LZ4_BLOCK_BYTES);
        codec->packed = seam_memory_take((size_t)LZ4_COMPRESSBOUND(LZ4_BLOCK_BYTES));
    }
    codec->block_bytes = codec->block_at = 0;
    return codec->block != NULL && codec->packed != NULL &&
           input_exactly(codec, &magic, sizeof(magic)) && magic == LZ4_MAGIC;
}

/* The legacy frame is blocks of {size, bytes}; each is decoded by itself. */
static int lz4_next_block(struct kernel_codec *codec)
{
    uint32_t size;
    int count;

    if (!input_exactly(codec, &size, sizeof(size)) ||
        size > (uint32_t)LZ4_COMPRESSBOUND(LZ4_BLOCK_BYTES) ||
        !input_exactly(codec, codec->packed, size)) {
        return -1;
    }
    count = LZ4_decompress_safe((const char *)codec->packed, (char *)codec->block, (int)size,
                                LZ4_BLOCK_BYTES);
    if (count <= 0) {
        return -1;
    }
    codec->block_bytes = (size_t)count;
    codec->block_at = 0;
    return 0;
}

static int lz4_read(struct kernel_codec *codec, uint8_t *buffer, size_t bytes)
{
    while (bytes > 0) {
        size_t part = codec->block_bytes - codec->block_at;

        if (part == 0) {
            if (lz4_next_block(codec) < 0) {
                return -1;
            }
            continue;
        }
        part = part < bytes ? part : bytes;
        memcpy(buffer, codec->block + codec->block_at, part);
        codec->block_at += part;
        buffer += part;
        bytes -= part;
    }
    return 0;
}

static void lz4_end(struct kernel_codec *codec)
{
    seam_memory_give(codec->block);
    seam_memory_give(codec->packed);
}

static const struct decoder decoders[] = {
    {"xz", xz_begin, xz_read, xz_end},
    {"lz4", lz4_begin, lz4_read, lz4_end},
    {"gzip", gzip_begin, gzip_read, gzip_end},
};

struct kernel_codec *kernel_codec_open(const char *format, kernel_codec_input *input, void *context)
{
    struct kernel_codec *codec = calloc(1, sizeof(*codec));

    for (size_t i = 0; codec != NULL && i < sizeof(decoders) / sizeof(decoders[0]); i++) {
        if (strcmp(decoders[i].name, format) == 0) {
            codec->decoder = &decoders[i];
            codec->input = input;
            codec->context = context;
            if (codec->decoder->begin(codec)) {
                return codec;
            }
            codec->decoder->end(codec);
            break;
        }
    }
    free(codec);
    return NULL;
}

int kernel_codec_rewind(struct kernel_codec *codec)
{
    return codec->decoder->begin(codec) ? 0 : -1;
}

int kernel_codec_read(struct kernel_codec *codec, void *buffer, size_t bytes)
{
    return codec->decoder->read(codec, buffer, bytes);
}

void kernel_codec_close(struct kernel_codec *codec)
{
    if (codec != NULL) {
        codec->decoder->end(codec);
        free(codec);
    }
}

#endif
