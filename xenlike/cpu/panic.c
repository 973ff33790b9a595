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
#include "../observe/panic_report.h"
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
    panic_begin();
    panic_report_print(regs, fault_address, read_cr3());
    panic_end();
}
