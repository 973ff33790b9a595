/* SPDX-License-Identifier: MIT */
/*
 * Files on a disk, in a file system of the ext2 family. The words of the command line, in order:
 *   format    a new, empty file system on the whole disk
 *   write     a tree of directories and files with known contents
 *   check     that the tree is there, byte for byte
 *   change    rename, overwrite, append, truncate and remove in it; then it is another tree
 *   recheck   that it is that other tree
 *   fill      write until the disk is full, and remove that again
 *   show      every name, with its size
 *   words     the first line of each file in the root
 *   rounds    write a numbered file, fsync, say so, again: for whoever pulls the plug
 * "readonly" mounts without writing; "disk=" names the disk, xvda unless said.
 * Read next: tree.c
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

#include <pvk/ext2.h>

#define LABEL "xenlike"

static const char *disk_name = "xvda";
static bool mounted, writable = true;
static struct ext2_mount *mount;

static int fail(const char *what, int result)
{
    printf("files: %s: %s\n", what, strerror(-result));
    return 1;
}

static int format(void)
{
    int result = ext2_format(disk_name, LABEL);

    if (result != 0) {
        return fail("format", result);
    }
    printf("files: %s is formatted\n", disk_name);
    return 0;
}

static void show_below(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char name[FILES_PATH_MAX];
        struct stat status;

        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (stat(name, &status) != 0) {
            printf("%s: %s\n", name, strerror(errno));
        } else if (S_ISDIR(status.st_mode)) {
            printf("%s/\n", name);
            show_below(name);
        } else {
            printf("%s  %lld\n", name, (long long)status.st_size);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

static int show(void)
{
    struct ext2_usage usage;

    ext2_usage(mount, &usage);
    printf("files: %llu of %llu blocks of %u bytes are free, %llu of %llu inodes\n",
           (unsigned long long)usage.blocks_free, (unsigned long long)usage.blocks,
           (unsigned int)usage.block_size, (unsigned long long)usage.inodes_free,
           (unsigned long long)usage.inodes);
    show_below(FILES_ROOT);
    return 0;
}

static int words(void)
{
    DIR *directory = opendir(FILES_ROOT);
    struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char name[FILES_PATH_MAX], line[128];
        FILE *file;

        snprintf(name, sizeof(name), FILES_ROOT "/%s", entry->d_name);
        file = entry->d_type == DT_REG ? fopen(name, "r") : NULL;
        if (file != NULL && fgets(line, sizeof(line), file) != NULL) {
            printf("%s says %s", name, line);
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return 0;
}

static int rounds(void)
{
    for (unsigned int round = 1;; round++) {
        char name[FILES_PATH_MAX];
        int file;

        snprintf(name, sizeof(name), FILES_ROOT "/round%u", round % 8);
        file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (file < 0 || files_fill(file, round, 10000) != 0 || fsync(file) != 0 ||
            close(file) != 0) {
            return fail(name, -errno);
        }
        printf("synced %u\n", round);
        fflush(stdout);
    }
}

static const struct {
    const char *word;
    int (*run)(void);
    bool unmounted;
} tasks[] = {
    {"format", format, true},
    {"write", files_write, false},
    {"check", files_check, false},
    {"change", files_change, false},
    {"recheck", files_recheck, false},
    {"fill", files_fill_disk, false},
    {"show", show, false},
    {"words", words, false},
    {"rounds", rounds, false},
};

static int mount_disk(void)
{
    int result = ext2_mount(disk_name, FILES_ROOT, writable, &mount);

    if (result != 0) {
        return fail(disk_name, result);
    }
    mounted = true;
    return 0;
}

static int run(const char *word)
{
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        if (strcmp(word, tasks[i].word) == 0) {
            int status = tasks[i].unmounted || mounted ? 0 : mount_disk();

            return status != 0 ? status : tasks[i].run();
        }
    }
    printf("files: there is no task '%s'\n", word);
    return 2;
}

int main(int argc, char **argv)
{
    int status = 0, result;

    for (int i = 1; i < argc; i++) {
        disk_name = strncmp(argv[i], "disk=", 5) == 0 ? argv[i] + 5 : disk_name;
        writable = writable && strcmp(argv[i], "readonly") != 0;
    }
    for (int i = 1; i < argc && status == 0; i++) {
        if (strchr(argv[i], '=') == NULL && strcmp(argv[i], "readonly") != 0) {
            status = run(argv[i]);
        }
    }
    result = mounted ? ext2_sync(mount) : 0;
    if (result != 0) {
        return fail("sync", result);
    }
    printf("files: %s\n", status == 0 ? "done" : "NOT DONE");
    return status;
}
