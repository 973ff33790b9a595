/* SPDX-License-Identifier: MIT */
/*
 * The store's operations, each a request with its strings joined.
 * Read next: xenbus_client.c
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/xenbus.h>
#include "xenbus_client.h"
#include "wire.h"

void xenbus_client_token(char *text, unsigned long token)
{
    snprintf(text, 20, "%lx", token);
}

/* A request of one path and, behind its NUL, some bytes. */
static int path_request(struct xenbus *store, uint32_t type, uint32_t transaction, const char *path,
                        const void *bytes, size_t count, char **reply, size_t *length)
{
    struct wire_payload *payload = malloc(sizeof(*payload));
    int error = -ENOMEM;

    if (payload != NULL) {
        payload->length = 0;
        error = wire_append_string(payload, path) && wire_append(payload, bytes, count)
                    ? xenbus_request(store, type, transaction, payload->bytes, payload->length,
                                     reply, length)
                    : -E2BIG;
        free(payload);
    }
    return error;
}

int xenbus_read(struct xenbus *store, uint32_t transaction, const char *path, char **value,
                size_t *length)
{
    size_t unused;

    return path_request(store, XS_READ, transaction, path, "", 0, value,
                        length == NULL ? &unused : length);
}

int xenbus_write(struct xenbus *store, uint32_t transaction, const char *path, const void *value,
                 size_t length)
{
    return path_request(store, XS_WRITE, transaction, path, value, length, NULL, NULL);
}

int xenbus_printf(struct xenbus *store, uint32_t transaction, const char *path, const char *format,
                  ...)
{
    char value[256];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(value)) {
        return -E2BIG;
    }
    return xenbus_write(store, transaction, path, value, (size_t)length);
}

int xenbus_read_number(struct xenbus *store, uint32_t transaction, const char *path,
                       unsigned long *number)
{
    char *value, *end;
    int error = xenbus_read(store, transaction, path, &value, NULL);

    if (error != 0) {
        return error;
    }
    *number = strtoul(value, &end, 10);
    error = isdigit((unsigned char)value[0]) && *end == '\0' ? 0 : -EINVAL;
    free(value);
    return error;
}

int xenbus_directory(struct xenbus *store, uint32_t transaction, const char *path, char ***names,
                     size_t *count)
{
    char *reply;
    size_t length;
    int error = path_request(store, XS_DIRECTORY, transaction, path, "", 0, &reply, &length);

    if (error == 0) {
        *names = wire_split(reply, length, count);
        error = *names == NULL ? -ENOMEM : 0;
        free(reply);
    }
    return error;
}

int xenbus_mkdir(struct xenbus *store, uint32_t transaction, const char *path)
{
    return path_request(store, XS_MKDIR, transaction, path, "", 0, NULL, NULL);
}

int xenbus_remove(struct xenbus *store, uint32_t transaction, const char *path)
{
    return path_request(store, XS_RM, transaction, path, "", 0, NULL, NULL);
}

int xenbus_set_permissions(struct xenbus *store, uint32_t transaction, const char *path,
                           const char *const *permissions, size_t count)
{
    struct wire_payload *payload = malloc(sizeof(*payload));
    bool fits = payload != NULL;
    int error;

    if (payload == NULL) {
        return -ENOMEM;
    }
    payload->length = 0;
    fits = wire_append_string(payload, path);
    for (size_t i = 0; i < count && fits; i++) {
        fits = wire_append_string(payload, permissions[i]);
    }
    error = !fits ? -E2BIG
                  : xenbus_request(store, XS_SET_PERMS, transaction, payload->bytes,
                                   payload->length, NULL, NULL);
    free(payload);
    return error;
}

int xenbus_transaction_start(struct xenbus *store, uint32_t *transaction)
{
    char *reply;
    size_t length;
    int error = xenbus_request(store, XS_TRANSACTION_START, 0, "", 1, &reply, &length);

    if (error == 0) {
        *transaction = (uint32_t)strtoul(reply, NULL, 10);
        free(reply);
    }
    return error;
}

int xenbus_transaction_end(struct xenbus *store, uint32_t transaction, bool commit)
{
    return xenbus_request(store, XS_TRANSACTION_END, transaction, commit ? "T" : "F", 2, NULL,
                          NULL);
}
