/* SPDX-License-Identifier: MIT */
/*
 * terminal_session.c: the copying behind `pvctl console`.
 * Owns: nothing.
 * Read next: terminal_session.h.
 */
#include "dom0-tools/pvctl/terminal_session.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/seam.h"

enum { STDIN = 0, STDOUT = 1 };

static int write_all(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(descriptor, bytes, size);

        if (done <= 0) {
            return -1;
        }
        bytes += done;
        size -= (size_t)done;
    }
    return 0;
}

/* Keys to the guest, up to the escape. 1: go on; 0: the input ended; -1: the user left. */
static int copy_keys(int stream, char escape, bool terminal)
{
    char bytes[256];
    ssize_t count = read(STDIN, bytes, sizeof(bytes));
    const char *found;

    if (count <= 0) {
        return 0;
    }
    found = terminal ? memchr(bytes, escape, (size_t)count) : NULL;
    if (found != NULL) {
        count = found - bytes;
    }
    if (count > 0 && write_all(stream, bytes, (size_t)count) < 0) {
        return 0;
    }
    return found != NULL ? -1 : 1;
}

static enum terminal_end copy_until_end(int stream, char escape, bool terminal)
{
    bool input_open = true;

    for (;;) {
        struct seam_wait waits[2] = {{stream, SEAM_READ, 0}, {STDIN, SEAM_READ, 0}};

        if (seam_wait_any(waits, input_open ? 2 : 1, -1) < 0) {
            return TERMINAL_CANCELLED;
        }
        if (waits[0].ready != 0) {
            char bytes[1024];
            ssize_t count = read(stream, bytes, sizeof(bytes));

            if (count <= 0) {
                return TERMINAL_ENDED;
            }
            if (write_all(STDOUT, bytes, (size_t)count) < 0) {
                return TERMINAL_CANCELLED;
            }
        }
        if (input_open && waits[1].ready != 0) {
            int result = copy_keys(stream, escape, terminal);

            if (result < 0) {
                return TERMINAL_LEFT;
            }
            input_open = result > 0;
        }
    }
}

enum terminal_end terminal_session_run(int stream, char escape)
{
    bool terminal = seam_terminal_present(STDIN) != 0;
    enum terminal_end end;

    if (terminal) {
        seam_terminal_raw(1);
    }
    end = copy_until_end(stream, escape, terminal);
    if (terminal) {
        seam_terminal_raw(0);
    }
    return end;
}
