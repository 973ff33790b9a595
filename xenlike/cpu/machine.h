/* SPDX-License-Identifier: MIT */
/*
 * The seam between the core (mm, domain, comm, hypercall) and the processor. cpu/ implements it in
 * earnest; tests/fake/ implements it on the host, where memory, clock and faults are a test's to command.
 * Nothing outside boot/ and cpu/ contains assembly or names a register of the machine.
 */
#pragma once

#include "../mm/addr.h"
#include "../mm/layout.h"

struct vcpu;
struct domain;
struct vcpu_time_info;

#define MAX_CPUS 64
typedef uint64_t cpumask_t; /* bit n: CPU n */

/* --- RAM ------------------------------------------------------------------------------------- */

#if __STDC_HOSTED__
/* The fake machine's memory. */
void *machine_ram(maddr_t address);
maddr_t machine_ram_address(const void *pointer);
#else
static inline void *machine_ram(maddr_t address)
{
    return (void *)(DIRECT_MAP_START + address.a);
}
static inline maddr_t machine_ram_address(const void *pointer)
{
    return MADDR((uint64_t)pointer - DIRECT_MAP_START);
}
#endif
/* A frame of RAM in the direct map. */
static inline void *machine_frame(mfn_t mfn)
{
    return machine_ram(maddr_from_mfn(mfn));
}
static inline mfn_t machine_frame_of(const void *pointer)
{
    return mfn_from_maddr(machine_ram_address(pointer));
}

/* --- Memory of the running guest, through its own page tables -------------------------------- */

/* Bytes that could NOT be copied: 0 is success. The caller (mm/guest_access.c) has kept the range out of the
 * hypervisor's half; a fault is caught and ends the copy. */
size_t machine_copy_from_guest(void *destination, gva_t source, size_t size);
size_t machine_copy_to_guest(gva_t destination, const void *source, size_t size);
size_t machine_clear_guest(gva_t destination, size_t size);
/* The same for words of 8 bytes: 0 is success. */
size_t machine_copy_words_from_guest(void *destination, gva_t source, size_t words);
size_t machine_copy_words_to_guest(gva_t destination, const void *source, size_t words);
/* False: a fault, and value is as it was. */
bool machine_read_guest_u32(uint32_t *value, gva_t source);

/* --- Address translation ---------------------------------------------------------------------- */

/* Runs on this base table from here on: one CR3 load. With global, the entries marked G go too. */
void machine_load_base(mfn_t l4, bool global);
void machine_flush_page_local(gva_t address);
void machine_flush_local(bool global);
/* The same on every CPU of the mask (this one included when it is in it); returns when all have done it. */
void machine_flush_mask(cpumask_t mask, bool global);
void machine_flush_page_mask(cpumask_t mask, gva_t address);
/* Writes back and empties the data caches of every CPU. */
void machine_flush_cache(void);
/* Counts flushes: a frame stamped with a value less than or equal to the time of a CPU's last full flush is in no TLB of that CPU. */
#if __STDC_HOSTED__
uint32_t machine_flush_clock(void);
#else
extern uint32_t machine_flushes; /* cpu/flush.c */
static inline uint32_t machine_flush_clock(void)
{
    return __atomic_load_n(&machine_flushes, __ATOMIC_SEQ_CST) + 1;
}
#endif
/* CPUs of the mask that have not done a full flush since the stamp was taken. */
cpumask_t machine_flush_filter(cpumask_t mask, uint32_t stamp);

/* --- CPUs ------------------------------------------------------------------------------------- */

unsigned int machine_cpu(void);
cpumask_t machine_cpus_online(void);
/* Makes the CPU look at its work before it next enters a guest; wakes it from idle. */
void machine_kick(unsigned int cpu);
/* Halts until an interrupt has been handled; returns at once when work is pending. Idle only. */
void machine_wait_for_interrupt(void);
/* True when an interrupt, or work raised by kick, waits for this CPU: a long operation then stops (ERESTART). Bounded cost (tens of instructions). */
bool machine_preempt_wanted(void);

/* --- Time ------------------------------------------------------------------------------------- */

/* Nanoseconds since start, monotonic, the same on all CPUs. */
uint64_t machine_now_ns(void);
uint64_t machine_ticks(void); /* TSC */

/* Hypercalls of every CPU go through observe/trace.c's table from now on, or no longer. */
void machine_trace_calls(bool on);
/* Into the log: what was said before the last panic (observe/crash_record.c). */
void machine_print_crash_record(void);
uint64_t machine_tick_frequency_khz(void);
/* All but the version: ns = system_time + (((ticks - tsc_timestamp) << tsc_shift) * tsc_to_system_mul >> 32). */
void machine_clock_parameters(struct vcpu_time_info *time);
uint64_t machine_wall_clock_base_ns(void); /* ns since 1970 at system time 0 */
/* One-shot interrupt of this CPU at that time (timer_expired() is then called); UINT64_MAX: none. */
void machine_set_deadline(uint64_t when_ns);

/* --- The running vCPU's state in the processor -------------------------------------------------- */

/* After a change of what these name in the vCPU `current`, and only of it: load it into the machine. */
void machine_load_segments(
    struct vcpu
        *v); /* FS/GS bases, selectors: all of them, as in v; a refused selector: failsafe */
/* SEGBASE_FS, SEGBASE_GS_USER, SEGBASE_GS_KERNEL. The running vCPU's bases may be newer in the machine than in v->pv: these two
 * know. base is canonical. */
void machine_set_segment_base(struct vcpu *v, unsigned int which, uint64_t base);
uint64_t machine_get_segment_base(const struct vcpu *v, unsigned int which);
/* SEGBASE_GS_USER_SEL: loads the selector into the user half of GS; a refused one becomes null. */
void machine_load_user_gs(uint16_t selector);
/* The other mode's GS base becomes the current one. */
void machine_swap_gs(void);
void machine_load_cr4(const struct vcpu *v); /* the guest's bits of it */
void machine_load_xcr0(const struct vcpu *v);
void machine_load_gdt(
    const struct vcpu *v); /* its frames in the GDT window: only entries that differ are written */
void machine_load_ldt(const struct vcpu *v);
/* The FXSAVE image of a vCPU that does not run. False: it never used the FPU. -XEN_ENOMEM. */
bool machine_get_fpu(const struct vcpu *v, uint8_t image[512]);
int machine_set_fpu(struct vcpu *v, const uint8_t image[512]);
void machine_load_debug_registers(const struct vcpu *v);
void machine_load_task_switched(
    const struct vcpu *v); /* CR0.TS: for the guest, or for a first use of the FPU */

/* --- The machine's end and its console ------------------------------------------------------------ */

NORETURN void machine_stop(void); /* halts this CPU for good */
NORETURN void machine_power_off(void);
NORETURN void machine_reboot(void);

/* --- Devices -------------------------------------------------------------------------------------- */

uint32_t machine_port_in(uint16_t port, unsigned int bytes);
void machine_port_out(uint16_t port, unsigned int bytes, uint32_t value);
/* Device registers, uncached and not executable, for good; NULL: the fixed-map area is full. */
volatile void *machine_map_device(maddr_t address, unsigned int pages);
void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
