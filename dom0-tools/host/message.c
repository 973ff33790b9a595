/* SPDX-License-Identifier: MIT */
/*
 * Messages of the host's pvctl. See message.h.
 * Owns: the program's name.
 */
#include <stdarg.h>
#include <stdio.h>
#include "message.h"

static const char *program = "pvctl";

void message_set_program(const char *name)
{
    program = name;
}

const char *message_program(void)
{
    return program;
}

static void print_line(const char *before, const char *format, va_list arguments)
{
    fflush(stdout);
    fputs(before, stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void message_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "%s: ", program);
    print_line("", format, arguments);
    va_end(arguments);
}

void message_hint(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line("  ", format, arguments);
    va_end(arguments);
}

void message_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line("", format, arguments);
    va_end(arguments);
}
