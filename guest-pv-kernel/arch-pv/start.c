/* SPDX-License-Identifier: MIT */
/*
 * From the first C instruction to main: shared page, traps, memory, events, time, threads, console,
 * initrd, then the first process.
 * Owns: start_info, shared_info's mapping. Guest ABI: start-of-day (docs/abi).
 * Read next: memory.c, traps.c, ../core/thread.c, ../core/core_main.c
 */
#include <string.h>
#include <public/xen.h>
#include <public/vcpu.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>
#include "../core/core.h"
#include "../core/arch.h"
#include "memory_layout.h"
#include "page_table.h"
#include "traps.h"

#define BOOT_STACK_BYTES 16384

_Noreturn void start_kernel(const struct start_info *start);

extern char start_boot_stack_end[];
/* The end needs a name for entry.S; the array itself is only ever used through rsp. */
__attribute__((aligned(64), used)) static char boot_stack[BOOT_STACK_BYTES];
__asm__(".globl start_boot_stack_end\n.set start_boot_stack_end, boot_stack + 16384");

/* Its own frame is given up: the address shows the hypervisor's page instead. */
static struct {
    _Alignas(4096) struct shared_info info;
    char rest[MEMORY_PAGE_SIZE - sizeof(struct shared_info)];
} shared_page;
static const struct start_info *start_page;

const struct start_info *start_information(void)
{
    return start_page;
}

struct shared_info *start_shared_info(void)
{
    return &shared_page.info;
}

const char *start_command_line(void)
{
    return (const char *)start_page->cmd_line;
}

const char *start_machine(void)
{
    return "a paravirtual guest";
}

bool start_is_initial_domain(void)
{
    return (start_page->flags & SIF_INITDOMAIN) != 0;
}

static void mount_initrd(void)
{
    const char *archive = (const char *)start_page->mod_start;

    if (start_page->mod_len == 0) {
        return;
    }
    if ((start_page->flags & SIF_MOD_START_PFN) != 0) {
        archive = memory_address_of_pfn(start_page->mod_start);
    }
    core_mount_initrd(archive, start_page->mod_len);
}

_Noreturn void start_kernel(const struct start_info *start)
{
    start_page = start;
    if (hypercall_update_va_mapping((unsigned long)&shared_page, start->shared_info | PTE_KERNEL,
                                    UVMF_INVLPG) != 0) {
        shutdown_crash();
    }
    traps_init();
    memory_init();
    /* Real Xen ticks at 100 Hz unless told not to; an idle domain must not wake. */
    (void)hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    thread_init();
    event_init();
    console_init();
    mount_initrd();
    core_start(start_command_line());
}
