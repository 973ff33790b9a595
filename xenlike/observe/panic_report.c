/* SPDX-License-Identifier: MIT */
/* What a panic says of an exception in the hypervisor: where, the registers, the stack with names. */
#include "panic_report.h"

#include "../lib/check.h"
#include "../lib/print.h"
#include "symbols.h"

static void print_where(const char *what, uint64_t address)
{
    uint64_t offset = 0;
    const char *name = symbols_find(address, &offset);

    print("%s %016lx %s+0x%lx\n", what, (unsigned long)address, name != NULL ? name : "?",
          (unsigned long)offset);
}

void panic_report_print(const struct cpu_user_regs *regs, uint64_t fault_address, uint64_t base)
{
    const struct {
        const char *name;
        uint64_t value;
    } shown[] = {
        {"rax", regs->rax},     {"rbx", regs->rbx}, {"rcx", regs->rcx}, {"rdx", regs->rdx},
        {"rsi", regs->rsi},     {"rdi", regs->rdi}, {"rbp", regs->rbp}, {"rsp", regs->rsp},
        {"r8 ", regs->r8},      {"r9 ", regs->r9},  {"r10", regs->r10}, {"r11", regs->r11},
        {"r12", regs->r12},     {"r13", regs->r13}, {"r14", regs->r14}, {"r15", regs->r15},
        {"cr2", fault_address}, {"cr3", base},
    };

    print("\nxenlike stops: exception %u, error code %x\n", regs->entry_vector, regs->error_code);
    print_where("rip", regs->rip);
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        print("%s %016lx%s", shown[i].name, (unsigned long)shown[i].value,
              i % 4 == 3 ? "\n" : "  ");
    }
    print("cs %x ss %x rflags %lx\n", regs->cs, regs->ss, (unsigned long)regs->rflags);
    symbols_print_stack(regs->rsp);
}
