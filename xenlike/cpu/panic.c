/* SPDX-License-Identifier: MIT */
/* Registers, names, stack, then halt (noreboot) or a reset. Never on a guest's input: see lib/check.h. */
#include "panic.h"

#include <public/xen.h>

#include "../boot/boot_info.h"
#include "../domain/domain.h"
#include "../lib/check.h"
#include "../lib/print.h"
#include "../observe/crash_record.h"
#include "machine.h"
#include "percpu.h"
#include "registers.h"
#include "../observe/symbols.h"

#define PANIC_EXIT_CODE 0x7f

static uint32_t panics;

/* A panic within a panic stops at once. */
static void panic_begin(void)
{
    interrupts_disable();
    if (__atomic_fetch_add(&panics, 1, __ATOMIC_SEQ_CST) != 0) {
        machine_stop();
    }
}

NORETURN static void panic_end(void)
{
    crash_record_save();
    if (boot_info.options.debug_exit_port != 0) {
        port_out8(boot_info.options.debug_exit_port, PANIC_EXIT_CODE);
    }
    if (!boot_info.options.stop_at_panic && hardware_domain == NULL) {
        machine_power_off(); /* it would only come here again */
    }
    if (!boot_info.options.stop_at_panic) {
        machine_reboot();
    }
    machine_stop();
}

static void print_where(const char *what, uint64_t address)
{
    uint64_t offset = 0;
    const char *name = symbols_find(address, &offset);

    print("%s %016lx %s+0x%lx\n", what, (unsigned long)address, name != NULL ? name : "?",
          (unsigned long)offset);
}

void panic(const char *format, ...)
{
    char text[256];
    va_list arguments;
    uint64_t here = 0;

    panic_begin();
    va_start(arguments, format);
    print_to_buffer_v(text, sizeof(text), format, arguments);
    va_end(arguments);
    print("\nxenlike stops: %s\n", text);
    symbols_print_stack((uint64_t)&here);
    panic_end();
}

void panic_registers(const struct cpu_user_regs *regs, uint64_t fault_address)
{
    const struct {
        const char *name;
        uint64_t value;
    } shown[] = {
        {"rax", regs->rax},     {"rbx", regs->rbx},  {"rcx", regs->rcx}, {"rdx", regs->rdx},
        {"rsi", regs->rsi},     {"rdi", regs->rdi},  {"rbp", regs->rbp}, {"rsp", regs->rsp},
        {"r8 ", regs->r8},      {"r9 ", regs->r9},   {"r10", regs->r10}, {"r11", regs->r11},
        {"r12", regs->r12},     {"r13", regs->r13},  {"r14", regs->r14}, {"r15", regs->r15},
        {"cr2", fault_address}, {"cr3", read_cr3()},
    };

    panic_begin();
    print("\nxenlike stops: exception %u, error code %x\n", regs->entry_vector, regs->error_code);
    print_where("rip", regs->rip);
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        print("%s %016lx%s", shown[i].name, (unsigned long)shown[i].value,
              i % 4 == 3 ? "\n" : "  ");
    }
    print("cs %x ss %x rflags %lx\n", regs->cs, regs->ss, (unsigned long)regs->rflags);
    symbols_print_stack(regs->rsp);
    panic_end();
}
