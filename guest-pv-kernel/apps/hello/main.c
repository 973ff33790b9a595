/* SPDX-License-Identifier: MIT */
/*
 * The smallest useful guest: says who it is, then echoes lines. "exit N" ends it with status N; "reboot"
 * and "crash" are what they say.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>

#define NO_DOMAIN 0x7ff4 /* DOMID_INVALID: bare hardware */

static volatile int *volatile unmapped = (volatile int *)8;

/* The trap handler says where, and who called. */
static __attribute__((noinline)) void crash(void)
{
    *unmapped = 1;
}

int main(int argc, char **argv)
{
    static char line[256];

    printf("Hello from %s.\n", start_machine());
    if (start_domid() != NO_DOMAIN) {
        printf("domain %u, ", start_domid());
    }
    printf("%zu KiB of memory, %zu KiB free\n", memory_nr_pages() * 4, memory_nr_free_pages() * 4);
    printf("command line: %s\n", argc > 1 ? start_command_line() : "(empty)");
    (void)argv;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (strncmp(line, "exit", 4) == 0 && strchr(" \n", line[4]) != NULL) {
            return atoi(line + 4);
        }
        if (strcmp(line, "reboot\n") == 0) {
            shutdown_reboot();
        }
        if (strcmp(line, "crash\n") == 0) {
            crash();
        }
        printf("you said: %s", line);
    }
    return 0;
}
