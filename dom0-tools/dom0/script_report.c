/* SPDX-License-Identifier: MIT */
/*
 * A script's run as JSON lines (see script_report.h). Under instruction counting the time-stamp counter
 * counts instructions, so equal ticks mean equal runs.
 */
#include "script_report.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <pvk/console.h>
#include <pvk/file.h>

#include "guest-pv-kernel/drivers/pci.h"
#include "guest-pv-kernel/drivers/port_io.h"

#define OUTPUT_MAX 65536u

static uint16_t report_port;
static char output[OUTPUT_MAX];
static size_t output_length;
static bool output_truncated;

static unsigned long long ticks(void)
{
    return __builtin_ia32_rdtsc();
}

static void put(char c)
{
    port_io_write8(report_port, (uint8_t)c);
}

__attribute__((format(printf, 1, 2))) static void put_format(const char *format, ...)
{
    char text[160];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (const char *c = text; *c != '\0'; c++) {
        put(*c);
    }
}

static void put_string(const char *bytes, size_t count)
{
    put('"');
    for (size_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c == '"' || c == '\\') {
            put('\\');
            put((char)c);
        } else if (c == '\n') {
            put('\\');
            put('n');
        } else if (c < 0x20 || c >= 0x7f) {
            put_format("\\u%04x", c);
        } else {
            put((char)c);
        }
    }
    put('"');
}

int script_report_begin(uint16_t port, const char *build, const char *seed)
{
    int result = port != 0 ? pci_init() : 0; /* port access */

    if (port == 0 || result < 0) {
        return result;
    }
    report_port = port;
    put_format("{\"schema\": 1, \"event\": \"begin\", \"build\": ");
    put_string(build, strlen(build));
    put_format(", \"seed\": %s, \"ticks\": %llu}\n", seed, ticks());
    return 0;
}

static ssize_t output_write(struct file *file, const void *buffer, size_t count)
{
    size_t room = sizeof(output) - output_length;
    size_t kept = count < room ? count : room;

    memcpy(output + output_length, buffer, kept);
    output_length += kept;
    output_truncated = output_truncated || kept < count;
    return file_write(file->data, buffer, count);
}

static void output_close(struct file *file)
{
    file_put(file->data);
}

struct file *script_report_output(void)
{
    static const struct file_operations operations = {
        .write = output_write,
        .close = output_close,
    };
    struct file *console = console_file();
    struct file *file = console != NULL ? file_create(&operations, console, O_WRONLY) : NULL;

    if (file == NULL && console != NULL) {
        file_put(console);
    }
    return file;
}

void script_report_command(unsigned int line, const char *text, int status)
{
    unsigned long long now = ticks();

    if (report_port != 0) {
        put_format("{\"event\": \"command\", \"line\": %u, \"command\": ", line);
        put_string(text, strlen(text));
        put_format(", \"status\": %d, \"ticks\": %llu, \"truncated\": %s, \"output\": ", status,
                   now, output_truncated ? "true" : "false");
        put_string(output, output_length);
        put_format("}\n");
    }
    output_length = 0;
    output_truncated = false;
}

void script_report_end(const char *why, unsigned int line, int status)
{
    if (report_port != 0) {
        put_format("{\"event\": \"end\", \"why\": \"%s\", \"line\": %u, \"status\": %d, \"ticks\": "
                   "%llu}\n",
                   why, line, status, ticks());
        report_port = 0;
    }
}
