/* SPDX-License-Identifier: MIT */
/*
 * Traps on bare hardware: an IDT, and the GDT and TSS that the processor wants for it. A hypervisor
 * takes a table of addresses instead (../arch-pv/traps.c) and keeps the rest to itself.
 * Owns: the descriptor tables, a stack for double faults. Read next: event.c
 */
#include <stddef.h>
#include <stdint.h>
#include "../core/trap_report.h"
#include "event_native.h"
#include "traps.h"

void trap_handle(struct trap_frame *frame);
extern void (*const trap_interrupts[16])(void);

#define CODE_SELECTOR  0x08u
#define TSS_SELECTOR   0x18u
#define GATE_INTERRUPT 0x8e00u /* present, ring 0, interrupts off on entry */
#define DOUBLE_FAULT   8u
#define NR_GATES       (TRAP_FIRST_INTERRUPT + 16u)

struct gate {
    uint16_t offset_low, selector, flags, offset_middle;
    uint32_t offset_high, reserved;
};

struct __attribute__((packed)) task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map;
};
_Static_assert(sizeof(struct task_state) == 104, "the processor's TSS");

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t base;
};

static struct gate gates[NR_GATES];
static struct task_state task;
static char double_fault_stack[8192] __attribute__((aligned(16)));
static uint64_t descriptors[5] = {
    0, 0x00af9b000000ffff, /* 0x08: 64-bit code */
    0x00cf93000000ffff,    /* 0x10: data */
};

static void set_gate(unsigned int vector, void (*entry)(void), unsigned int ist)
{
    uint64_t address = (uint64_t)entry;

    gates[vector] = (struct gate){
        .offset_low = (uint16_t)address,
        .selector = CODE_SELECTOR,
        .flags = (uint16_t)(GATE_INTERRUPT | ist),
        .offset_middle = (uint16_t)(address >> 16),
        .offset_high = (uint32_t)(address >> 32),
    };
}

#define SET_GATE(vector, entry, name) set_gate(vector, entry, (vector) == DOUBLE_FAULT ? 1 : 0);

void traps_init(void)
{
    uint64_t base = (uint64_t)&task;
    struct table_pointer gdt = {sizeof(descriptors) - 1, (uint64_t)descriptors};
    struct table_pointer idt = {sizeof(gates) - 1, (uint64_t)gates};

    TRAP_ENTRIES(SET_GATE)
    for (unsigned int line = 0; line < 16; line++) {
        set_gate(TRAP_FIRST_INTERRUPT + line, trap_interrupts[line], 0);
    }
    task.ist[0] = (uint64_t)(double_fault_stack + sizeof(double_fault_stack));
    task.io_map = sizeof(task);
    descriptors[3] =
        (sizeof(task) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | ((base >> 24) & 0xff) << 56;
    descriptors[4] = base >> 32;
    __asm__ volatile("lgdt %0\n\tlidt %1\n\tltr %w2"
                     :
                     : "m"(gdt), "m"(idt), "r"(TSS_SELECTOR)
                     : "memory");
}

void trap_handle(struct trap_frame *frame)
{
    uint64_t address;

    if (frame->vector >= TRAP_FIRST_INTERRUPT) {
        event_interrupt((unsigned int)frame->vector - TRAP_FIRST_INTERRUPT);
        return;
    }
    __asm__ volatile("movq %%cr2, %0" : "=r"(address));
    trap_report(frame, address, NULL);
}
