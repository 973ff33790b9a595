/* SPDX-License-Identifier: MIT */
/*
 * A split device's nodes in the store, for its driver. Owns: nothing. Read next: device.c
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <pvk/device.h>
#include <pvk/xenbus.h>

#define KEY_MAX   48
#define VALUE_MAX 256

static char *read_in(const char *directory, const char *key)
{
    char path[DEVICE_PATH + KEY_MAX];
    char *text;

    snprintf(path, sizeof(path), "%s/%s", directory, key);
    return xenbus_read(xenbus_default(), XENBUS_NO_TRANSACTION, path, &text, NULL) == 0 ? text
                                                                                        : NULL;
}

char *device_read(struct device *device, const char *key)
{
    return read_in(device->other, key);
}

char *device_read_own(struct device *device, const char *key)
{
    return read_in(device->path, key);
}

int device_read_number(struct device *device, const char *key, unsigned long most,
                       unsigned long *number)
{
    char *text = device_read(device, key), *end;
    int result = -ENOENT;

    if (text != NULL) {
        errno = 0;
        *number = strtoul(text, &end, 10);
        result = isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *number <= most
                     ? 0
                     : -EINVAL;
    }
    free(text);
    return result;
}

int device_write(struct device *device, const char *key, const char *format, ...)
{
    char path[DEVICE_PATH + KEY_MAX], value[VALUE_MAX];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(value)) {
        return -E2BIG;
    }
    snprintf(path, sizeof(path), "%s/%s", device->path, key);
    return xenbus_write(xenbus_default(), XENBUS_NO_TRANSACTION, path, value, (size_t)length);
}
