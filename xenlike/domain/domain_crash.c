/* SPDX-License-Identifier: MIT */
/*
 * The end of a domain whose kernel went wrong: the reason is kept, and logged with registers and a backtrace, so that the
 * toolstack can show it (XEN_SYSCTL_readconsole; lines begin with "d<id> ").
 * Owns: domain.crash_reason. Locks: none held by callers but the domain's own. Read next: domain.c.
 */
#include <public/sched.h>

#include "../lib/print.h"
#include "../mm/guest_access.h"
#include "domain.h"

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

void domain_crash(struct domain *d, const char *format, ...)
{
    char reason[sizeof(d->crash_reason)];
    va_list arguments;
    va_start(arguments, format);
    print_to_buffer_v(reason, sizeof(reason), format, arguments);
    va_end(arguments);

    spin_lock(&d->lock);
    bool first = d->crash_reason[0] == '\0';
    for (size_t i = 0; first && i < sizeof(reason); i++) {
        d->crash_reason[i] = reason[i];
    }
    spin_unlock(&d->lock);
    print("d%u crashed: %s\n", d->id, reason);
    struct vcpu *v = current_vcpu();
    if (first && v->domain == d) {
        print_registers(v);
        print_backtrace(v);
    }
    domain_shutdown(d, SHUTDOWN_crash);
}
