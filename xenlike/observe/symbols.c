/* SPDX-License-Identifier: MIT */
/* Look-up in the table that boot/symbols.awk makes of the linker's output. */
#include "symbols.h"

#include "../lib/print.h"
#include "../mm/layout.h"
#include "../cpu/percpu.h"

#define MAX_PRINTED 24

struct symbol {
    uint32_t offset; /* from HV_TEXT_START */
    uint32_t name;   /* in symbol_names */
};

extern const uint32_t symbol_table_count;
extern const struct symbol symbol_table[];
extern const char symbol_names[];
extern char image_start[], image_text_end[], image_end[];

const char *symbols_find(uint64_t address, uint64_t *offset)
{
    uint32_t low = 0;
    uint32_t high = symbol_table_count;

    if (address < (uint64_t)image_start || address >= (uint64_t)image_text_end || high == 0) {
        return NULL;
    }
    address -= HV_TEXT_START;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (symbol_table[middle].offset <= address) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *offset = address - symbol_table[low].offset;
    return symbol_names + symbol_table[low].name;
}

void symbols_print_stack(uint64_t stack_pointer)
{
    uint64_t top = (stack_pointer | (CPU_BLOCK_SIZE - 1)) + 1 - sizeof(struct cpu_local);
    int printed = 0;

    if (stack_pointer >= HV_TEXT_START) { /* still on the boot stack, inside the image */
        top = (uint64_t)image_end;
    }
    /* The code keeps no frame pointers: anything on the stack that points into the text is shown. */
    for (uint64_t place = (stack_pointer + 7) & ~UINT64_C(7); place < top && printed < MAX_PRINTED;
         place += 8) {
        uint64_t offset;
        const char *name = symbols_find(*(const uint64_t *)place, &offset);

        if (name != NULL && offset != 0) {
            print("  %016lx %s+0x%lx\n", (unsigned long)*(const uint64_t *)place, name,
                  (unsigned long)offset);
            printed++;
        }
    }
}
