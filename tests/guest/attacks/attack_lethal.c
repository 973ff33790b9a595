/* SPDX-License-Identifier: MIT */
/* Attacks that end the guest: what the hypervisor should store on its stack cannot be stored, what it should read cannot be read. */
#include "attack.h"

#include <stdio.h>
#include <string.h>

#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/sched.h>
#include <pvk/grant.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/start.h>

static _Noreturn void fault_on(unsigned long stack)
{
    printf("the stack is at %lx\n", stack);
    fflush(stdout);
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "ud2"
                     :
                     : "r"(stack));
    __builtin_unreachable();
}

void stack_hypervisor(void)
{
    fault_on(IN_HYPERVISOR);
}

void stack_not_canonical(void)
{
    fault_on(NOT_CANONICAL);
}

void stack_unmapped(void)
{
    fault_on(NOT_MAPPED);
}

void stack_read_only(void)
{
    struct victim page = victim_page();

    (void)victim_map(page, ENTRY_PRESENT);
    fault_on((unsigned long)(page.words + 256));
}

/* The frame begins in a page that is mapped and ends in one that is not: a page fault, whose way is a short one. */
void stack_straddles(void)
{
    uint8_t *pages = memory_alloc_pages(1);
    struct victim low = {(uint64_t *)pages, memory_mfn_of(pages)};

    (void)victim_map(low, 0);
    printf("the stack is at %lx\n", (unsigned long)pages + 4096 + 32);
    fflush(stdout);
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "movb $1, 0x10"
                     :
                     : "r"(pages + 4096 + 32));
}

void no_handler(void)
{
    printf("no handlers\n");
    fflush(stdout);
    (void)hypercall_set_trap_table(NULL);
    __asm__ volatile("ud2");
}

static void wait_for_event(unsigned long stack)
{
    struct evtchn_bind_ipi bind = {.vcpu = 0};
    struct evtchn_send send;

    (void)hypercall_event_channel_op(EVTCHNOP_bind_ipi, &bind);
    send.port = bind.port;
    start_shared_info()->vcpu_info[0].evtchn_upcall_mask = 1;
    struct evtchn_unmask unmask = {bind.port};
    (void)hypercall_event_channel_op(EVTCHNOP_unmask, &unmask);
    (void)hypercall_event_channel_op(EVTCHNOP_send, &send);
    printf("the event finds the stack at %lx\n", stack);
    fflush(stdout);
    start_shared_info()->vcpu_info[0].evtchn_upcall_mask = 1;
    start_shared_info()->vcpu_info[0].evtchn_upcall_pending = 1;
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "movb $0, (%1)\n\t"
                     "mov $17, %%eax\n\t"
                     "xor %%edi, %%edi\n\t"
                     "syscall\n\t"
                     "1: jmp 1b"
                     :
                     : "r"(stack), "r"(&start_shared_info()->vcpu_info[0].evtchn_upcall_mask)
                     : "rax", "rdi", "memory");
}

void event_stack(void)
{
    wait_for_event(IN_HYPERVISOR);
}

static void iret_at(unsigned long stack)
{
    printf("iret at %lx\n", stack);
    fflush(stdout);
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "mov $23, %%eax\n\t"
                     "syscall"
                     :
                     : "r"(stack)
                     : "rax");
}

void iret_hypervisor(void)
{
    iret_at(IN_HYPERVISOR);
}

void iret_unmapped(void)
{
    iret_at(NOT_MAPPED);
}

void iret_no_user_base(void)
{
    struct iret_context frame = {
        .rip = (uint64_t)attack_landing, .cs = 0xe033, .rflags = 2, .rsp = 4096, .ss = 0xe02b};

    attack_mmuext(MMUEXT_NEW_USER_BASEPTR, 0);
    printf("to a user mode that is not there\n");
    fflush(stdout);
    (void)attack_iret(&frame);
}

/* The page-fault handler faults, and so on until the stack ends. */
void fault_recursion(void)
{
    static struct trap_info table[] = {{14, 4, FLAT_KERNEL_CS, 0x10}, {0, 0, 0, 0}};

    printf("a handler at an address that is not mapped\n");
    fflush(stdout);
    (void)hypercall_set_trap_table(table);
    __asm__ volatile("movb $1, 0x10" : : : "memory");
}

/* Not a crash, but an end with everything still open: maps of its own pages, pins, ports. */
void exit_with_maps(void)
{
    struct victim page = victim_page();
    uint32_t reference = (uint32_t)grant_access(start_domid(), page.words, false);
    void *window = memory_window_alloc(64);
    struct sched_shutdown down = {.reason = SHUTDOWN_poweroff};

    for (unsigned int i = 0; i < 64; i++) {
        struct gnttab_map_grant_ref op = {.host_addr = (unsigned long)window + 4096 * i,
                                          .flags = GNTMAP_host_map,
                                          .ref = reference,
                                          .dom = start_domid()};

        (void)hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);
    }
    printf("off with 64 maps\n");
    fflush(stdout);
    (void)hypercall_sched_op(SCHEDOP_shutdown, &down);
}

/* Rings dom0's console for ever; the runner destroys it in the middle. */
void exit_in_flood(void)
{
    struct evtchn_send send = {start_information()->console.domU.evtchn};

    printf("for ever\n");
    fflush(stdout);
    for (;;) {
        (void)hypercall_event_channel_op(EVTCHNOP_send, &send);
    }
}
