/* SPDX-License-Identifier: MIT */
/*
 * A tree of files with known contents: written, checked, changed, checked again; and a disk filled to
 * its last block. Everything goes through newlib's names.
 * Read next: main.c
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NR_SMALL  40u
#define NR_DEEP   12u
#define LARGE     (1500u * 1024) /* more than the blocks that an inode names itself */
#define APPENDED  5000u
#define SHORTENED 3000u

static int nr_wrong;

static void wrong(const char *what, const char *path)
{
    printf("files: %s: %s (%s)\n", path, what, strerror(errno));
    nr_wrong++;
}

static unsigned char byte_of(unsigned int seed, size_t at)
{
    return (unsigned char)((at * 2654435761u + seed * 40503u) >> 13);
}

int files_fill(int file, unsigned int seed, size_t length)
{
    unsigned char bytes[4096];

    for (size_t done = 0; done < length;) {
        size_t count = length - done < sizeof(bytes) ? length - done : sizeof(bytes);

        for (size_t i = 0; i < count; i++) {
            bytes[i] = byte_of(seed, done + i);
        }
        ssize_t written = write(file, bytes, count);
        if (written <= 0) {
            return -1;
        }
        done += (size_t)written;
    }
    return 0;
}

static void make_file(const char *path, unsigned int seed, size_t length, int flags)
{
    int file = open(path, O_WRONLY | flags, 0644);

    if (file < 0 || files_fill(file, seed, length) != 0) {
        wrong("not written", path);
    }
    if (file >= 0 && close(file) != 0) {
        wrong("not closed", path);
    }
}

/* From `from` on it has `length` bytes of `seed`, and ends there. */
static void check_part(const char *path, off_t from, unsigned int seed, size_t length)
{
    unsigned char bytes[4096];
    int file = open(path, O_RDONLY);
    struct stat status;
    size_t done = 0;
    ssize_t count = 1;

    if (file < 0 || fstat(file, &status) != 0 || lseek(file, from, SEEK_SET) != from) {
        wrong("cannot be read", path);
        return;
    }
    if (status.st_size != from + (off_t)length) {
        wrong("has another size", path);
    }
    while (count > 0 && done < length) {
        count = read(file, bytes, sizeof(bytes));
        for (ssize_t i = 0; i < count; i++) {
            if (bytes[i] != byte_of(seed, done + (size_t)i)) {
                wrong("has another content", path);
                done = length;
                break;
            }
        }
        done += count > 0 ? (size_t)count : 0;
    }
    close(file);
}

static void check_file(const char *path, unsigned int seed, size_t length)
{
    check_part(path, 0, seed, length);
}

static void expect(bool condition, const char *what, const char *path)
{
    if (!condition) {
        wrong(what, path);
    }
}

static int finish(const char *what)
{
    printf("files: %s: %s\n", what, nr_wrong == 0 ? "as expected" : "WRONG");
    return nr_wrong == 0 ? 0 : 1;
}

/* ---- the tree ----------------------------------------------------------------------------------- */

static void small_name(char path[FILES_PATH_MAX], const char *directory, unsigned int index)
{
    snprintf(path, FILES_PATH_MAX, FILES_ROOT "/%s/a file with a long name, number %u", directory,
             index);
}

static void deep_name(char path[FILES_PATH_MAX], unsigned int depth)
{
    size_t length = (size_t)snprintf(path, FILES_PATH_MAX, FILES_ROOT);

    for (unsigned int i = 0; i < depth; i++) {
        length += (size_t)snprintf(path + length, FILES_PATH_MAX - length, "/deep%u", i);
    }
}

int files_write(void)
{
    char path[FILES_PATH_MAX];

    expect(mkdir(FILES_ROOT "/small", 0755) == 0, "mkdir", "small");
    expect(mkdir(FILES_ROOT "/small", 0755) < 0 && errno == EEXIST, "a second mkdir", "small");
    for (unsigned int i = 0; i < NR_SMALL; i++) {
        small_name(path, "small", i);
        make_file(path, i, i * 97, O_CREAT | O_EXCL);
    }
    for (unsigned int depth = 1; depth <= NR_DEEP; depth++) {
        deep_name(path, depth);
        expect(mkdir(path, 0755) == 0, "mkdir", path);
    }
    strcat(path, "/at the bottom");
    make_file(path, 77, 1000, O_CREAT);
    make_file(FILES_ROOT "/large", 99, LARGE, O_CREAT);
    make_file(FILES_ROOT "/hello.txt", 0, 0, O_CREAT);
    FILE *text = fopen(FILES_ROOT "/hello.txt", "w");
    expect(text != NULL && fprintf(text, "hello from a guest\n") > 0 && fclose(text) == 0, "stdio",
           "hello.txt");
    return finish("the tree is written");
}

static unsigned int count_entries(const char *path)
{
    DIR *directory = opendir(path);
    unsigned int count = 0;

    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count;
}

int files_check(void)
{
    char path[FILES_PATH_MAX];

    for (unsigned int i = 0; i < NR_SMALL; i++) {
        small_name(path, "small", i);
        check_file(path, i, i * 97);
    }
    expect(count_entries(FILES_ROOT "/small") == NR_SMALL, "entries", "small");
    deep_name(path, NR_DEEP);
    strcat(path, "/at the bottom");
    check_file(path, 77, 1000);
    check_file(FILES_ROOT "/large", 99, LARGE);
    return finish("the tree");
}

/* ---- changes ------------------------------------------------------------------------------------ */

/* What must be refused, and leave everything as it is. */
static void refusals(void)
{
    expect(rmdir(FILES_ROOT "/small") < 0 && errno == ENOTEMPTY, "rmdir of what is not empty",
           "small");
    expect(unlink(FILES_ROOT "/small") < 0 && errno == EISDIR, "unlink of a directory", "small");
    expect(rmdir(FILES_ROOT "/large") < 0 && errno == ENOTDIR, "rmdir of a file", "large");
    expect(rename(FILES_ROOT "/deep0", FILES_ROOT "/deep0/deep1/in itself") < 0 && errno == EINVAL,
           "a directory into itself", "deep0");
    expect(rename(FILES_ROOT "/none", FILES_ROOT "/other") < 0 && errno == ENOENT, "rename",
           "none");
    expect(open(FILES_ROOT "/large/x", O_RDONLY) < 0 && errno == ENOTDIR, "a file as a directory",
           "large/x");
    expect(open(FILES_ROOT "/small", O_WRONLY) < 0 && errno == EISDIR, "open a directory to write",
           "small");
    expect(open(FILES_ROOT "/large", O_CREAT | O_EXCL | O_WRONLY, 0644) < 0 && errno == EEXIST,
           "O_EXCL", "large");
}

/* A file whose name goes while it is open is still there for those who have it. */
static void unlink_while_open(void)
{
    const char *path = FILES_ROOT "/passing";
    unsigned char byte = 0;
    int file = open(path, O_RDWR | O_CREAT, 0644);

    expect(file >= 0 && files_fill(file, 5, 20000) == 0, "write", path);
    expect(unlink(path) == 0, "unlink while open", path);
    expect(open(path, O_RDONLY) < 0 && errno == ENOENT, "its name is gone", path);
    expect(lseek(file, 12345, SEEK_SET) == 12345 && read(file, &byte, 1) == 1 &&
               byte == byte_of(5, 12345),
           "it reads on", path);
    expect(close(file) == 0, "close", path);
}

int files_change(void)
{
    char from[FILES_PATH_MAX], to[FILES_PATH_MAX];

    refusals();
    unlink_while_open();
    expect(mkdir(FILES_ROOT "/moved", 0755) == 0, "mkdir", "moved");
    for (unsigned int i = 0; i < NR_SMALL; i += 2) {
        small_name(from, "small", i);
        small_name(to, "moved", i);
        expect(rename(from, to) == 0, "rename", from);
    }
    for (unsigned int i = 1; i < NR_SMALL; i += 4) {
        small_name(from, "small", i);
        expect(unlink(from) == 0, "unlink", from);
    }
    small_name(from, "small", 3);
    small_name(to, "small", 7);
    expect(rename(from, to) == 0, "rename onto a file", to);
    make_file(FILES_ROOT "/large", 1, APPENDED, O_APPEND);
    expect(truncate(FILES_ROOT "/hello.txt", 5) == 0, "truncate", "hello.txt");
    small_name(to, "moved", 38);
    make_file(to, 38, SHORTENED, O_TRUNC);
    expect(rename(FILES_ROOT "/deep0/deep1", FILES_ROOT "/moved/deep1") == 0,
           "a directory to another parent", "deep1");
    expect(rmdir(FILES_ROOT "/deep0") == 0, "rmdir", "deep0");
    return finish("the tree is changed");
}

int files_recheck(void)
{
    char path[FILES_PATH_MAX];
    struct stat status;

    for (unsigned int i = 0; i < NR_SMALL; i += 2) {
        small_name(path, "moved", i);
        check_file(path, i, i == 38 ? SHORTENED : i * 97);
    }
    small_name(path, "small", 7);
    check_file(path, 3, 3 * 97);
    small_name(path, "small", 11);
    check_file(path, 11, 11 * 97);
    expect(count_entries(FILES_ROOT "/small") == NR_SMALL / 2 - NR_SMALL / 4 - 1, "entries",
           "small");
    check_part(FILES_ROOT "/large", LARGE, 1, APPENDED);
    expect(stat(FILES_ROOT "/hello.txt", &status) == 0 && status.st_size == 5, "size", "hello.txt");
    expect(stat(FILES_ROOT "/deep0", &status) < 0 && errno == ENOENT, "is gone", "deep0");
    expect(stat(FILES_ROOT "/moved/deep1/../deep1/deep2", &status) == 0, "moved with what it holds",
           "deep2");
    return finish("the changed tree");
}

int files_fill_disk(void)
{
    const char *path = FILES_ROOT "/everything";
    int file = open(path, O_WRONLY | O_CREAT, 0644);
    struct stat status;

    expect(file >= 0, "open", path);
    expect(files_fill(file, 4, (size_t)1 << 40) < 0 && errno == ENOSPC, "ends with ENOSPC", path);
    expect(fstat(file, &status) == 0 && status.st_size > 0, "something fitted", path);
    expect(close(file) == 0 && unlink(path) == 0, "is removed", path);
    return finish("a full disk");
}
