/* SPDX-License-Identifier: MIT */
/*
 * A count of frames by owner that believes no counter: what the frame table says, record by record.
 * Locks: none; what changes meanwhile may be counted either way. Read next: frame_table.c.
 */
#include "../lib/print.h"
#include "frame_word.h"

#define NR_OWNERS (1u << (64 - FRAME_OWNER_SHIFT))

void frame_table_print_owners(void)
{
    static uint32_t counts[NR_OWNERS];

    for (uint32_t owner = 0; owner < NR_OWNERS; owner++) {
        counts[owner] = 0;
    }
    for (uint64_t n = 0; n < frame_table_end; n++) {
        counts[frame_word_owner(frame_load(&FRAME_TABLE[n]))]++;
    }
    print("frames: free %u, the hypervisor's %u", counts[FRAME_OWNER_FREE],
          counts[FRAME_OWNER_HYPERVISOR]);
    for (uint32_t owner = FRAME_OWNER_FIRST_DOMAIN; owner < NR_OWNERS; owner++) {
        if (counts[owner] != 0) {
            print(", d%u %u", (uint32_t)(owner - FRAME_OWNER_FIRST_DOMAIN), counts[owner]);
        }
    }
    print("\n");
}
