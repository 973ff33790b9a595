/* SPDX-License-Identifier: MIT */
/* Formatting, without floating point and without allocation. */
#include "print.h"

#include "../comm/console.h"
#include "string.h"

#define LINE_SIZE 256

struct output {
    char *buffer;
    size_t size;   /* of the buffer */
    size_t length; /* of the whole text so far */
};

struct conversion {
    unsigned int width;
    bool zero, left;
    int size; /* number of l's, 2 for z */
};

static void put(struct output *out, char byte)
{
    if (out->length + 1 < out->size) {
        out->buffer[out->length] = byte;
    }
    out->length++;
}

static void put_padded(struct output *out, const struct conversion *how, const char *text,
                       size_t length)
{
    size_t padding = how->width > length ? how->width - length : 0;

    for (size_t i = 0; !how->left && i < padding; i++) {
        put(out, how->zero ? '0' : ' ');
    }
    for (size_t i = 0; i < length; i++) {
        put(out, text[i]);
    }
    for (size_t i = 0; how->left && i < padding; i++) {
        put(out, ' ');
    }
}

static void put_number(struct output *out, const struct conversion *how, uint64_t value,
                       unsigned int base, bool negative)
{
    char digits[24];
    size_t place = sizeof(digits);

    do {
        digits[--place] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative && how->zero) {
        struct conversion rest = *how;
        put(out, '-');
        rest.width = how->width > 0 ? how->width - 1 : 0;
        put_padded(out, &rest, digits + place, sizeof(digits) - place);
        return;
    }
    if (negative) {
        digits[--place] = '-';
    }
    put_padded(out, how, digits + place, sizeof(digits) - place);
}

static const char *parse(const char *format, struct conversion *how)
{
    *how = (struct conversion){0};
    for (;; format++) {
        if (*format == '0') {
            how->zero = true;
        } else if (*format == '-') {
            how->left = true;
        } else {
            break;
        }
    }
    for (; *format >= '0' && *format <= '9'; format++) {
        how->width = how->width * 10 + (unsigned int)(*format - '0');
    }
    for (;; format++) {
        if (*format == 'l') {
            how->size++;
        } else if (*format == 'z') {
            how->size = 2;
        } else if (*format != 'h') {
            return format;
        }
    }
}

int print_to_buffer_v(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct output out = {buffer, size, 0};
    struct conversion how;

    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(&out, *format);
            continue;
        }
        format = parse(format + 1, &how);
        if (*format == 'd' || *format == 'i') {
            int64_t value = how.size > 0 ? va_arg(arguments, long) : va_arg(arguments, int);
            put_number(&out, &how, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0);
        } else if (*format == 'u' || *format == 'x') {
            uint64_t value =
                how.size > 0 ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned int);
            put_number(&out, &how, value, *format == 'u' ? 10 : 16, false);
        } else if (*format == 'p') {
            put_number(&out, &how, (uint64_t)va_arg(arguments, void *), 16, false);
        } else if (*format == 'c') {
            char byte = (char)va_arg(arguments, int);
            put_padded(&out, &how, &byte, 1);
        } else if (*format == 's') {
            const char *text = va_arg(arguments, const char *);
            text = text != NULL ? text : "(null)";
            put_padded(&out, &how, text, strlen(text));
        } else if (*format == '\0') {
            break;
        } else {
            put(&out, *format);
        }
    }
    if (size != 0) {
        buffer[out.length < size ? out.length : size - 1] = '\0';
    }
    return (int)out.length;
}

int print_to_buffer(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = print_to_buffer_v(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

void print(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    int length = print_to_buffer_v(line, sizeof(line), format, arguments);
    va_end(arguments);
    console_log(line, min_u64((size_t)length, sizeof(line) - 1));
}
