/* SPDX-License-Identifier: MIT */
/*
 * Prints the page that the domain builder left for the guest: what every PV kernel reads first. Lab 0 has it written.
 */
#include <inttypes.h>
#include <stdio.h>
#include <public/xen.h>
#include <pvk/start.h>

int main(void)
{
    const struct start_info *start = start_information();

    /* LAB(0): print each line as docs/labs/0-first-guest says, from the members of struct start_info
     * Skeleton:
     * (void)start;
     * lab_todo("print start_info"); */
    printf("magic: %s\n", start->magic);
    printf("nr_pages: %lu\n", start->nr_pages);
    printf("shared_info: 0x%lx\n", start->shared_info);
    printf("flags: 0x%" PRIx32 "\n", start->flags);
    printf("store: frame %lu, port %" PRIu32 "\n", start->store_mfn, start->store_evtchn);
    printf("console: frame %lu, port %" PRIu32 "\n", start->console_mfn, start->console_evtchn);
    printf("command line: %s\n", (const char *)start->cmd_line);
    /* END LAB(0) */
    return 0;
}
