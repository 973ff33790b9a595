/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes, here and on other CPUs, and the clock that says which are still owed.
 *
 * Owns: the flush clock, the one request that can be under way. Invariant: TL1 a stamp is the clock's next value, so only a
 * flush that begins after the stamp was taken reaches it. TL2 a CPU that waits, for a lock or for a vCPU to stop, answers others' requests meanwhile.
 * Locks: flush. Read next: mm/page_type.c (PT7).
 */
#include "flush.h"

#include "../lib/spinlock.h"
#include "../lib/string.h"
#include "apic.h"
#include "irq.h"
#include "machine.h"
#include "percpu.h"
#include "registers.h"

enum flush_kind { FLUSH_PAGE, FLUSH_LOCAL, FLUSH_GLOBAL };

static spinlock_t flush_lock;
static struct {
    cpumask_t waiting; /* CPUs that have not answered; atomic */
    enum flush_kind kind;
    gva_t address;
} request;
uint32_t machine_flushes;

/* Clearing PGE drops the global entries, and nothing may be cached anew from the old tables. TL1: the clock moves first; a stamp
 * taken while the flush is under way is then beyond the time it gets. */
static void full_flush(uint64_t cr3)
{
    uint32_t time = __atomic_add_fetch(&machine_flushes, 1, __ATOMIC_SEQ_CST);

    write_cr4(cpu_local()->cr4 & ~CR4_PGE);
    write_cr3(cr3);
    write_cr4(cpu_local()->cr4);
    cpu_local()->full_flush_time = time;
}

void machine_load_base(mfn_t l4, bool global)
{
    uint64_t cr3 = maddr_from_mfn(l4).a;

    if (global) {
        full_flush(cr3);
    } else {
        write_cr3(cr3);
    }
}

void machine_flush_page_local(gva_t address)
{
    invalidate_page(address.v);
}

void machine_flush_local(bool global)
{
    if (global) {
        full_flush(read_cr3());
    } else {
        write_cr3(read_cr3());
    }
}

void machine_flush_cache(void)
{
    __asm__ volatile("wbinvd" ::: "memory");
}

static void flush_here(enum flush_kind kind, gva_t address)
{
    if (kind == FLUSH_PAGE) {
        machine_flush_page_local(address);
    } else {
        machine_flush_local(kind == FLUSH_GLOBAL);
    }
}

void flush_answer(void)
{
    cpumask_t self = (cpumask_t)1 << cpu_local()->id;

    if ((__atomic_load_n(&request.waiting, __ATOMIC_ACQUIRE) & self) != 0) {
        flush_here(request.kind, request.address);
        __atomic_and_fetch(&request.waiting, ~self, __ATOMIC_RELEASE);
    }
}

void machine_relax(void)
{
    flush_answer();
    cpu_pause();
}

static void flush_on(cpumask_t mask, enum flush_kind kind, gva_t address)
{
    cpumask_t self = (cpumask_t)1 << cpu_local()->id;
    cpumask_t others = mask & machine_cpus_online() & ~self;

    if ((mask & self) != 0) {
        flush_here(kind, address);
    }
    if (likely(others == 0)) {
        return;
    }
    spin_lock(&flush_lock);
    request.kind = kind;
    request.address = address;
    __atomic_store_n(&request.waiting, others, __ATOMIC_RELEASE);
    for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++) {
        if ((others >> cpu & 1) != 0) {
            apic_send(cpu_local_of(cpu)->apic_id, IRQ_VECTOR_FLUSH);
        }
    }
    while (__atomic_load_n(&request.waiting, __ATOMIC_ACQUIRE) != 0) {
        cpu_pause();
    }
    spin_unlock(&flush_lock);
}

void machine_flush_mask(cpumask_t mask, bool global)
{
    flush_on(mask, global ? FLUSH_GLOBAL : FLUSH_LOCAL, GVA(0));
}

void machine_flush_page_mask(cpumask_t mask, gva_t address)
{
    flush_on(mask, FLUSH_PAGE, address);
}

cpumask_t machine_flush_filter(cpumask_t mask, uint32_t stamp)
{
    cpumask_t owed = 0;

    for (cpumask_t left = mask; left != 0; left &= left - 1) {
        unsigned int cpu = (unsigned int)__builtin_ctzll(left);

        /* The difference as a signed number: the clock may wrap. */
        if ((int32_t)(cpu_local_of(cpu)->full_flush_time - stamp) < 0) {
            owed |= (cpumask_t)1 << cpu;
        }
    }
    return owed;
}
