/* SPDX-License-Identifier: MIT */
/*
 * gdb_target.c: what a debugger does to a domain, in terms of libpv.
 * Owns: the bytes that breakpoints replaced.
 * Invariant GS1 (gdb_stub.c). Read next: gdb_target.h.
 */
#include "dom0-tools/pvctl/gdb_target.h"

#include <string.h>

#include <public/errno.h>

#include "dom0-tools/libpv/domctl.h"

#define BREAKPOINT  0xcc
#define VECTOR_BP   3
#define RFLAGS_TRAP (UINT64_C(1) << 8)

/* A step ends soon, a run may last: the first looks come quickly. */
#define QUICK_WAITS 50u
#define QUICK_MS    1
#define SLOW_MS     20

/* GDB's order for x86-64, with the width it has there. */
#define REGISTER(name, bytes)                       \
    {                                               \
        offsetof(struct cpu_user_regs, name), bytes \
    }
static const struct {
    size_t offset;
    size_t bytes;
} registers[] = {
    REGISTER(rax, 8), REGISTER(rbx, 8), REGISTER(rcx, 8),    REGISTER(rdx, 8), REGISTER(rsi, 8),
    REGISTER(rdi, 8), REGISTER(rbp, 8), REGISTER(rsp, 8),    REGISTER(r8, 8),  REGISTER(r9, 8),
    REGISTER(r10, 8), REGISTER(r11, 8), REGISTER(r12, 8),    REGISTER(r13, 8), REGISTER(r14, 8),
    REGISTER(r15, 8), REGISTER(rip, 8), REGISTER(rflags, 4), REGISTER(cs, 4),  REGISTER(ss, 4),
    REGISTER(ds, 4),  REGISTER(es, 4),  REGISTER(fs, 4),     REGISTER(gs, 4),
};

/* Selectors are 16 bits wide in the structure, and something else lies behind them. */
static size_t stored_bytes(size_t index)
{
    return index <= 17 ? registers[index].bytes : sizeof(uint16_t);
}

/*
 * Pauses are counted, and nobody tells the count: the domain is made one that was paused exactly once,
 * while its vCPUs are held one by one.
 */
static int pause_once(struct gdb_target *target)
{
    struct domain_info info = {.paused = true};
    int result = domctl_pause(target->domid);

    for (uint32_t i = 0; i < target->nr_vcpus && result == 0; i++) {
        domain_debug_hold_vcpu(target->domid, i, true); /* -EINVAL: it does not exist */
    }
    while (result == 0 && info.paused) {
        result = domctl_unpause(target->domid);
        if (result == 0) {
            result = domctl_info(target->domid, &info);
        }
    }
    if (result == 0) {
        result = domctl_pause(target->domid);
    }
    for (uint32_t i = 0; i < target->nr_vcpus && result == 0; i++) {
        domain_debug_hold_vcpu(target->domid, i, false);
    }
    return result;
}

int gdb_target_open(struct gdb_target *target, uint16_t domid, uint32_t nr_vcpus)
{
    int result = domain_debug_attach(domid, true);

    target->domid = domid;
    target->nr_vcpus = nr_vcpus;
    target->context = seam_buffer_get(sizeof(*target->context));
    if (result == 0) {
        result = target->context != NULL ? pause_once(target) : -XEN_ENOMEM;
    }
    target->stands = result == 0;
    return result;
}

void gdb_target_close(struct gdb_target *target)
{
    uint32_t vcpu, vector;

    if (!target->stands) {
        domctl_pause(target->domid);
    }
    for (size_t i = 0; i < GDB_TARGET_BREAKPOINTS; i++) {
        if (target->breakpoints[i].used) {
            gdb_target_remove(target, target->breakpoints[i].address);
        }
    }
    domain_debug_attach(target->domid, false);
    /* A breakpoint that it met in the meantime paused it once more. */
    if (!target->stands && domain_debug_stopped(target->domid, &vcpu, &vector) > 0) {
        domctl_unpause(target->domid);
    }
    domctl_unpause(target->domid);
    seam_buffer_put(target->context);
}

/* ---- running and standing ---------------------------------------------------------------------- */

static int change_context(struct gdb_target *target, uint64_t clear_flags, uint64_t set_flags,
                          uint64_t back)
{
    int result = domain_debug_get_context(target->domid, target->vcpu, target->context);

    if (result == 0) {
        target->context->user_regs.rflags &= ~clear_flags;
        target->context->user_regs.rflags |= set_flags;
        target->context->user_regs.rip -= back;
        result = domain_debug_set_context(target->domid, target->vcpu, target->context);
    }
    return result;
}

int gdb_target_run(struct gdb_target *target, bool step)
{
    int result = step ? change_context(target, 0, RFLAGS_TRAP, 0) : 0;

    target->stepping = step;
    target->waits = 0;
    target->stands = false;
    return result < 0 ? result : domctl_unpause(target->domid);
}

static size_t find(const struct gdb_target *target, uint64_t address)
{
    size_t i = 0;

    while (i < GDB_TARGET_BREAKPOINTS &&
           !(target->breakpoints[i].used && target->breakpoints[i].address == address)) {
        i++;
    }
    return i;
}

/* Behind one of our breakpoints it goes back to where the breakpoint is. */
static void settle(struct gdb_target *target, uint32_t vector)
{
    uint64_t back = 0;

    if (vector == VECTOR_BP &&
        domain_debug_get_context(target->domid, target->vcpu, target->context) == 0 &&
        find(target, target->context->user_regs.rip - 1) < GDB_TARGET_BREAKPOINTS) {
        back = 1;
    }
    if (back != 0 || target->stepping) {
        change_context(target, target->stepping ? RFLAGS_TRAP : 0, 0, back);
    }
    target->stepping = false;
}

int gdb_target_wait(struct gdb_target *target, struct seam_wait *wait)
{
    struct domain_info info;
    uint32_t vector;
    int result;

    seam_wait_any(wait, 1, target->waits++ < QUICK_WAITS ? QUICK_MS : SLOW_MS);
    if (seam_cancelled() != 0) {
        return -XEN_ESRCH;
    }
    result = domain_debug_stopped(target->domid, &target->vcpu, &vector);
    if (result > 0) {
        target->stands = true;
        settle(target, vector);
        return 1;
    }
    if (result == 0) {
        result = domctl_info(target->domid, &info);
    }
    if (result == 0 && info.shutdown) {
        return info.reason == DOMCTL_REASON_CRASH ? -XEN_EFAULT : -XEN_ESRCH;
    }
    return result < 0 ? -XEN_ESRCH : 0;
}

int gdb_target_stop(struct gdb_target *target)
{
    int result = domctl_pause(target->domid);

    if (result == 0) {
        target->stands = true;
        settle(target, 0);
    }
    return result < 0 ? result : 1;
}

/* ---- registers --------------------------------------------------------------------------------- */

size_t gdb_target_get_registers(struct gdb_target *target, uint8_t *bytes)
{
    const char *from = (const char *)&target->context->user_regs;
    size_t size = 0;

    if (domain_debug_get_context(target->domid, target->vcpu, target->context) < 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        memset(bytes + size, 0, registers[i].bytes);
        memcpy(bytes + size, from + registers[i].offset, stored_bytes(i));
        size += registers[i].bytes;
    }
    return size;
}

bool gdb_target_set_registers(struct gdb_target *target, const uint8_t *bytes, size_t size)
{
    char *to = (char *)&target->context->user_regs;
    size_t at = 0;

    if (domain_debug_get_context(target->domid, target->vcpu, target->context) < 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        if (at + registers[i].bytes > size) {
            return false;
        }
        memcpy(to + registers[i].offset, bytes + at, stored_bytes(i));
        at += registers[i].bytes;
    }
    return domain_debug_set_context(target->domid, target->vcpu, target->context) == 0;
}

bool gdb_target_choose(struct gdb_target *target, uint32_t vcpu)
{
    bool exists = vcpu < target->nr_vcpus;

    target->vcpu = exists ? vcpu : target->vcpu;
    return exists;
}

/* ---- memory and breakpoints -------------------------------------------------------------------- */

size_t gdb_target_read(struct gdb_target *target, uint64_t address, uint8_t *bytes, size_t size)
{
    size = domain_debug_read(target->domid, address, bytes, size);
    for (size_t i = 0; i < GDB_TARGET_BREAKPOINTS; i++) {
        uint64_t distance = target->breakpoints[i].address - address;

        if (target->breakpoints[i].used && distance < size) {
            bytes[distance] = target->breakpoints[i].saved;
        }
    }
    return size;
}

size_t gdb_target_write(struct gdb_target *target, uint64_t address, const uint8_t *bytes,
                        size_t size)
{
    return domain_debug_write(target->domid, address, bytes, size);
}

bool gdb_target_insert(struct gdb_target *target, uint64_t address)
{
    const uint8_t breakpoint = BREAKPOINT;
    size_t i = 0;

    if (find(target, address) < GDB_TARGET_BREAKPOINTS) {
        return true;
    }
    while (i < GDB_TARGET_BREAKPOINTS && target->breakpoints[i].used) {
        i++;
    }
    if (i == GDB_TARGET_BREAKPOINTS ||
        domain_debug_read(target->domid, address, &target->breakpoints[i].saved, 1) != 1 ||
        domain_debug_write(target->domid, address, &breakpoint, 1) != 1) {
        return false;
    }
    target->breakpoints[i].address = address;
    target->breakpoints[i].used = true;
    return true;
}

bool gdb_target_remove(struct gdb_target *target, uint64_t address)
{
    size_t i = find(target, address);

    if (i == GDB_TARGET_BREAKPOINTS) {
        return true;
    }
    target->breakpoints[i].used = false;
    return domain_debug_write(target->domid, address, &target->breakpoints[i].saved, 1) == 1;
}
