/* SPDX-License-Identifier: MIT */
/*
 * The initrd as a file system at "/". Nothing is indexed: a look-up walks the archive,
 * which for the few dozen files of an initrd is faster than building a tree. What is written goes to
 * ram_file.c and is seen by name, but not in the list of its directory.
 * Owns: nothing; file data points into the archive.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pvk/file.h>
#include <pvk/initrd.h>
#include "cpio.h"
#include "file.h"
#include "ram_file.h"

struct archive {
    const void *bytes;
    size_t length;
};

static struct archive initrd;

/* An open directory: its path as stored, without slashes at either end. */
struct open_directory {
    char path[256];
};

static const char *stripped(const char *name)
{
    while (*name == '/' || (name[0] == '.' && (name[1] == '/' || name[1] == '\0'))) {
        name++;
    }
    return name;
}

/* 1 and the entry; 0 when there is none. Later entries of a name replace earlier ones. */
static int find(const char *path, struct cpio_entry *found)
{
    struct cpio_entry entry;
    size_t offset = 0;
    int result = 0;

    path = stripped(path);
    while (cpio_next(initrd.bytes, initrd.length, &offset, &entry) > 0) {
        if (strcmp(stripped(entry.name), path) == 0) {
            *found = entry;
            result = 1;
        }
    }
    return result;
}

/* A directory need not be in the archive: any prefix of a stored name is one. */
static bool is_directory(const char *path)
{
    struct cpio_entry entry;
    size_t offset = 0, length;

    path = stripped(path);
    length = strlen(path);
    while (cpio_next(initrd.bytes, initrd.length, &offset, &entry) > 0) {
        const char *name = stripped(entry.name);

        if (length == 0 ||
            (strncmp(name, path, length) == 0 &&
             (name[length] == '/' || (name[length] == '\0' && S_ISDIR(entry.mode))))) {
            return true;
        }
    }
    return length == 0;
}

static void fill_status(const struct cpio_entry *entry, struct stat *status)
{
    memset(status, 0, sizeof(*status));
    status->st_mode = entry->mode;
    status->st_size = (off_t)entry->length;
    status->st_mtime = (time_t)entry->modified;
    status->st_nlink = 1;
    status->st_blksize = 4096;
}

static ssize_t initrd_read(struct file *file, void *buffer, size_t count)
{
    const struct cpio_entry *entry = file->data;
    size_t position = (size_t)file->position;

    if (position >= entry->length) {
        return 0;
    }
    count = count < entry->length - position ? count : entry->length - position;
    memcpy(buffer, entry->data + position, count);
    file->position += (off_t)count;
    return (ssize_t)count;
}

static off_t initrd_lseek(struct file *file, off_t offset, int whence)
{
    const struct cpio_entry *entry = file->data;
    off_t base = whence == SEEK_CUR ? file->position : 0;

    if (whence == SEEK_END) {
        base = (off_t)entry->length;
    }
    if (base + offset < 0) {
        return -EINVAL;
    }
    file->position = base + offset;
    return file->position;
}

static int initrd_fstat(struct file *file, struct stat *status)
{
    fill_status(file->data, status);
    return 0;
}

static void initrd_close(struct file *file)
{
    free(file->data);
}

static const struct file_operations initrd_file_operations = {
    .read = initrd_read,
    .lseek = initrd_lseek,
    .stat = initrd_fstat,
    .close = initrd_close,
};

/* The component of `name` right below `directory`; 0: it is not below. */
static size_t child_of(const char *directory, const char *name, const char **child)
{
    size_t length = strlen(directory);

    if (length > 0) {
        if (strncmp(name, directory, length) != 0 || name[length] != '/') {
            return 0;
        }
        name += length + 1;
    }
    *child = name;
    return strcspn(name, "/");
}

/* Whether an entry before `end` has the same child: each name is listed once. */
static bool seen_before(const char *directory, const char *child, size_t count, size_t end)
{
    struct cpio_entry entry;
    size_t offset = 0;
    const char *other;

    while (cpio_next(initrd.bytes, initrd.length, &offset, &entry) > 0 && offset < end) {
        if (child_of(directory, stripped(entry.name), &other) == count &&
            memcmp(other, child, count) == 0) {
            return true;
        }
    }
    return false;
}

static int initrd_readdir(struct file *file, struct file_entry *result)
{
    const struct open_directory *directory = file->data;
    struct cpio_entry entry;
    size_t offset = 0;
    off_t index = 0;
    const char *child;

    while (cpio_next(initrd.bytes, initrd.length, &offset, &entry) > 0) {
        size_t count = child_of(directory->path, stripped(entry.name), &child);

        if (count == 0 || count >= sizeof(result->name) ||
            seen_before(directory->path, child, count, offset) || index++ < file->position) {
            continue;
        }
        memcpy(result->name, child, count);
        result->name[count] = '\0';
        result->type = child[count] == '/' || S_ISDIR(entry.mode) ? DT_DIR : DT_REG;
        result->inode = (uint64_t)index;
        file->position = index;
        return 1;
    }
    return 0;
}

static int directory_stat(struct file *file, struct stat *status)
{
    (void)file;
    memset(status, 0, sizeof(*status));
    status->st_mode = S_IFDIR | 0555;
    return 0;
}

static const struct file_operations initrd_directory_operations = {
    .readdir = initrd_readdir,
    .stat = directory_stat,
    .close = initrd_close,
};

static int open_directory(const char *path, struct file **file)
{
    struct open_directory *directory = calloc(1, sizeof(*directory));

    if (directory == NULL) {
        return -ENOMEM;
    }
    strncpy(directory->path, stripped(path), sizeof(directory->path) - 1);
    *file = file_create(&initrd_directory_operations, directory, O_RDONLY);
    if (*file == NULL) {
        free(directory);
        return -ENOMEM;
    }
    return 0;
}

/* A file of the archive, or a new one with O_CREAT, becomes one in memory. */
static int open_for_writing(const char *path, const struct cpio_entry *entry, int flags,
                            struct file **file)
{
    int error = ram_file_create(stripped(path), entry != NULL ? entry->data : NULL,
                                entry != NULL ? entry->length : 0);

    return error < 0 ? error : ram_file_open(stripped(path), flags, file);
}

static int initrd_open(void *file_system, const char *path, int flags, mode_t mode,
                       struct file **file)
{
    bool writing = (flags & O_ACCMODE) != O_RDONLY;
    struct cpio_entry entry;
    struct cpio_entry *copy;

    (void)file_system;
    (void)mode;
    if (ram_file_exists(stripped(path))) {
        return ram_file_open(stripped(path), flags, file);
    }
    if (find(path, &entry) == 0 || S_ISDIR(entry.mode)) {
        if (!is_directory(path)) {
            return (flags & O_CREAT) != 0 ? open_for_writing(path, NULL, flags, file) : -ENOENT;
        }
        return writing ? -EISDIR : open_directory(path, file);
    }
    if (writing) {
        return open_for_writing(path, &entry, flags, file);
    }
    copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        return -ENOMEM;
    }
    *copy = entry;
    *file = file_create(&initrd_file_operations, copy, flags);
    if (*file == NULL) {
        free(copy);
        return -ENOMEM;
    }
    return 0;
}

static int initrd_stat(void *file_system, const char *path, struct stat *status)
{
    struct cpio_entry entry;

    (void)file_system;
    if (ram_file_stat(stripped(path), status) == 0) {
        return 0;
    }
    if (find(path, &entry) != 0) {
        fill_status(&entry, status);
        return 0;
    }
    return is_directory(path) ? directory_stat(NULL, status) : -ENOENT;
}

int initrd_mount(const void *archive, size_t length)
{
    static const struct file_system_operations operations = {
        .open = initrd_open,
        .stat = initrd_stat,
    };
    struct cpio_entry entry;
    size_t offset = 0;
    int result;

    while ((result = cpio_next(archive, length, &offset, &entry)) > 0) {
    }
    if (result < 0) {
        return -EINVAL;
    }
    initrd = (struct archive){archive, length};
    return file_mount("/", &operations, NULL);
}

const void *initrd_find(const char *path, size_t *length)
{
    struct cpio_entry entry;

    if (find(path, &entry) == 0 || !S_ISREG(entry.mode)) {
        return NULL;
    }
    *length = entry.length;
    return entry.data;
}
