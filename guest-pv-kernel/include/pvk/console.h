/* SPDX-License-Identifier: MIT */
/*
 * The domain's console: a shared ring towards the back end (domU), console_io (dom0, or when there
 * is no ring). Descriptors 0, 1, 2 of the first process are /dev/console.
 * Invariant CO1: console_write works at any time, in a panic too.
 */
#ifndef PVK_CONSOLE_H
#define PVK_CONSOLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct file;

/* Line discipline of /dev/console input. */
#define CONSOLE_ECHO      0x1u /* show what is typed */
#define CONSOLE_CANONICAL 0x2u /* whole lines; backspace, ^U, ^D */
#define CONSOLE_NEWLINE   0x4u /* CR read as LF; LF written as CR LF */
#define CONSOLE_COOKED    (CONSOLE_ECHO | CONSOLE_CANONICAL | CONSOLE_NEWLINE)
#define CONSOLE_RAW       0u

/* ioctl requests on a console file; the argument points to an unsigned int of mode bits. */
#define CONSOLE_IOCTL_GET_MODE 0x4301ul
#define CONSOLE_IOCTL_SET_MODE 0x4302ul

/* Writes bytes as they are, past all buffers and threads. */
void console_write(const char *bytes, size_t count);
/* printf to console_write; needs little stack and no newlib state. Knows %s %c %d %u %x %lx %p. */
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

void console_vprintf(const char *format, va_list *arguments);

/* Waits until the back end has taken everything, at most a second. */
void console_flush(void);

void console_set_mode(unsigned int mode);
unsigned int console_get_mode(void);

/* A new reference to the console as a file. */
struct file *console_file(void);

#ifdef __cplusplus
}
#endif

#endif
