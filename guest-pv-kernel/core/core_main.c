/* SPDX-License-Identifier: MIT */
/*
 * The first process: main with the words of the command line, the console as 0, 1 and 2.
 * Its end is the domain's. Read next: process.c, ../apps/hello/main.c
 */
#include <stdlib.h>
#include <string.h>
#include <pvk/block.h>
#include <pvk/console.h>
#include <pvk/file.h>
#include <pvk/initrd.h>
#include <pvk/process.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>
#include "core.h"

#define MAX_ARGUMENTS 64

int main(int argc, char **argv);

/* An application may define it to say how much stack its main needs. */
extern const size_t core_main_stack;
__attribute__((weak)) const size_t core_main_stack = 32 * 1024;

/* Splits at spaces; "..." keeps them. Changes `text`. */
static int split(char *text, char **words)
{
    int count = 0;

    while (count < MAX_ARGUMENTS) {
        char *end;

        text += strspn(text, " \t");
        if (*text == '\0') {
            break;
        }
        if (*text == '"') {
            words[count++] = ++text;
            end = strchr(text, '"');
        } else {
            words[count++] = text;
            end = strpbrk(text, " \t");
        }
        if (end == NULL) {
            break;
        }
        *end = '\0';
        text = end + 1;
    }
    return count;
}

void core_mount_initrd(const void *archive, size_t length)
{
    if (initrd_mount(archive, length) != 0) {
        console_printf("the initrd is no cpio archive (newc): not mounted\n");
    }
}

void core_start(const char *command_line)
{
    static char line[1024];
    static char *words[MAX_ARGUMENTS + 1];
    static char name[] = "main";
    struct file *console = console_file();
    struct file *files[3] = {console, console, console};
    int count;

    words[0] = name;
    strncpy(line, command_line, sizeof(line) - 1);
    count = split(line, words + 1);
    if (console == NULL ||
        process_spawn(name, main, count + 1, words, files, core_main_stack) == NULL) {
        panic("not enough memory to start main");
    }
    core_listen_to_toolstack();
    block_mount();
    thread_exit();
}
