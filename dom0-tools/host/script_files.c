/* SPDX-License-Identifier: MIT */
/*
 * A script and its files as a RAM disk (see script_files.h). Archives may be joined, so dom0's own is
 * copied as it is, and the files of this run follow.
 */
#include "script_files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "dom0-tools/dom0/command_line.h"
#include "dom0-tools/pvctl/commands.h"
#include "dom0-tools/pvctl/named_files.h"
#include "message.h"
#include "settings.h"

#define FILES_MAX     256
#define LINE_SIZE     1024
#define FILE_SIZE_MAX UINT32_C(0xfffffff0) /* a size has eight hexadecimal digits */

struct named {
    char *name; /* in the archive: no slash in front, no "." */
    char *path; /* as the user wrote it */
    bool writable;
};

struct pack {
    FILE *archive;
    struct named files[FILES_MAX];
    size_t count;
    unsigned int number; /* of the last entry */
    int status;          /* the first failure's exit status */
};

static void fail(struct pack *pack, int status)
{
    pack->status = pack->status != EXIT_OK ? pack->status : status;
}

/* The name in the archive; NULL when a ".." leads out of it. */
static char *archive_name(const char *path)
{
    char *name = malloc(strlen(path) + 2);
    size_t used = 0;

    while (name != NULL && *path != '\0') {
        size_t count;

        path += strspn(path, "/");
        count = strcspn(path, "/");
        if (count == 2 && path[0] == '.' && path[1] == '.') {
            if (used == 0) {
                free(name);
                return NULL;
            }
            while (used > 0 && name[--used] != '/') {
            }
        } else if (count > 0 && !(count == 1 && path[0] == '.')) {
            if (used > 0) {
                name[used++] = '/';
            }
            memcpy(name + used, path, count);
            used += count;
        }
        path += count;
    }
    if (name != NULL) {
        name[used] = '\0';
    }
    return name;
}

/* A file that does not exist is dom0's to complain about: the line may count on that. */
static int add_file(const char *path, bool writable, void *context)
{
    struct pack *pack = context;
    struct stat status;
    char *name;

    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return 0;
    }
    name = archive_name(path);
    if (name == NULL) {
        message_error("%s lies above the current directory", path);
        message_hint(
            "start in a directory that holds all of the script's files, or give whole paths");
        fail(pack, EXIT_CONFIG);
        return -1;
    }
    for (size_t i = 0; i < pack->count; i++) {
        if (strcmp(pack->files[i].name, name) == 0) {
            pack->files[i].writable = pack->files[i].writable || writable;
            free(name);
            return 0;
        }
    }
    if (pack->count == FILES_MAX) {
        free(name);
        message_error("the script names more than %d files", FILES_MAX);
        fail(pack, EXIT_CONFIG);
        return -1;
    }
    pack->files[pack->count++] = (struct named){name, strdup(path), writable};
    return 0;
}

/* The files of one line: those of its command, and every word that is a file's name (`cat FILE`). */
static void collect_line(struct pack *pack, const char *seed, const char *line)
{
    char text[LINE_SIZE];
    char *argv[COMMAND_LINE_WORDS + 2] = {"pvctl"};
    struct error error = {.code = ERROR_NONE};
    bool may_fail = line[0] == '-';
    int argc = -1;

    if (command_line_expand(line + (may_fail ? 1 : 0), seed, text, sizeof(text))) {
        argc = command_line_split(text, argv + 1);
    }
    if (argc <= 0) {
        return; /* dom0 says what is wrong with it, and where */
    }
    for (int i = 2; i <= argc; i++) {
        add_file(argv[i], false, pack);
    }
    if (named_files_collect(argc + 1, argv, add_file, pack, &error) != 0 && !may_fail &&
        pack->status == EXIT_OK && error.code == ERROR_CONFIG) {
        fail(pack, commands_report(&error));
    }
}

static void put_header(struct pack *pack, const char *name, uint32_t bytes)
{
    bool is_end = strcmp(name, "TRAILER!!!") == 0;
    unsigned int names = (unsigned int)strlen(name) + 1;

    fprintf(pack->archive, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s",
            ++pack->number, is_end ? 0 : 0100644u, 0u, 0u, 1u, 0u, (unsigned int)bytes, 0u, 0u, 0u,
            0u, names, 0u, name);
    for (unsigned int i = 0; i < 4 - (110 + names - 1) % 4; i++) {
        putc('\0', pack->archive);
    }
}

static void pad(struct pack *pack, uint64_t bytes)
{
    for (; bytes % 4 != 0; bytes++) {
        putc('\0', pack->archive);
    }
}

/* Copies exactly `bytes`; false when the file ends before, or cannot be read. */
static bool copy(struct pack *pack, FILE *from, uint64_t bytes)
{
    static char buffer[65536];

    while (bytes > 0) {
        size_t wanted = bytes < sizeof(buffer) ? (size_t)bytes : sizeof(buffer);
        size_t got = fread(buffer, 1, wanted, from);

        if (got == 0 || fwrite(buffer, 1, got, pack->archive) != got) {
            return false;
        }
        bytes -= got;
    }
    return true;
}

/* One file, with a header when it has a name. */
static void put_file(struct pack *pack, const char *path, const char *name, uint64_t *total)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    bool fine = file != NULL && fstat(fileno(file), &status) == 0;

    if (fine && (uint64_t)status.st_size > FILE_SIZE_MAX) {
        errno = EFBIG;
        fine = false;
    }
    if (fine) {
        uint64_t bytes = (uint64_t)status.st_size;

        if (name != NULL) {
            put_header(pack, name, (uint32_t)bytes);
        }
        fine = copy(pack, file, bytes);
        pad(pack, bytes);
        *total += bytes;
    }
    if (!fine) {
        message_error("cannot copy %s into the run: %s", path, strerror(errno));
        fail(pack, EXIT_FAILED);
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* The script's text, with its files collected on the way; NULL after a message. */
static char *read_script(struct pack *pack, const char *script, const char *seed, size_t *length)
{
    bool is_input = strcmp(script, "-") == 0;
    FILE *file = is_input ? stdin : fopen(script, "r");
    char line[LINE_SIZE];
    char *text = NULL;
    FILE *copied = file != NULL ? open_memstream(&text, length) : NULL;

    if (copied == NULL) {
        message_error("cannot read the script %s: %s", script, strerror(errno));
        fail(pack, EXIT_FAILED);
    }
    while (copied != NULL && fgets(line, sizeof(line), file) != NULL) {
        fputs(line, copied);
        line[strcspn(line, "\n")] = '\0';
        collect_line(pack, seed, line);
    }
    if (copied != NULL) {
        fclose(copied);
    }
    if (file != NULL && !is_input) {
        fclose(file);
    }
    return text;
}

int script_files_pack(const char *path, const char *base, const char *script, const char *seed,
                      struct script_files_size *size)
{
    static struct pack pack;
    size_t length = 0;
    char *text = read_script(&pack, script, seed, &length);
    uint64_t ignored = 0;

    *size = (struct script_files_size){0};
    pack.archive = pack.status == EXIT_OK ? fopen(path, "wb") : NULL;
    if (pack.archive != NULL) {
        put_file(&pack, base, NULL, &ignored);
        put_header(&pack, SCRIPT_FILES_SCRIPT, (uint32_t)length);
        fwrite(text, 1, length, pack.archive);
        pad(&pack, length);
        for (size_t i = 0; i < pack.count; i++) {
            put_file(&pack, pack.files[i].path, pack.files[i].name,
                     pack.files[i].writable ? &size->writable : &ignored);
        }
        put_header(&pack, "TRAILER!!!", 0);
        size->archive = (uint64_t)ftell(pack.archive);
        if (fclose(pack.archive) != 0 && pack.status == EXIT_OK) {
            message_error("cannot write %s: %s", path, strerror(errno));
            fail(&pack, EXIT_FAILED);
        }
    } else if (pack.status == EXIT_OK) {
        message_error("cannot write %s: %s", path, strerror(errno));
        fail(&pack, EXIT_FAILED);
    }
    free(text);
    return pack.status;
}
