/* SPDX-License-Identifier: MIT */
/* The rest of machine.h: CPUs, ports, MSRs, device memory. Read next: flush.c, clock.c, switch.c, power.c, guest_copy.S. */
#include "machine.h"

#include "../boot/paging.h"
#include "../mm/frame_table.h"
#include "apic.h"
#include "clock.h"
#include "irq.h"
#include "percpu.h"
#include "registers.h"

#define FIXMAP_PAGES 4096

static cpumask_t cpus_online = 1;
static uint32_t fixmap_used; /* pages; never given back */

unsigned int machine_cpu(void)
{
    return cpu_local()->id;
}

cpumask_t machine_cpus_online(void)
{
    return cpus_online;
}

void machine_kick(unsigned int cpu)
{
    struct cpu_local *target = cpu_local_of(cpu);

    __atomic_or_fetch(&target->work, WORK_SCHEDULE, __ATOMIC_SEQ_CST);
    if (target != cpu_local()) {
        apic_send(target->apic_id, IRQ_VECTOR_KICK);
    }
}

bool machine_preempt_wanted(void)
{
    struct cpu_local *local = cpu_local();

    if ((READ_ONCE(local->work) & WORK_SCHEDULE) != 0 || clock_deadline_is_due()) {
        return true;
    }
    return apic_requests(IRQ_VECTOR_DEVICE / 32) != 0;
}

void machine_wait_for_interrupt(void)
{
    if (percpu_take_work() == 0) {
        /* sti takes effect after the next instruction: no interrupt is lost between the two. */
        __asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
    }
}

uint32_t machine_port_in(uint16_t port, unsigned int bytes)
{
    return bytes == 1 ? port_in8(port) : bytes == 2 ? port_in16(port) : port_in32(port);
}

void machine_port_out(uint16_t port, unsigned int bytes, uint32_t value)
{
    if (bytes == 1) {
        port_out8(port, (uint8_t)value);
    } else if (bytes == 2) {
        port_out16(port, (uint16_t)value);
    } else {
        port_out32(port, value);
    }
}

void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    read_cpuid(leaf, subleaf, out);
}

volatile void *machine_map_device(maddr_t address, unsigned int pages)
{
    uint32_t first = __atomic_fetch_add(&fixmap_used, pages, __ATOMIC_RELAXED);
    uint64_t place = FIXMAP_START + first * PAGE_SIZE;

    if (first + pages > FIXMAP_PAGES || !frame_table_claim_device(mfn_from_maddr(address), pages)) {
        return NULL;
    }
    for (unsigned int i = 0; i < pages; i++) {
        *paging_entry(place + i * PAGE_SIZE) =
            pte_make(mfn_from_maddr(MADDR(address.a + i * PAGE_SIZE)),
                     PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL | PTE_NX |
                         PTE_PCD | PTE_PWT);
    }
    return (volatile void *)(place + (address.a & (PAGE_SIZE - 1)));
}
