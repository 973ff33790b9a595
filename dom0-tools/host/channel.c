/* SPDX-License-Identifier: MIT */
/*
 * Frames of the host channel: encode and decode. See channel.h for the contract and
 * channel_protocol.h for the layout.
 * Invariant: HC1. A string on the wire is u16 size (its NUL included), then the bytes, so that a
 * decoded string is used where it lies.
 */
#include <errno.h>
#include <string.h>
#include "channel.h"

/* A writer that remembers overflow, so that encoders check once, at the end. */
struct writer {
    uint8_t *out;
    size_t size;
    size_t used;
    int overflow;
};

struct parser {
    const uint8_t *bytes;
    size_t left;
    int bad;
};

static void put_bytes(struct writer *writer, const void *bytes, size_t count)
{
    if (writer->overflow || count > writer->size - writer->used) {
        writer->overflow = 1;
        return;
    }
    if (count != 0) {
        memcpy(writer->out + writer->used, bytes, count);
    }
    writer->used += count;
}

static void put_u16(struct writer *writer, uint16_t value)
{
    uint8_t bytes[2] = {(uint8_t)(value & 0xff), (uint8_t)(value >> 8)};

    put_bytes(writer, bytes, sizeof(bytes));
}

static void put_string(struct writer *writer, const char *string)
{
    size_t count = strlen(string) + 1;

    if (count > UINT16_MAX) {
        writer->overflow = 1;
        return;
    }
    put_u16(writer, (uint16_t)count);
    put_bytes(writer, string, count);
}

static size_t written(const struct writer *writer)
{
    return writer->overflow ? 0 : writer->used;
}

static uint16_t take_u16(struct parser *parser)
{
    uint16_t value;

    if (parser->bad || parser->left < 2) {
        parser->bad = 1;
        return 0;
    }
    value = (uint16_t)(parser->bytes[0] | parser->bytes[1] << 8);
    parser->bytes += 2;
    parser->left -= 2;
    return value;
}

static const char *take_string(struct parser *parser)
{
    uint16_t count = take_u16(parser);
    const char *string = (const char *)parser->bytes;

    if (parser->bad || count == 0 || count > parser->left ||
        memchr(string, '\0', count) != string + count - 1) {
        parser->bad = 1;
        return "";
    }
    parser->bytes += count;
    parser->left -= count;
    return string;
}

static int parsed(const struct parser *parser)
{
    return parser->bad || parser->left != 0 ? -EPROTO : 0;
}

size_t channel_encode_header(uint8_t out[CHANNEL_HEADER_SIZE], uint8_t type, uint8_t stream,
                             uint16_t session, uint32_t length)
{
    memset(out, 0, CHANNEL_HEADER_SIZE);
    channel_encode_u32(out, length);
    out[4] = CHANNEL_VERSION;
    out[5] = type;
    out[6] = stream;
    out[8] = (uint8_t)(session & 0xff);
    out[9] = (uint8_t)(session >> 8);
    return CHANNEL_HEADER_SIZE;
}

size_t channel_encode(uint8_t *out, size_t size, uint8_t type, uint8_t stream, uint16_t session,
                      const void *payload, uint32_t length)
{
    if (length > CHANNEL_PAYLOAD_MAX || size < CHANNEL_HEADER_SIZE ||
        length > size - CHANNEL_HEADER_SIZE) {
        return 0;
    }
    channel_encode_header(out, type, stream, session, length);
    if (length != 0) {
        memcpy(out + CHANNEL_HEADER_SIZE, payload, length);
    }
    return CHANNEL_HEADER_SIZE + length;
}

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

long channel_decode(const uint8_t *bytes, size_t length, struct channel_frame *frame)
{
    if (length < CHANNEL_HEADER_SIZE) {
        return 0;
    }
    frame->length = load_u32(bytes);
    frame->type = bytes[5];
    frame->stream = bytes[6];
    frame->session = (uint16_t)(bytes[8] | bytes[9] << 8);
    frame->payload = bytes + CHANNEL_HEADER_SIZE;
    if (frame->length > CHANNEL_PAYLOAD_MAX || bytes[7] != 0 || bytes[10] != 0 || bytes[11] != 0 ||
        frame->stream >= CHANNEL_NR_STREAMS) {
        return -EPROTO;
    }
    if (bytes[4] != CHANNEL_VERSION) {
        return -EPROTONOSUPPORT;
    }
    if (frame->length > length - CHANNEL_HEADER_SIZE) {
        return 0;
    }
    return (long)(CHANNEL_HEADER_SIZE + frame->length);
}

size_t channel_encode_hello(uint8_t *out, size_t size, uint32_t nonce, const char *build_id)
{
    struct writer writer = {.out = out, .size = size};
    uint8_t bytes[4];

    put_bytes(&writer, CHANNEL_MAGIC, 8);
    put_bytes(&writer, bytes, channel_encode_u32(bytes, nonce));
    put_string(&writer, build_id);
    return written(&writer);
}

int channel_decode_hello(const struct channel_frame *frame, uint32_t *nonce, const char **build_id)
{
    struct parser parser = {.bytes = frame->payload, .left = frame->length};

    if (parser.left < 12 || memcmp(parser.bytes, CHANNEL_MAGIC, 8) != 0) {
        return -EPROTO;
    }
    *nonce = load_u32(parser.bytes + 8);
    parser.bytes += 12;
    parser.left -= 12;
    *build_id = take_string(&parser);
    if (strlen(*build_id) > CHANNEL_BUILD_ID_MAX) {
        return -EPROTO;
    }
    return parsed(&parser);
}

size_t channel_encode_exec(uint8_t *out, size_t size, const struct channel_exec *exec)
{
    struct writer writer = {.out = out, .size = size};

    if (exec->nr_arguments > CHANNEL_ARGUMENTS_MAX ||
        exec->nr_environment > CHANNEL_ENVIRONMENT_MAX || exec->nr_files > CHANNEL_FILES_MAX) {
        return 0;
    }
    put_u16(&writer, exec->terminals);
    put_u16(&writer, exec->columns);
    put_u16(&writer, exec->rows);
    put_u16(&writer, exec->nr_arguments);
    put_u16(&writer, exec->nr_environment);
    put_u16(&writer, exec->nr_files);
    put_string(&writer, exec->directory);
    put_string(&writer, exec->share_directory);
    for (unsigned i = 0; i < exec->nr_arguments; i++) {
        put_string(&writer, exec->arguments[i]);
    }
    for (unsigned i = 0; i < exec->nr_environment; i++) {
        put_string(&writer, exec->environment[i]);
    }
    for (unsigned i = 0; i < exec->nr_files; i++) {
        put_u16(&writer, exec->files[i].flags);
        put_string(&writer, exec->files[i].name);
        put_string(&writer, exec->files[i].share_path);
    }
    return written(&writer);
}

int channel_decode_exec(const struct channel_frame *frame, struct channel_exec *exec)
{
    struct parser parser = {.bytes = frame->payload, .left = frame->length};

    memset(exec, 0, sizeof(*exec));
    exec->terminals = take_u16(&parser);
    exec->columns = take_u16(&parser);
    exec->rows = take_u16(&parser);
    exec->nr_arguments = take_u16(&parser);
    exec->nr_environment = take_u16(&parser);
    exec->nr_files = take_u16(&parser);
    if (exec->nr_arguments > CHANNEL_ARGUMENTS_MAX || exec->nr_arguments == 0 ||
        exec->nr_environment > CHANNEL_ENVIRONMENT_MAX || exec->nr_files > CHANNEL_FILES_MAX) {
        return -EPROTO;
    }
    exec->directory = take_string(&parser);
    exec->share_directory = take_string(&parser);
    for (unsigned i = 0; i < exec->nr_arguments; i++) {
        exec->arguments[i] = take_string(&parser);
    }
    for (unsigned i = 0; i < exec->nr_environment; i++) {
        exec->environment[i] = take_string(&parser);
    }
    for (unsigned i = 0; i < exec->nr_files; i++) {
        exec->files[i].flags = take_u16(&parser);
        exec->files[i].name = take_string(&parser);
        exec->files[i].share_path = take_string(&parser);
    }
    return parsed(&parser);
}

size_t channel_encode_u32(uint8_t out[4], uint32_t value)
{
    out[0] = (uint8_t)(value & 0xff);
    out[1] = (uint8_t)(value >> 8 & 0xff);
    out[2] = (uint8_t)(value >> 16 & 0xff);
    out[3] = (uint8_t)(value >> 24);
    return 4;
}

int channel_decode_u32(const struct channel_frame *frame, uint32_t *value)
{
    if (frame->length != 4) {
        return -EPROTO;
    }
    *value = load_u32(frame->payload);
    return 0;
}

size_t channel_encode_resize(uint8_t out[4], uint16_t columns, uint16_t rows)
{
    return channel_encode_u32(out, (uint32_t)columns | (uint32_t)rows << 16);
}

int channel_decode_resize(const struct channel_frame *frame, uint16_t *columns, uint16_t *rows)
{
    uint32_t both;

    if (channel_decode_u32(frame, &both) != 0) {
        return -EPROTO;
    }
    *columns = (uint16_t)(both & 0xffff);
    *rows = (uint16_t)(both >> 16);
    return 0;
}

void channel_reader_reset(struct channel_reader *reader)
{
    reader->begin = 0;
    reader->end = 0;
}

uint8_t *channel_reader_space(struct channel_reader *reader, size_t *space)
{
    if (reader->begin != 0) {
        memmove(reader->bytes, reader->bytes + reader->begin, reader->end - reader->begin);
        reader->end -= reader->begin;
        reader->begin = 0;
    }
    *space = sizeof(reader->bytes) - reader->end;
    return reader->bytes + reader->end;
}

void channel_reader_filled(struct channel_reader *reader, size_t count)
{
    reader->end += count;
}

int channel_reader_next(struct channel_reader *reader, struct channel_frame *frame)
{
    long size = channel_decode(reader->bytes + reader->begin, reader->end - reader->begin, frame);

    if (size <= 0) {
        return (int)size;
    }
    reader->begin += (size_t)size;
    return 1;
}
