/* SPDX-License-Identifier: MIT */
/*
 * error.h: an error as a value: what failed, on which object, why, what to do, and a stable code.
 * Owns: the list of codes (error.c); a code once published keeps its meaning.
 * Invariant ERR1: the first error set in a value stays; later ones are consequences of it.
 * Read next: error.c for the table that `pvctl explain` prints.
 */
#ifndef LIBPV_ERROR_H
#define LIBPV_ERROR_H

#include <stddef.h>
#include <stdio.h>

/* Exit statuses of pvctl: documented and stable. */
enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NO_DOMAIN = 3,
    EXIT_CONFIG = 4,
    EXIT_RESOURCES = 5,
    EXIT_REFUSED = 6,
    EXIT_TIMEOUT = 7,
    EXIT_GUEST_CRASHED = 8,
    EXIT_GUEST_FAILED = 9
};

enum error_code {
    ERROR_NONE = 0,
    ERROR_USAGE = 101,
    ERROR_UNKNOWN_COMMAND = 102,
    ERROR_AMBIGUOUS_COMMAND = 103,
    ERROR_NEEDS_MACHINE = 104,
    ERROR_INTERNAL = 105,
    ERROR_INTERRUPTED = 106,
    ERROR_NO_SUCH_DOMAIN = 201,
    ERROR_NAME_IN_USE = 202,
    ERROR_DOMAIN_STATE = 203,
    ERROR_NO_CONSOLE = 204,
    ERROR_NO_SUCH_DEVICE = 205,
    ERROR_CONFIG = 301,
    ERROR_CONFIG_UNREADABLE = 302,
    ERROR_NOT_SERVED = 303,
    ERROR_KERNEL_UNREADABLE = 401,
    ERROR_KERNEL_NOT_ELF = 402,
    ERROR_KERNEL_NO_NOTES = 403,
    ERROR_KERNEL_MALFORMED = 404,
    ERROR_KERNEL_UNSUPPORTED = 405,
    ERROR_RAMDISK_UNREADABLE = 406,
    ERROR_TOO_SMALL = 407,
    ERROR_DISK = 408,
    ERROR_NO_MEMORY = 501,
    ERROR_TOOL_MEMORY = 502,
    ERROR_TOO_MANY = 503,
    ERROR_HYPERCALL = 601,
    ERROR_PERMISSION = 602,
    ERROR_STORE = 603,
    ERROR_TIMEOUT = 701,
    ERROR_GUEST_CRASHED = 801,
    ERROR_GUEST_FAILED = 901
};

#define ERROR_TEXT_SIZE 256

struct error {
    enum error_code code;
    char what[ERROR_TEXT_SIZE]; /* what failed, on which object */
    char why[ERROR_TEXT_SIZE];  /* the cause, in its author's words; may be empty */
    char hint[ERROR_TEXT_SIZE]; /* what to do; empty: the table's */
};

/* One row of the table. */
struct error_kind {
    enum error_code code;
    enum exit_status status;
    const char *title;
    const char *hint;
    const char *explanation;
};

/* Set `what`; keeps an error that is already there (ERR1). Always returns -1, to be returned on. */
int error_set(struct error *error, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Add to the error just set; each returns -1. */
int error_why(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
int error_hint(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put the object's name before what was said of it: "'name': what". Returns -1. */
int error_about(struct error *error, const char *name);

/* A hypercall answered `result` (a negative Xen errno): choose the code, name the errno in words.
 */
int error_hypercall(struct error *error, long result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A Xen errno in words ("no such domain (ESRCH, -3)") into text. */
void error_describe_errno(long result, char *text, size_t size);

/* NULL for a code that does not exist. Index walks the table; NULL at its end. */
const struct error_kind *error_kind_find(enum error_code code);
const struct error_kind *error_kind_at(size_t index);

/* "pvctl: what: why [PV-E0601]" and a hint line on the stream; returns the exit status. */
enum exit_status error_print(const struct error *error, FILE *stream);

#endif
