/* SPDX-License-Identifier: MIT */
/*
 * Files under newlib's descriptors: an open file is a struct file with operations; a process maps
 * small numbers to them; mounts map paths to file systems.
 * Owns: the mount table. Operations return a count or 0, or a negative errno; newlib's open, read,
 * write, close, lseek, fstat, stat, unlink, rename, mkdir, opendir, poll end up here.
 * Invariant FI1: a struct file is freed, through its close operation, when its last reference goes.
 * Read next: process.h
 */
#ifndef PVK_FILE_H
#define PVK_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <pvk/thread.h>

#ifdef __cplusplus
extern "C" {
#endif

struct file;

/* One entry of a directory. */
struct file_entry {
    uint64_t inode;
    unsigned char type; /* DT_REG, DT_DIR or DT_UNKNOWN of <dirent.h> */
    char name[256];
};

/* Every operation may be NULL: -EINVAL (read, write), -ESPIPE (lseek), -ENOTTY (ioctl), ... */
struct file_operations {
    /* Waits for at least one byte, unless FILE_NONBLOCK: -EAGAIN. 0 is the end.
     * -EINTR: the process was cancelled. */
    ssize_t (*read)(struct file *file, void *buffer, size_t count);
    ssize_t (*write)(struct file *file, const void *buffer, size_t count);
    off_t (*lseek)(struct file *file, off_t offset, int whence);
    /* Which of POLLIN, POLLOUT, POLLHUP, POLLERR hold now; file_notify() announces a change.
     * NULL: always readable and writable. */
    unsigned int (*poll)(struct file *file);
    int (*ioctl)(struct file *file, unsigned long request, void *argument);
    int (*stat)(struct file *file, struct stat *status);
    int (*truncate)(struct file *file, off_t length);
    int (*sync)(struct file *file);
    /* The bytes of this range need not be kept: they read as zeros, or as they were. NULL: -ENOTSUP. */
    int (*punch)(struct file *file, off_t offset, off_t length);
    /* 1: an entry; 0: the end. The file's `position` counts entries. */
    int (*readdir)(struct file *file, struct file_entry *entry);
    void (*close)(struct file *file);
};

struct file {
    const struct file_operations *operations;
    void *data; /* the implementation's */
    int flags;  /* O_* as opened, O_NONBLOCK */
    unsigned int references;
    off_t position;            /* for whoever wants it */
    struct wait_queue changed; /* see file_notify */
};

/* A new open file with one reference; NULL: out of memory. */
struct file *file_create(const struct file_operations *operations, void *data, int flags);
struct file *file_get(struct file *file);
void file_put(struct file *file);

/* The operations, with defaults for those that are NULL. */
ssize_t file_read(struct file *file, void *buffer, size_t count);
ssize_t file_write(struct file *file, const void *buffer, size_t count);
/* Until everything is written; count or the first error. */
ssize_t file_write_all(struct file *file, const void *buffer, size_t count);
/* Until everything is read; fewer only at the end. */
ssize_t file_read_all(struct file *file, void *buffer, size_t count);
unsigned int file_readiness(struct file *file);

/* For implementations: readiness changed, wakes readers, writers and pollers. Handlers may. */
void file_notify(struct file *file);
/* For implementations: waits for the next file_notify(). 0, or -EINTR: the process was cancelled,
 * or -ETIMEDOUT. */
int file_wait(struct file *file, uint64_t deadline_ns);

struct file_poll {
    struct file *file;
    unsigned int wanted; /* POLLIN, POLLOUT; POLLHUP and POLLERR are always reported */
    unsigned int found;
};
/* Waits until one is ready; the number that are, 0 at the deadline, -EINTR when cancelled. */
int file_poll(struct file_poll *polls, size_t count, uint64_t deadline_ns);

/* One-way: ends[0] reads what ends[1] writes. Reading after the last writer is gone gives 0,
 * writing after the last reader is gone -EPIPE. `capacity` 0: 4096 bytes. */
int file_pipe(struct file *ends[2], size_t capacity);
/* Two-way. */
int file_socketpair(struct file *ends[2], size_t capacity);
/* A file that reads as empty and swallows writes. */
struct file *file_null(void);

/* A file system: paths are relative to its mount and begin with '/'. Operations may be NULL:
 * -EROFS, or -ENOENT for open. */
struct file_system_operations {
    int (*open)(void *file_system, const char *path, int flags, mode_t mode, struct file **file);
    int (*stat)(void *file_system, const char *path, struct stat *status);
    int (*unlink)(void *file_system, const char *path);
    int (*rmdir)(void *file_system, const char *path);
    int (*mkdir)(void *file_system, const char *path, mode_t mode);
    int (*rename)(void *file_system, const char *from, const char *to);
};
/* The longest matching prefix decides. prefix: "/" or "/name", no slash at its end.
 * -EBUSY: taken. -ENOMEM. */
int file_mount(const char *prefix, const struct file_system_operations *operations,
               void *file_system);

/* By path, as seen from the current process's directory. */
int file_open(const char *path, int flags, mode_t mode, struct file **file);
int file_stat(const char *path, struct stat *status);

/* Descriptors of the current process. -EBADF, -EMFILE. */
struct file *file_of_descriptor(int descriptor); /* no new reference; NULL: no such */
int file_install(struct file *file);             /* takes over the reference; the lowest free */
int file_install_at(int descriptor, struct file *file);
int file_close_descriptor(int descriptor);
/* Gives a range back (see the operation). 0, -EBADF, -ENOTSUP, or what the file answers. */
int file_punch(int descriptor, off_t offset, off_t length);

#ifdef __cplusplus
}
#endif

#endif
