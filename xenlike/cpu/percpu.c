/* SPDX-License-Identifier: MIT */
/* A CPU's private pages, and the work it does before it enters a guest. */
#include "percpu.h"

#include "../boot/paging.h"
#include "../observe/trace.h"
#include "../domain/schedule.h"
#include "../domain/pv.h"
#include "../lib/print.h"
#include "../lib/string.h"
#include "entry.h"
#include "machine.h"
#include "registers.h"

#define PAGE_RIGHTS (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)
#define DATA_RIGHTS (PAGE_RIGHTS | PTE_WRITE | PTE_DIRTY | PTE_NX)

static void map_own_page(uint64_t address, uint64_t rights)
{
    *paging_entry(address) = pte_make(paging_frame(), rights);
}

static void map_stacks(uint64_t block)
{
    static const uint8_t emergency[] = {CPU_STACK_NMI, CPU_STACK_MCE, CPU_STACK_FAULT,
                                        CPU_STACK_DEBUG};

    for (size_t i = 0; i < ARRAY_SIZE(emergency); i++) {
        map_own_page(block + emergency[i] * PAGE_SIZE, DATA_RIGHTS);
    }
    for (uint64_t page = CPU_STACK_MAIN; page <= CPU_STACK_MAIN_LAST; page++) {
        map_own_page(block + page * PAGE_SIZE, DATA_RIGHTS);
    }
}

static void map_stub(uint64_t address)
{
    pte_t *entry = paging_entry(address);

    map_own_page(address, PAGE_RIGHTS);
    memcpy(machine_frame(pte_mfn(*entry)), entry_stubs, entry_stubs_size);
}

void percpu_create(unsigned int cpu)
{
    uint64_t area = PERCPU_START + (uint64_t)cpu * PERCPU_STRIDE;
    uint64_t block = area + PERCPU_STACK;
    struct cpu_local *local = cpu_local_of(cpu);

    map_stacks(block);
    map_stub(area + PERCPU_STUB);
    memset(local, 0, sizeof(*local));
    local->id = cpu;
    local->call_table = hypercall_table;
    local->syscall_target = (uint64_t)entry_syscall;
    local->compat_target = (uint64_t)entry_syscall_compat;
    local->deadline_ns = UINT64_MAX;
    local->deadline_ticks = UINT64_MAX;
    local->tss.io_map_base = sizeof(struct task_state);
    local->tss.ist[0] = block + (CPU_STACK_NMI + 1) * PAGE_SIZE;
    local->tss.ist[1] = block + (CPU_STACK_MCE + 1) * PAGE_SIZE;
    local->tss.ist[2] = block + (CPU_STACK_FAULT + 1) * PAGE_SIZE;
    local->tss.ist[3] = block + (CPU_STACK_DEBUG + 1) * PAGE_SIZE;
}

void machine_trace_calls(bool on)
{
    for (cpumask_t left = machine_cpus_online(); left != 0; left &= left - 1) {
        struct cpu_local *local = cpu_local_of((unsigned int)__builtin_ctzll(left));

        WRITE_ONCE(local->call_table,
                   on ? (const void *)trace_table : (const void *)hypercall_table);
    }
}

void percpu_enter(unsigned int cpu, void (*function)(void))
{
    entry_on_stack(cpu_local_of(cpu), function);
}

uint32_t percpu_take_work(void)
{
    uint32_t work = __atomic_exchange_n(&cpu_local()->work, 0, __ATOMIC_ACQ_REL);

    if ((work & WORK_NMI) != 0) {
        print("NMI on CPU %u\n", cpu_local()->id);
        if (hardware_domain != NULL && hardware_domain->vcpus[0] != NULL) {
            pv_raise_nmi(hardware_domain->vcpus[0]);
        }
    }
    return work;
}

void percpu_do_work(void)
{
    if ((percpu_take_work() & WORK_SCHEDULE) != 0) {
        schedule();
    }
    (void)pv_deliver_pending_nmi(current_vcpu());
}
