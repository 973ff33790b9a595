/* SPDX-License-Identifier: MIT */
/*
 * 9P2000.L messages as bytes (see p9_wire.h).
 *
 * Owns: nothing; cursors belong to their callers.
 * Invariant: 9P1 (p9_wire.h).
 * Read next: p9_client.c.
 */
#include "p9_wire.h"

#include <string.h>

static void put_number(struct p9_writer *writer, uint64_t value, size_t width)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < width; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    p9_wire_put_bytes(writer, bytes, width);
}

void p9_wire_begin(struct p9_writer *writer, uint8_t *buffer, size_t capacity, uint8_t type,
                   uint16_t tag)
{
    *writer = (struct p9_writer){.buffer = buffer, .capacity = capacity};
    p9_wire_put32(writer, 0);
    p9_wire_put8(writer, type);
    p9_wire_put16(writer, tag);
}

bool p9_wire_finish(struct p9_writer *writer)
{
    if (writer->overflow) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        writer->buffer[i] = (uint8_t)(writer->length >> (8 * i));
    }
    return true;
}

void p9_wire_put8(struct p9_writer *writer, uint8_t value)
{
    put_number(writer, value, 1);
}

void p9_wire_put16(struct p9_writer *writer, uint16_t value)
{
    put_number(writer, value, 2);
}

void p9_wire_put32(struct p9_writer *writer, uint32_t value)
{
    put_number(writer, value, 4);
}

void p9_wire_put64(struct p9_writer *writer, uint64_t value)
{
    put_number(writer, value, 8);
}

void p9_wire_put_bytes(struct p9_writer *writer, const void *bytes, size_t count)
{
    if (writer->overflow || count > writer->capacity - writer->length) {
        writer->overflow = true;
        return;
    }
    memcpy(writer->buffer + writer->length, bytes, count);
    writer->length += count;
}

void p9_wire_put_string(struct p9_writer *writer, const char *text, size_t count)
{
    if (count > 0xffff) {
        writer->overflow = true;
        return;
    }
    p9_wire_put16(writer, (uint16_t)count);
    p9_wire_put_bytes(writer, text, count);
}

static uint64_t get_number(struct p9_reader *reader, size_t width)
{
    const uint8_t *bytes = p9_wire_get_bytes(reader, width);
    uint64_t value = 0;

    for (size_t i = 0; bytes != NULL && i < width; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

uint8_t p9_wire_get8(struct p9_reader *reader)
{
    return (uint8_t)get_number(reader, 1);
}

uint16_t p9_wire_get16(struct p9_reader *reader)
{
    return (uint16_t)get_number(reader, 2);
}

uint32_t p9_wire_get32(struct p9_reader *reader)
{
    return (uint32_t)get_number(reader, 4);
}

uint64_t p9_wire_get64(struct p9_reader *reader)
{
    return get_number(reader, 8);
}

struct p9_qid p9_wire_get_qid(struct p9_reader *reader)
{
    struct p9_qid qid;

    qid.type = p9_wire_get8(reader);
    qid.version = p9_wire_get32(reader);
    qid.path = p9_wire_get64(reader);
    return qid;
}

const uint8_t *p9_wire_get_bytes(struct p9_reader *reader, size_t count)
{
    if (reader->truncated || count > reader->length - reader->position) {
        reader->truncated = true;
        return NULL;
    }
    const uint8_t *bytes = reader->data + reader->position;
    reader->position += count;
    return bytes;
}

const char *p9_wire_get_string(struct p9_reader *reader, size_t *count)
{
    *count = p9_wire_get16(reader);
    return (const char *)p9_wire_get_bytes(reader, *count);
}
