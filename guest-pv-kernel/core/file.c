/* SPDX-License-Identifier: MIT */
/*
 * Open files: references, operations with their defaults, waiting, descriptors.
 * Owns: nothing but what its callers made. Invariant: FI1 (file.h). Read next: file_mount.c, file_pipe.c
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/file.h>
#include <pvk/process.h>
#include "process_threads.h"

/* Threads inside file_poll: they look at all their files again whenever any file changed. There are
 * few, so one queue for all is cheaper than a list per file. */
static struct wait_queue pollers;

struct file *file_create(const struct file_operations *operations, void *data, int flags)
{
    struct file *file = calloc(1, sizeof(*file));

    if (file != NULL) {
        file->operations = operations;
        file->data = data;
        file->flags = flags;
        file->references = 1;
    }
    return file;
}

struct file *file_get(struct file *file)
{
    file->references++;
    return file;
}

void file_put(struct file *file)
{
    if (file == NULL || --file->references > 0) {
        return;
    }
    if (file->operations->close != NULL) {
        file->operations->close(file);
    }
    free(file);
}

ssize_t file_read(struct file *file, void *buffer, size_t count)
{
    if (file->operations->read == NULL || (file->flags & O_ACCMODE) == O_WRONLY) {
        return -EBADF;
    }
    return file->operations->read(file, buffer, count);
}

ssize_t file_write(struct file *file, const void *buffer, size_t count)
{
    if (file->operations->write == NULL || (file->flags & O_ACCMODE) == O_RDONLY) {
        return -EBADF;
    }
    return file->operations->write(file, buffer, count);
}

ssize_t file_write_all(struct file *file, const void *buffer, size_t count)
{
    size_t done = 0;

    while (done < count) {
        ssize_t result = file_write(file, (const char *)buffer + done, count - done);

        if (result <= 0) {
            return result < 0 ? result : -EIO;
        }
        done += (size_t)result;
    }
    return (ssize_t)done;
}

ssize_t file_read_all(struct file *file, void *buffer, size_t count)
{
    size_t done = 0;

    while (done < count) {
        ssize_t result = file_read(file, (char *)buffer + done, count - done);

        if (result < 0) {
            return result;
        }
        if (result == 0) {
            break;
        }
        done += (size_t)result;
    }
    return (ssize_t)done;
}

unsigned int file_readiness(struct file *file)
{
    return file->operations->poll == NULL ? POLLIN | POLLOUT : file->operations->poll(file);
}

void file_notify(struct file *file)
{
    wait_queue_wake_all(&file->changed);
    wait_queue_wake_all(&pollers);
}

int file_wait(struct file *file, uint64_t deadline_ns)
{
    if (wait_queue_wait(&file->changed, deadline_ns)) {
        return 0;
    }
    return process_cancelled() ? -EINTR : -ETIMEDOUT;
}

int file_poll(struct file_poll *polls, size_t count, uint64_t deadline_ns)
{
    for (;;) {
        int ready = 0;

        for (size_t i = 0; i < count; i++) {
            polls[i].found = file_readiness(polls[i].file) & (polls[i].wanted | POLLHUP | POLLERR);
            ready += polls[i].found != 0;
        }
        if (ready > 0 || deadline_ns == 0) {
            return ready;
        }
        if (!wait_queue_wait(&pollers, deadline_ns)) {
            if (process_cancelled()) {
                return -EINTR;
            }
            deadline_ns = 0; /* one last look */
        }
    }
}

struct file *file_of_descriptor(int descriptor)
{
    if (descriptor < 0 || descriptor >= PROCESS_MAX_FILES) {
        return NULL;
    }
    return process_files(process_current())[descriptor];
}

int file_install(struct file *file)
{
    for (int i = 0; i < PROCESS_MAX_FILES; i++) {
        if (file_of_descriptor(i) == NULL) {
            process_files(process_current())[i] = file;
            return i;
        }
    }
    return -EMFILE;
}

int file_install_at(int descriptor, struct file *file)
{
    struct file **files = process_files(process_current());

    if (descriptor < 0 || descriptor >= PROCESS_MAX_FILES) {
        return -EBADF;
    }
    file_put(files[descriptor]);
    files[descriptor] = file;
    return descriptor;
}

int file_close_descriptor(int descriptor)
{
    struct file *file = file_of_descriptor(descriptor);

    if (file == NULL) {
        return -EBADF;
    }
    process_files(process_current())[descriptor] = NULL;
    file_put(file);
    return 0;
}

static ssize_t null_read(struct file *file, void *buffer, size_t count)
{
    (void)file;
    (void)buffer;
    (void)count;
    return 0;
}

static ssize_t null_write(struct file *file, const void *buffer, size_t count)
{
    (void)file;
    (void)buffer;
    return (ssize_t)count;
}

struct file *file_null(void)
{
    static const struct file_operations operations = {.read = null_read, .write = null_write};

    return file_create(&operations, NULL, O_RDWR);
}
