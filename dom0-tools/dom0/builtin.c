/* SPDX-License-Identifier: MIT */
/*
 * The shell's own commands (see builtin.h).
 * Owns: the table.
 * Read next: command.c.
 */
#include "builtin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pvk/memory.h>
#include <pvk/process.h>
#include <pvk/shutdown.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#include "command.h"
#include "command_line.h"
#include "disk_speed.h"
#include "net_speed.h"
#include "dom0-tools/pvctl/pvctl.h"

struct builtin {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *usage;
    const char *summary;
};

static const struct builtin *find(const char *name);
static int help(int argc, char **argv);

static int complain(const char *command, const char *path)
{
    fprintf(stderr, "%s: %s: %s\n", command, path, strerror(errno));
    return 1;
}

static void list_entry(const char *directory, const char *name)
{
    char path[512];
    struct stat status;
    int length = snprintf(path, sizeof(path), "%s/%s", directory, name);

    if (length < 0 || (size_t)length >= sizeof(path) || stat(path, &status) != 0) {
        printf("?          ? %s\n", name);
        return;
    }
    bool is_directory = S_ISDIR(status.st_mode);
    printf("%c %10ld %s%s\n", is_directory ? 'd' : '-', (long)status.st_size, name,
           is_directory ? "/" : "");
}

static int ls(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "/";
    struct stat status;

    if (stat(path, &status) != 0) {
        return complain(argv[0], path);
    }
    if (!S_ISDIR(status.st_mode)) {
        printf("- %10ld %s\n", (long)status.st_size, path);
        return 0;
    }
    DIR *stream = opendir(path);
    if (stream == NULL) {
        return complain(argv[0], path);
    }
    for (struct dirent *entry = readdir(stream); entry != NULL && !process_cancelled();
         entry = readdir(stream)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            list_entry(path, entry->d_name);
        }
    }
    closedir(stream);
    return 0;
}

/* Write all of it; false after an error, which has no one to be told to. */
static bool write_all(const char *bytes, size_t count)
{
    while (count != 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, count);
        if (written <= 0) {
            return false;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

static int cat_one(const char *command, int descriptor, const char *path)
{
    static const size_t size = 16384;
    char *buffer = malloc(size);
    ssize_t got = -1;

    if (buffer != NULL) {
        do {
            got = read(descriptor, buffer, size);
        } while (got > 0 && write_all(buffer, (size_t)got));
    }
    free(buffer);
    return got < 0 ? complain(command, path) : 0;
}

/* BSD's checksum: to see that a file arrived whole. */
static int checksum_one(const char *command, int descriptor, const char *path)
{
    static const size_t size = 65536;
    unsigned char *buffer = malloc(size);
    unsigned int sum = 0;
    unsigned long total = 0;
    ssize_t got = -1;

    while (buffer != NULL && (got = read(descriptor, buffer, size)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            sum = ((sum >> 1) + ((sum & 1) << 15) + buffer[i]) & 0xffff;
        }
        total += (unsigned long)got;
    }
    free(buffer);
    if (got < 0) {
        return complain(command, path);
    }
    printf("%u %lu %s\n", sum, total, path);
    return 0;
}

/* Do something with each file that is named. */
static int each_file(int argc, char **argv,
                     int (*one)(const char *command, int descriptor, const char *path))
{
    int status = 0;

    for (int i = 1; i < argc; i++) {
        int descriptor = open(argv[i], O_RDONLY);
        if (descriptor < 0) {
            status = complain(argv[0], argv[i]);
            continue;
        }
        status |= one(argv[0], descriptor, argv[i]);
        close(descriptor);
    }
    return status;
}

static int cat(int argc, char **argv)
{
    return argc == 1 ? cat_one(argv[0], STDIN_FILENO, "standard input")
                     : each_file(argc, argv, cat_one);
}

static int checksum(int argc, char **argv)
{
    return each_file(argc, argv, checksum_one);
}

static int echo(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        printf("%s%s", i > 1 ? " " : "", argv[i]);
    }
    printf("\n");
    return 0;
}

static int sleep_seconds(int argc, char **argv)
{
    char *end = NULL;
    double seconds = argc == 2 ? strtod(argv[1], &end) : -1;

    if (end == NULL || *end != '\0' || !(seconds >= 0 && seconds < 1e9)) {
        fprintf(stderr, "usage: sleep SECONDS\n");
        return 2;
    }
    thread_sleep((uint64_t)(seconds * (double)TIME_SECOND_NS));
    return process_cancelled() ? 130 : 0;
}

static int memory(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("dom0: %lu KiB, %lu KiB free\n", (unsigned long)memory_nr_pages() * 4,
           (unsigned long)memory_nr_free_pages() * 4);
    return 0;
}

static int poweroff(int argc, char **argv)
{
    shutdown_poweroff(argc > 1 ? atoi(argv[1]) : 0);
}

static int restart(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    shutdown_reboot();
}

static const struct builtin builtins[] = {
    {"help", help, "[COMMAND]", "this list, or pvctl's help for a command"},
    {"ls", ls, "[PATH]", "list a directory: / is the initrd, /share the user's files"},
    {"cat", cat, "[FILE...]", "print files"},
    {"checksum", checksum, "FILE...", "BSD's sum, the length, and the name"},
    {"echo", echo, "[WORD...]", "print words"},
    {"sleep", sleep_seconds, "SECONDS", "wait"},
    {"memory", memory, "", "how much memory dom0 has left"},
    {"disk-speed", disk_speed, "[FILE]",
     "time reads and writes of a disk; its first 4 MiB are lost"},
    {"net-speed", net_speed, "", "time the network card; needs network=off on dom0's command line"},
    {"poweroff", poweroff, "[STATUS]", "switch the machine off, with all its guests"},
    {"restart", restart, "", "restart the machine"},
};

static const struct builtin *find(const char *name)
{
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
        if (strcmp(builtins[i].name, name) == 0) {
            return &builtins[i];
        }
    }
    return NULL;
}

static int run_pvctl(int argc, char **argv)
{
    char *with_name[COMMAND_LINE_WORDS + 2];
    static char name[] = "pvctl";

    if (argc > COMMAND_LINE_WORDS) {
        fprintf(stderr, "pvctl: too many arguments\n");
        return 2;
    }
    with_name[0] = name;
    memcpy(with_name + 1, argv, (size_t)argc * sizeof(*argv));
    with_name[argc + 1] = NULL;
    return pvctl_main(argc + 1, with_name);
}

static int help(int argc, char **argv)
{
    if (argc > 1 && find(argv[1]) == NULL) {
        return run_pvctl(argc, argv);
    }
    printf("This is dom0's own shell. Its commands:\n\n");
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), "%s %s", builtins[i].name, builtins[i].usage);
        printf("  %-20s %s\n", line, builtins[i].summary);
    }
    printf("\nEverything else is pvctl's: `list` is `pvctl list`.\n\n");
    char *pvctl_help[] = {argv[0], NULL};
    return run_pvctl(1, pvctl_help);
}

int builtin_main(int argc, char **argv)
{
    if (strcmp(argv[0], "pvctl") == 0 || strcmp(argv[0], "xl") == 0) {
        return pvctl_main(argc, argv);
    }
    const struct builtin *builtin = find(argv[0]);
    return builtin != NULL ? builtin->main(argc, argv) : run_pvctl(argc, argv);
}
