/* SPDX-License-Identifier: MIT */
/*
 * The smallest useful guest: says who it is, then echoes lines. "exit N" ends it with status N.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/memory.h>
#include <pvk/start.h>

int main(int argc, char **argv)
{
    static char line[256];

    printf("Hello from a paravirtual guest.\n");
    printf("domain %u, %zu KiB of memory, %zu KiB free\n", start_domid(), memory_nr_pages() * 4,
           memory_nr_free_pages() * 4);
    printf("command line: %s\n", argc > 1 ? start_command_line() : "(empty)");
    (void)argv;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (strncmp(line, "exit", 4) == 0 && strchr(" \n", line[4]) != NULL) {
            return atoi(line + 4);
        }
        printf("you said: %s", line);
    }
    return 0;
}
