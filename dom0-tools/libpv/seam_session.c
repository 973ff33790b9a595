/* SPDX-License-Identifier: MIT */
/*
 * seam_session.c: the session of an image that has none: plain paths, no terminal.
 * Read next: seam_session.h.
 */
#include "dom0-tools/libpv/seam_session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include <public/errno.h>

__attribute__((weak)) void dom0_session_terminal_raw(int on)
{
    (void)on;
}

__attribute__((weak)) int dom0_session_is_terminal(int descriptor)
{
    (void)descriptor;
    return 0;
}

__attribute__((weak)) int dom0_session_open_file(const char *path)
{
    int descriptor = open(path, O_RDONLY);

    return descriptor >= 0 ? descriptor : -errno;
}

__attribute__((weak)) int dom0_session_file_path(const char *path, char *text, size_t size)
{
    int length = snprintf(text, size, "%s", path);

    return length < 0 || (size_t)length >= size ? -XEN_ENAMETOOLONG : 0;
}
