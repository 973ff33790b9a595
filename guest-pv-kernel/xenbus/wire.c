/* SPDX-License-Identifier: MIT */
/*
 * The store's protocol as pure functions; see wire.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "wire.h"

int wire_error(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
        size_t known = strlen(xsd_errors[i].errstring);

        if (length >= known && memcmp(name, xsd_errors[i].errstring, known) == 0 &&
            (length == known || name[known] == '\0')) {
            return -xsd_errors[i].errnum;
        }
    }
    return -EINVAL;
}

bool wire_append(struct wire_payload *payload, const void *bytes, size_t count)
{
    if (count > sizeof(payload->bytes) - payload->length) {
        return false;
    }
    memcpy(payload->bytes + payload->length, bytes, count);
    payload->length += count;
    return true;
}

bool wire_append_string(struct wire_payload *payload, const char *text)
{
    return wire_append(payload, text, strlen(text) + 1);
}

size_t wire_count_strings(const char *payload, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        count += payload[i] == '\0' || i == length - 1;
    }
    return count;
}

char **wire_split(const char *payload, size_t length, size_t *count)
{
    size_t strings = wire_count_strings(payload, length);
    char **list = malloc((strings + 1) * sizeof(*list) + length + 1);
    char *text;

    if (list == NULL) {
        return NULL;
    }
    text = (char *)(list + strings + 1);
    memcpy(text, payload, length);
    text[length] = '\0';
    for (size_t i = 0; i < strings; i++) {
        list[i] = text;
        text += strlen(text) + 1;
    }
    list[strings] = NULL;
    *count = strings;
    return list;
}

long wire_ring_put(char *ring, uint32_t produced, uint32_t consumed, const char *bytes,
                   size_t count)
{
    uint32_t used = produced - consumed;
    size_t room;

    if (used > XENSTORE_RING_SIZE) {
        return -1;
    }
    room = XENSTORE_RING_SIZE - used;
    count = count < room ? count : room;
    for (size_t i = 0; i < count; i++) {
        ring[MASK_XENSTORE_IDX(produced + i)] = bytes[i];
    }
    return (long)count;
}

long wire_ring_get(const char *ring, uint32_t produced, uint32_t consumed, char *bytes,
                   size_t count)
{
    uint32_t available = produced - consumed;

    if (available > XENSTORE_RING_SIZE) {
        return -1;
    }
    count = count < available ? count : available;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = ring[MASK_XENSTORE_IDX(consumed + i)];
    }
    return (long)count;
}
