/* SPDX-License-Identifier: MIT */
/*
 * A printf for reports: no heap, no newlib state, a small stack. It knows what console.h says.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <pvk/console.h>

struct output {
    char bytes[128];
    size_t length;
};

static void put(struct output *output, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (output->length == sizeof(output->bytes)) {
            console_write(output->bytes, output->length);
            output->length = 0;
        }
        output->bytes[output->length++] = bytes[i];
    }
}

static void put_number(struct output *output, uint64_t value, unsigned int base, bool negative)
{
    char digits[24];
    size_t i = sizeof(digits);

    do {
        digits[--i] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative) {
        digits[--i] = '-';
    }
    put(output, digits + i, sizeof(digits) - i);
}

static void put_signed(struct output *output, int64_t value)
{
    put_number(output, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, value < 0);
}

static void put_string(struct output *output, const char *text)
{
    text = text == NULL ? "(null)" : text;
    put(output, text, strlen(text));
}

/* One conversion, whose letters begin at *format; leaves *format at its last letter. */
static void convert(struct output *output, const char **format, va_list *arguments)
{
    bool wide = false;
    char character;

    while (**format == 'l' || **format == 'z') {
        wide = true;
        (*format)++;
    }
    switch (**format) {
    case 's':
        put_string(output, va_arg(*arguments, const char *));
        break;
    case 'c':
        character = (char)va_arg(*arguments, int);
        put(output, &character, 1);
        break;
    case 'd':
        put_signed(output, wide ? va_arg(*arguments, long) : va_arg(*arguments, int));
        break;
    case 'p':
        put(output, "0x", 2);
        put_number(output, (uintptr_t)va_arg(*arguments, void *), 16, false);
        break;
    case 'u':
    case 'x':
        put_number(output,
                   wide ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned int),
                   **format == 'x' ? 16 : 10, false);
        break;
    default:
        put(output, *format, 1);
        break;
    }
}

void console_vprintf(const char *format, va_list *arguments)
{
    struct output output = {.length = 0};

    for (; *format != '\0'; format++) {
        if (*format == '%' && format[1] != '\0') {
            format++;
            convert(&output, &format, arguments);
        } else {
            put(&output, format, 1);
        }
    }
    console_write(output.bytes, output.length);
}

void console_printf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    console_vprintf(format, &arguments);
    va_end(arguments);
}
