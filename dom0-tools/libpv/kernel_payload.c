/* SPDX-License-Identifier: MIT */
/*
 * kernel_payload.c: finds the payload of a bzImage (Linux' x86 boot protocol, 2.08 and later) and reads
 * it as a file.
 * Owns: the decoder of one payload. Invariant KP1 (kernel_payload.h).
 * Read next: kernel_codec.c.
 */
#include "dom0-tools/libpv/kernel_payload.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/kernel_codec.h"

#define HEAD_BYTES   (64u << 10)
#define SECTOR_BYTES 512u

/* The setup header, from byte 0x1f1 of the file; only what is used here has a name. */
struct setup_header {
    uint8_t setup_sects;
    uint8_t unused1[0x202 - 0x1f2];
    char magic[4]; /* "HdrS" */
    uint16_t version;
    uint8_t unused2[0x248 - 0x208];
    uint32_t payload_offset, payload_length; /* from the protected-mode code's first byte */
} __attribute__((packed));

#define SETUP_HEADER_AT 0x1f1u
_Static_assert(sizeof(struct setup_header) == 0x250 - SETUP_HEADER_AT,
               "the boot protocol's offsets");

struct kernel_payload {
    struct image_source file;
    uint64_t start, bytes; /* of the payload in the file */
    const char *format;
    struct kernel_codec *codec; /* NULL before the first read */
    uint64_t taken;             /* of the payload, by the decoder */
    uint64_t position;          /* of the decoder, in the ELF file */
    uint64_t head_valid;
    uint8_t head[HEAD_BYTES];
    uint8_t skipped[HEAD_BYTES];
};

static long take(void *context, void *buffer, size_t bytes)
{
    struct kernel_payload *payload = context;
    uint64_t left = payload->bytes - payload->taken;

    bytes = bytes < left ? bytes : (size_t)left;
    if (bytes > 0 && payload->file.read(payload->file.context, payload->start + payload->taken,
                                        buffer, bytes) < 0) {
        return -1;
    }
    payload->taken += bytes;
    return (long)bytes;
}

/* The next bytes in order; the file's head is remembered as it passes. */
static int decode(struct kernel_payload *payload, void *buffer, size_t bytes)
{
    if (kernel_codec_read(payload->codec, buffer, bytes) < 0) {
        return -1;
    }
    if (payload->position == payload->head_valid && payload->position < HEAD_BYTES) {
        size_t room = (size_t)(HEAD_BYTES - payload->position);
        size_t part = bytes < room ? bytes : room;

        memcpy(payload->head + payload->position, buffer, part);
        payload->head_valid += part;
    }
    payload->position += bytes;
    return 0;
}

static int begin(struct kernel_payload *payload)
{
    payload->taken = 0;
    payload->position = 0;
    if (payload->codec != NULL) {
        return kernel_codec_rewind(payload->codec);
    }
    payload->codec = kernel_codec_open(payload->format, take, payload);
    return payload->codec != NULL ? 0 : -1;
}

static int payload_read(void *context, uint64_t offset, void *buffer, size_t bytes)
{
    struct kernel_payload *payload = context;

    if (offset + bytes <= payload->head_valid) {
        memcpy(buffer, payload->head + offset, bytes);
        return 0;
    }
    if ((payload->codec == NULL || offset < payload->position) && begin(payload) < 0) {
        return -1;
    }
    while (payload->position < offset) {
        uint64_t left = offset - payload->position;

        if (decode(payload, payload->skipped,
                   left < sizeof(payload->skipped) ? (size_t)left : sizeof(payload->skipped)) < 0) {
            return -1;
        }
    }
    return decode(payload, buffer, bytes);
}

/* Where the compressed bytes are; false when the file is plain. */
static bool locate(const struct image_source *file, uint64_t *start, uint64_t *bytes,
                   struct error *error)
{
    struct setup_header header;
    uint8_t magic[KERNEL_CODEC_MAGIC_BYTES];
    const char *format;

    *start = 0;
    *bytes = file->size;
    if (file->size < sizeof(magic)) {
        return false;
    }
    if (file->read(file->context, 0, magic, sizeof(magic)) < 0) {
        error_set(error, ERROR_KERNEL_UNREADABLE, "the kernel image cannot be read");
        return false;
    }
    format = kernel_codec_format(magic);
    if (format != NULL && strcmp(format, "gzip") == 0) {
        return true; /* its last bytes tell its size, as those of a bzImage's payload do */
    }
    if (file->size < SETUP_HEADER_AT + sizeof(header) ||
        file->read(file->context, SETUP_HEADER_AT, &header, sizeof(header)) < 0) {
        return false;
    }
    if (memcmp(header.magic, "HdrS", sizeof(header.magic)) != 0 || header.version < 0x208) {
        return false;
    }
    *start = ((uint64_t)(header.setup_sects != 0 ? header.setup_sects : 4) + 1) * SECTOR_BYTES +
             header.payload_offset;
    *bytes = header.payload_length;
    if (*bytes < KERNEL_CODEC_MAGIC_BYTES + sizeof(uint32_t) || *start > file->size ||
        *bytes > file->size - *start) {
        error_set(error, ERROR_KERNEL_MALFORMED, "the kernel image is malformed");
        error_why(error, "it is a bzImage whose payload lies outside the file");
        return false;
    }
    return true;
}

int kernel_payload_open(struct image_source *source, struct kernel_payload **result,
                        struct error *error)
{
    struct kernel_payload *payload;
    uint8_t magic[KERNEL_CODEC_MAGIC_BYTES];
    uint64_t start, bytes;
    uint32_t size;

    *result = NULL;
    error->code = ERROR_NONE;
    if (!locate(source, &start, &bytes, error)) {
        return error->code == ERROR_NONE ? 0 : -1;
    }
    /* Linux' build puts the ELF file's size behind every payload; gzip has it there by itself. */
    if (source->read(source->context, start, magic, sizeof(magic)) < 0 ||
        source->read(source->context, start + bytes - sizeof(size), &size, sizeof(size)) < 0) {
        return error_set(error, ERROR_KERNEL_UNREADABLE, "the kernel image cannot be read");
    }
    payload = calloc(1, sizeof(*payload));
    if (payload == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "no memory to unpack the kernel");
    }
    *payload = (struct kernel_payload){.file = *source, .start = start, .bytes = bytes};
    payload->format = kernel_codec_format(magic);
    if (payload->format == NULL || begin(payload) < 0) {
        const char *format = payload->format != NULL ? payload->format : "an unknown method";

        error_set(error, ERROR_KERNEL_UNSUPPORTED, "the kernel image cannot be unpacked");
        error_why(error, "it is compressed with %s; here there is no decoder, or no memory for it",
                  format);
        free(payload);
        return -1;
    }
    source->read = payload_read;
    source->context = payload;
    source->size = size;
    *result = payload;
    return 0;
}

void kernel_payload_close(struct kernel_payload *payload)
{
    if (payload != NULL) {
        kernel_codec_close(payload->codec);
        free(payload);
    }
}
