/* SPDX-License-Identifier: MIT */
/*
 * From the first C instruction to main: traps, memory, interrupts, clock, threads, console, initrd,
 * then the first process.
 * Owns: what the loader said, copied before its memory is used for something else.
 * Beside it: ../arch-pv/start.c. Read next: memory.c, traps.c, ../core/core_main.c
 */
#include <string.h>
#include <pvk/block.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>
#include "../core/core.h"
#include "../core/arch.h"
#include "memory_layout.h"
#include "pvh.h"
#include "time_native.h"
#include "traps.h"

#define BOOT_STACK_BYTES 16384
#define ONE_MIB          0x100000ul
#define MOST_MEMORY      (1ul << 30) /* what entry.S mapped */

_Noreturn void start_kernel(const struct pvh_start *start);

extern char start_boot_stack_end[];
__attribute__((aligned(64), used)) static char boot_stack[BOOT_STACK_BYTES];
__asm__(".globl start_boot_stack_end\n.set start_boot_stack_end, boot_stack + 16384");

static char command_line[1024];

const char *start_command_line(void)
{
    return command_line;
}

const char *start_machine(void)
{
    return "bare hardware";
}

bool start_is_initial_domain(void)
{
    return false;
}

/* There are no domains here: DOMID_INVALID. */
uint16_t start_domid(void)
{
    return 0x7ff4;
}

/* Nobody runs a toolstack beside us. */
void core_listen_to_toolstack(void)
{
}

/* Nor offers disks. */
void block_mount(void)
{
}

/* The end of the memory that we were loaded into. */
static unsigned long end_of_memory(const struct pvh_start *start)
{
    const struct pvh_memory *map = (const struct pvh_memory *)start->memory_map;

    for (uint32_t i = 0; start->version >= 1 && i < start->nr_memory; i++) {
        if (map[i].type == PVH_MEMORY_RAM && map[i].start <= ONE_MIB &&
            map[i].start + map[i].bytes > ONE_MIB) {
            unsigned long end = map[i].start + map[i].bytes;

            return end < MOST_MEMORY ? end : MOST_MEMORY;
        }
    }
    return 16 * ONE_MIB;
}

_Noreturn void start_kernel(const struct pvh_start *start)
{
    struct pvh_module initrd = {0, 0, 0, 0};

    traps_init();
    if (start->magic != PVH_MAGIC) {
        panic("started by something that does not speak PVH");
    }
    if (start->command_line != 0) {
        strncpy(command_line, (const char *)start->command_line, sizeof(command_line) - 1);
    }
    if (start->nr_modules > 0) {
        initrd = *(const struct pvh_module *)start->modules;
    }
    memory_init(end_of_memory(start), initrd.start, initrd.start + initrd.bytes);
    time_init();
    thread_init();
    event_init();
    console_init();
    if (initrd.bytes != 0) {
        core_mount_initrd((const void *)initrd.start, initrd.bytes);
    }
    core_start(start_command_line());
}
