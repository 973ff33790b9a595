/* SPDX-License-Identifier: MIT */
/* Registers and a backtrace of the running vCPU, into the log, for one whose domain crashed. Lines begin with "d<id> ". */
#include "vcpu_report.h"

#include "../domain/domain.h"
#include "../lib/print.h"
#include "../mm/guest_access.h"

#define BACKTRACE_FRAMES 12

static void print_registers(const struct vcpu *v)
{
    const struct cpu_user_regs *r = &v->regs;
    unsigned int id = v->domain->id;
    const struct {
        const char *name;
        uint64_t value;
    } words[] = {
        {"rip", r->rip}, {"rsp", r->rsp}, {"rfl", r->rflags}, {"rax", r->rax}, {"rbx", r->rbx},
        {"rcx", r->rcx}, {"rdx", r->rdx}, {"rsi", r->rsi},    {"rdi", r->rdi}, {"rbp", r->rbp},
        {"r8 ", r->r8},  {"r9 ", r->r9},  {"r10", r->r10},    {"r11", r->r11}, {"r12", r->r12},
        {"r13", r->r13}, {"r14", r->r14}, {"r15", r->r15},
    };
    print("d%u vcpu %u %s mode, cs %04x ss %04x\n", id, v->id, v->pv.in_kernel ? "kernel" : "user",
          r->cs, r->ss);
    for (size_t i = 0; i < ARRAY_SIZE(words); i += 3) {
        print("d%u %s %016llx  %s %016llx  %s %016llx\n", id, words[i].name,
              (unsigned long long)words[i].value, words[i + 1].name,
              (unsigned long long)words[i + 1].value, words[i + 2].name,
              (unsigned long long)words[i + 2].value);
    }
}

/* Follows the chain of frame pointers in the address space that is loaded. */
static void print_backtrace(const struct vcpu *v)
{
    uint64_t frame[2] = {v->regs.rbp, v->regs.rip};
    for (int i = 0; i < BACKTRACE_FRAMES; i++) {
        print("d%u   at %016llx\n", v->domain->id, (unsigned long long)frame[1]);
        uint64_t below = frame[0];
        if ((below & 7) != 0 || guest_access_read(frame, GVA(below), sizeof(frame)) != 0 ||
            frame[0] <= below || frame[1] == 0) {
            return;
        }
    }
}

void vcpu_report_print(const struct vcpu *v)
{
    print_registers(v);
    print_backtrace(v);
}
