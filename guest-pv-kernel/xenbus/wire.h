/* SPDX-License-Identifier: MIT */
/*
 * The store's protocol as pure functions: joining and splitting strings, naming errors, moving
 * bytes through a ring. Nothing from the other end is trusted.
 */
#ifndef XENBUS_WIRE_H
#define XENBUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <public/io/xs_wire.h>

/* The negative errno for an XS_ERROR's text; -EINVAL for an unknown name. */
int wire_error(const char *name, size_t length);

/* Appends bytes to a payload of at most XENSTORE_PAYLOAD_MAX; false: no room, nothing changed. */
struct wire_payload {
    char bytes[XENSTORE_PAYLOAD_MAX];
    size_t length;
};
bool wire_append(struct wire_payload *payload, const void *bytes, size_t count);
/* With the NUL. */
bool wire_append_string(struct wire_payload *payload, const char *text);

/* The number of strings in a payload; the last may lack its NUL. */
size_t wire_count_strings(const char *payload, size_t length);

/* A payload of strings as one malloc'ed block: pointers ended by NULL, then the text. NULL: out of
 * memory. */
char **wire_split(const char *payload, size_t length, size_t *count);

/* Copies what fits into, or out of, one direction of a ring. `produced` and `consumed` are the two
 * indices as read; returns the bytes moved, or -1: they claim more than a ring holds. */
long wire_ring_put(char *ring, uint32_t produced, uint32_t consumed, const char *bytes,
                   size_t count);
long wire_ring_get(const char *ring, uint32_t produced, uint32_t consumed, char *bytes,
                   size_t count);

#endif
