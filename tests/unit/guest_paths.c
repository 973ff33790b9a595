/* SPDX-License-Identifier: MIT */
/*
 * Paths and mounts: which file system sees which name.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <pvk/console.h>
#include <pvk/process.h>
#include "guest-pv-kernel/core/file.h"
#include "guest-pv-kernel/core/process_threads.h"

static char directory[PROCESS_PATH_MAX] = "/home/user";
static char opened[2][PROCESS_PATH_MAX];
static int mounted[2] = {0, 1};

char *process_directory(struct process *process)
{
    (void)process;
    return directory;
}

struct process *process_current(void)
{
    return NULL;
}

struct file *console_file(void)
{
    return NULL;
}

struct file *file_null(void)
{
    return NULL;
}

static int open_one(void *file_system, const char *path, int flags, mode_t mode, struct file **file)
{
    (void)flags;
    (void)mode;
    (void)file;
    strcpy(opened[*(int *)file_system], path);
    return 0;
}

static const struct file_system_operations operations = {.open = open_one};

static const char *absolute(const char *path)
{
    static char result[PROCESS_PATH_MAX];

    cr_assert_eq(file_absolute_path(path, result), 0);
    return result;
}

Test(paths, dots_and_slashes_disappear)
{
    cr_assert_str_eq(absolute("/"), "/");
    cr_assert_str_eq(absolute("//a///b/"), "/a/b");
    cr_assert_str_eq(absolute("/a/./b/../c"), "/a/c");
    cr_assert_str_eq(absolute("/../.."), "/");
    cr_assert_str_eq(absolute("x"), "/home/user/x");
    cr_assert_str_eq(absolute("../x"), "/home/x");
    cr_assert_str_eq(absolute("../../.."), "/");
    cr_assert_str_eq(absolute("/..hidden/..."), "/..hidden/...");
}

Test(paths, one_that_is_too_long_is_refused)
{
    char path[2 * PROCESS_PATH_MAX], result[PROCESS_PATH_MAX];

    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    cr_assert_eq(file_absolute_path(path, result), -ENAMETOOLONG);
    path[PROCESS_PATH_MAX - 1] = '\0';
    cr_assert_eq(file_absolute_path(path, result), 0);
    cr_assert_eq(strlen(result), PROCESS_PATH_MAX - 1);
}

Test(paths, the_longest_mount_wins)
{
    struct file *file;

    cr_assert_eq(file_open("/x", 0, 0, &file), -ENOENT);
    cr_assert_eq(file_mount("/", &operations, &mounted[0]), 0);
    cr_assert_eq(file_mount("/share", &operations, &mounted[1]), 0);
    cr_assert_eq(file_mount("/share", &operations, &mounted[1]), -EBUSY);
    cr_assert_eq(file_mount("/", &operations, &mounted[1]), -EBUSY);
    cr_assert_eq(file_open("/share/a/b", 0, 0, &file), 0);
    cr_assert_str_eq(opened[1], "/a/b");
    cr_assert_eq(file_open("/share", 0, 0, &file), 0);
    cr_assert_str_eq(opened[1], "/");
    cr_assert_eq(file_open("/shared", 0, 0, &file), 0);
    cr_assert_str_eq(opened[0], "/shared");
    cr_assert_eq(file_open("/share/../etc", 0, 0, &file), 0);
    cr_assert_str_eq(opened[0], "/etc");
    cr_assert_str_eq(file_mount_below("/", 0), "share");
    cr_assert_null(file_mount_below("/", 1));
    cr_assert_null(file_mount_below("/share", 0));
}
