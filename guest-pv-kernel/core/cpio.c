/* SPDX-License-Identifier: MIT */
/*
 * cpio "newc": a header of 110 characters, numbers as 8 hexadecimal digits; name and data each
 * padded to 4 bytes.
 */
#include "cpio.h"
#include <string.h>

#define HEADER_BYTES 110u
#define FIELD_DIGITS 8u
#define FIELD_MODE   1u
#define FIELD_MTIME  5u
#define FIELD_SIZE   6u
#define FIELD_NAME   11u

/* Field `index` after the 6 characters of magic; -1 when a digit is none. */
static int64_t field(const char *header, unsigned int index)
{
    const char *digits = header + 6 + index * FIELD_DIGITS;
    int64_t value = 0;

    for (unsigned int i = 0; i < FIELD_DIGITS; i++) {
        char c = digits[i];
        int digit;

        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - 'A' + 10;
        } else {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static size_t padded(size_t offset)
{
    return (offset + 3) & ~(size_t)3;
}

static int next(const void *archive, size_t length, size_t *offset, struct cpio_entry *entry)
{
    const char *header = (const char *)archive + *offset;
    size_t left = length - *offset;
    int64_t name_length, data_length, mode, modified;
    size_t data;

    if (*offset >= length || left < HEADER_BYTES) {
        return 0;
    }
    if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0) {
        return -1;
    }
    name_length = field(header, FIELD_NAME);
    data_length = field(header, FIELD_SIZE);
    mode = field(header, FIELD_MODE);
    modified = field(header, FIELD_MTIME);
    if (name_length <= 0 || data_length < 0 || mode < 0 || modified < 0 ||
        (uint64_t)name_length > left - HEADER_BYTES ||
        header[HEADER_BYTES + (size_t)name_length - 1] != '\0') {
        return -1;
    }
    data = padded(*offset + HEADER_BYTES + (size_t)name_length);
    if (data > length || (uint64_t)data_length > length - data) {
        return -1;
    }
    entry->name = header + HEADER_BYTES;
    entry->data = (const char *)archive + data;
    entry->length = (size_t)data_length;
    entry->mode = (uint32_t)mode;
    entry->modified = (uint32_t)modified;
    *offset = padded(data + (size_t)data_length);
    return 1;
}

int cpio_next(const void *archive, size_t length, size_t *offset, struct cpio_entry *entry)
{
    const char *bytes = archive;
    int result = next(archive, length, offset, entry);

    /* Archives may be joined: behind a trailer and its padding the next one begins. */
    while (result > 0 && strcmp(entry->name, "TRAILER!!!") == 0) {
        while (*offset < length && bytes[*offset] == '\0') {
            (*offset)++;
        }
        result = next(archive, length, offset, entry);
    }
    return result;
}
