/* SPDX-License-Identifier: MIT */
/*
 * Giving parts of the user's files back to the host's file system (see punch.h).
 * Owns: nothing. Invariant HP1 (punch.h).
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* fallocate */
#endif
#include "punch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBED_BYTES 4096

static int punch_hole(int descriptor, uint64_t offset, uint64_t length)
{
#if defined(FALLOC_FL_PUNCH_HOLE)
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                     (off_t)length) == 0
               ? 0
               : errno;
#elif defined(F_PUNCHHOLE)
    struct fpunchhole hole = {.fp_offset = (off_t)offset, .fp_length = (off_t)length};

    return fcntl(descriptor, F_PUNCHHOLE, &hole) == 0 ? 0 : errno;
#else
    (void)descriptor;
    (void)offset;
    (void)length;
    return EOPNOTSUPP;
#endif
}

/* A file below the share, opened for writing; negative: it is none. */
static int open_below(const char *share, const char *path)
{
    char place[2 * SETTINGS_PATH_MAX];
    char *real;
    size_t length = strlen(share);
    int descriptor = -1;

    if (!settings_join(place, sizeof(place), share, path)) {
        return -1;
    }
    real = realpath(place, NULL);
    if (real != NULL && strncmp(real, share, length) == 0 &&
        (real[length] == '/' || strcmp(share, "/") == 0)) {
        descriptor = open(real, O_RDWR | O_CLOEXEC);
    }
    free(real);
    return descriptor;
}

enum punch_result punch(const char *share, const char *path, uint64_t offset, uint64_t length)
{
    int descriptor = open_below(share, path), error = EIO;
    struct stat status;

    if (descriptor < 0) {
        return PUNCH_FAILED;
    }
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
        uint64_t size = (uint64_t)status.st_size;

        /* Behind its end there is nothing to lose: whether it works at all. */
        error = length == 0 ? punch_hole(descriptor, size, PROBED_BYTES)
                : offset > size || length > size - offset ? EINVAL
                                                          : punch_hole(descriptor, offset, length);
    }
    close(descriptor);
    return error == 0                                                   ? PUNCH_DONE
           : error == EOPNOTSUPP || error == ENOTSUP || error == ENOSYS ? PUNCH_CANNOT
                                                                        : PUNCH_FAILED;
}
