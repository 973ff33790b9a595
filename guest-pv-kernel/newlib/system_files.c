/* SPDX-License-Identifier: MIT */
/*
 * What newlib asks of a system: descriptors and paths.
 * Each function turns the file layer's negative errno into errno and -1.
 * Read next: ../core/file.c, system_misc.c
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <pvk/console.h>
#include <pvk/file.h>
#include <pvk/process.h>
#include <pvk/time.h>
#include "../core/file.h"
#include "../core/process_threads.h"

int fstat(int descriptor, struct stat *status);
int isatty(int descriptor);

/* The libc convention: -1 and errno for a negative result. */
static long answer(long result)
{
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

int open(const char *path, int flags, ...)
{
    struct file *file;
    va_list arguments;
    mode_t mode = 0;
    int result;

    if ((flags & O_CREAT) != 0) {
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    result = file_open(path, flags, mode, &file);
    if (result == 0) {
        result = file_install(file);
        if (result < 0) {
            file_put(file);
        }
    }
    return (int)answer(result);
}

int close(int descriptor)
{
    return (int)answer(file_close_descriptor(descriptor));
}

_READ_WRITE_RETURN_TYPE read(int descriptor, void *buffer, size_t count)
{
    struct file *file = file_of_descriptor(descriptor);

    return (_READ_WRITE_RETURN_TYPE)answer(file == NULL ? -EBADF : file_read(file, buffer, count));
}

_READ_WRITE_RETURN_TYPE write(int descriptor, const void *buffer, size_t count)
{
    struct file *file = file_of_descriptor(descriptor);

    return (_READ_WRITE_RETURN_TYPE)answer(file == NULL ? -EBADF : file_write(file, buffer, count));
}

off_t lseek(int descriptor, off_t offset, int whence)
{
    struct file *file = file_of_descriptor(descriptor);

    if (file == NULL) {
        return answer(-EBADF);
    }
    if (file->operations->lseek == NULL) {
        return answer(-ESPIPE);
    }
    return answer(file->operations->lseek(file, offset, whence));
}

int fstat(int descriptor, struct stat *status)
{
    struct file *file = file_of_descriptor(descriptor);

    if (file == NULL) {
        return (int)answer(-EBADF);
    }
    memset(status, 0, sizeof(*status));
    if (file->operations->stat == NULL) {
        status->st_mode = S_IFIFO | 0600;
        status->st_blksize = 1024;
        return 0;
    }
    return (int)answer(file->operations->stat(file, status));
}

int stat(const char *path, struct stat *status)
{
    return (int)answer(file_stat(path, status));
}

int access(const char *path, int mode)
{
    struct stat status;

    (void)mode;
    return stat(path, &status);
}

/* A descriptor is a terminal when it has the console's modes. */
int isatty(int descriptor)
{
    struct file *file = file_of_descriptor(descriptor);
    unsigned int mode;
    int result;

    if (file == NULL) {
        errno = EBADF;
        return 0;
    }
    result = file->operations->ioctl == NULL
                 ? -ENOTTY
                 : file->operations->ioctl(file, CONSOLE_IOCTL_GET_MODE, &mode);
    if (result != 0) {
        errno = ENOTTY;
    }
    return result == 0;
}

int ioctl(int descriptor, unsigned long request, ...);
int ioctl(int descriptor, unsigned long request, ...)
{
    struct file *file = file_of_descriptor(descriptor);
    va_list arguments;
    void *argument;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if (file == NULL) {
        return (int)answer(-EBADF);
    }
    if (file->operations->ioctl == NULL) {
        return (int)answer(-ENOTTY);
    }
    return (int)answer(file->operations->ioctl(file, request, argument));
}

int fcntl(int descriptor, int command, ...)
{
    struct file *file = file_of_descriptor(descriptor);
    va_list arguments;
    int argument;

    va_start(arguments, command);
    argument = va_arg(arguments, int);
    va_end(arguments);
    if (file == NULL) {
        return (int)answer(-EBADF);
    }
    switch (command) {
    case F_GETFL:
        return file->flags;
    case F_SETFL:
        file->flags = (file->flags & ~O_NONBLOCK) | (argument & O_NONBLOCK);
        return 0;
    case F_GETFD:
    case F_SETFD:
        return 0;
    case F_DUPFD:
        return dup(descriptor);
    default:
        return (int)answer(-EINVAL);
    }
}

int dup(int descriptor)
{
    struct file *file = file_of_descriptor(descriptor);

    return (int)answer(file == NULL ? -EBADF : file_install(file_get(file)));
}

int dup2(int descriptor, int wanted)
{
    struct file *file = file_of_descriptor(descriptor);

    if (file == NULL) {
        return (int)answer(-EBADF);
    }
    return (int)answer(descriptor == wanted ? wanted : file_install_at(wanted, file_get(file)));
}

int pipe(int descriptors[2])
{
    struct file *ends[2];
    int result = file_pipe(ends, 0);

    for (int i = 0; i < 2 && result == 0; i++) {
        descriptors[i] = file_install(ends[i]);
        if (descriptors[i] < 0) {
            result = descriptors[i];
            if (i == 1) {
                file_close_descriptor(descriptors[0]);
            }
            for (int j = i; j < 2; j++) {
                file_put(ends[j]);
            }
        }
    }
    return (int)answer(result);
}

int fsync(int descriptor)
{
    struct file *file = file_of_descriptor(descriptor);

    if (file == NULL) {
        return (int)answer(-EBADF);
    }
    return (int)answer(file->operations->sync == NULL ? 0 : file->operations->sync(file));
}

int ftruncate(int descriptor, off_t length)
{
    struct file *file = file_of_descriptor(descriptor);

    if (file == NULL || file->operations->truncate == NULL) {
        return (int)answer(file == NULL ? -EBADF : -EINVAL);
    }
    return (int)answer(file->operations->truncate(file, length));
}

int file_punch(int descriptor, off_t offset, off_t length)
{
    struct file *file = file_of_descriptor(descriptor);

    if (file == NULL || file->operations->punch == NULL) {
        return file == NULL ? -EBADF : -ENOTSUP;
    }
    return file->operations->punch(file, offset, length);
}

int truncate(const char *path, off_t length)
{
    struct file *file;
    int result = file_open(path, O_WRONLY, 0, &file);

    if (result == 0) {
        result =
            file->operations->truncate == NULL ? -EINVAL : file->operations->truncate(file, length);
        file_put(file);
    }
    return (int)answer(result);
}

int poll(struct pollfd *descriptors, nfds_t count, int timeout_ms)
{
    struct file_poll polls[PROCESS_MAX_FILES];
    uint64_t deadline = THREAD_FOREVER;
    size_t used = 0;
    int ready;

    for (nfds_t i = 0; i < count; i++) {
        struct file *file = file_of_descriptor(descriptors[i].fd);

        descriptors[i].revents = 0;
        if (descriptors[i].fd < 0) {
            continue;
        }
        if (file == NULL || used == PROCESS_MAX_FILES) {
            return (int)answer(file == NULL ? -EBADF : -EINVAL);
        }
        polls[used++] = (struct file_poll){file, (unsigned int)descriptors[i].events, 0};
    }
    if (timeout_ms >= 0) {
        deadline = timeout_ms == 0
                       ? 0
                       : time_monotonic_ns() + (unsigned int)timeout_ms * TIME_MILLISECOND_NS;
    }
    ready = file_poll(polls, used, deadline);
    used = 0;
    for (nfds_t i = 0; i < count && ready > 0; i++) {
        if (descriptors[i].fd >= 0) {
            descriptors[i].revents = (short)polls[used++].found;
        }
    }
    return (int)answer(ready);
}
