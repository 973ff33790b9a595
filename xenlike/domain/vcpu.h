/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU.
 *
 * Owns: struct vcpu; its creation, pausing and the flags that keep it from running.
 * Invariant: VC1 a vCPU runs only when pause_flags is 0 and both pause counts are 0.
 *            VC2 regs of a vCPU that is not running hold its whole register state; of the running one, they are whole once entry.S
 *                took the slow path (domain and hypercall code always sees whole regs).
 * Locks: said per group of fields. Read next: domain.h, cpu/entry.S.
 */
#pragma once

#include <public/xen.h>
#include <public/vcpu.h>

#include "../cpu/machine.h"
#include "../lib/list.h"
#include "../lib/spinlock.h"
#include "timer.h"

struct domain;
struct frame;
struct fpu_state;
struct cpu_local;

/* Why a vCPU is not runnable (atomic bits of pause_flags). */
#define VCPU_BLOCKED  (1u << 0) /* SCHEDOP_block: an event ends it */
#define VCPU_DOWN     (1u << 1) /* not brought up, or down */
#define VCPU_POLLING  (1u << 2) /* SCHEDOP_poll */
#define VCPU_SHUTDOWN (1u << 3) /* its domain shut down; waits for the toolstack */
#define VCPU_CAPPED   (1u << 4) /* its domain ran for all that its cap allows; a timer ends it */

/* Where an exception or event enters the guest kernel. */
struct guest_callback {
    uint64_t address; /* 0: not registered */
    bool mask_events; /* CALLBACKF_mask_events, or TI */
};

/* A trap-table entry as kept here; the address is canonical, cs has RPL 3. */
struct guest_trap {
    uint64_t address;
    uint16_t cs;
    uint8_t dpl;
    bool mask_events;
};

#define GUEST_GDT_FRAMES 14
#define GUEST_LDT_MAX    8192
#define GUEST_LDT_FRAMES 16

struct pv_vcpu {
    struct guest_trap *traps; /* 256, allocated when first used; NULL: none */
    struct guest_callback event, failsafe, syscall, syscall32, sysenter;
    uint64_t kernel_sp; /* stack for entries from user mode */
    uint16_t kernel_ss;
    uint8_t iopl;       /* 0..3, virtual */
    bool in_kernel;     /* guest-kernel mode: kernel base, kernel GS */
    bool task_switched; /* guest-visible CR0.TS */
    bool nmi_pending,
        in_nmi; /* one waits for delivery; one is being handled, until the next iret */
    uint64_t fs_base, gs_base_kernel,
        gs_base_user; /* as last set; with FSGSBASE the machine's may be newer while running */
    uint64_t cr4;     /* guest-visible bits the guest set (TSD, DE, FSGSBASE, OSXSAVE) */
    uint64_t debug_registers[8];
    mfn_t gdt_frames
        [GUEST_GDT_FRAMES]; /* INVALID_MFN when absent; each holds a seg_desc type reference */
    uint32_t gdt_entries;
    mfn_t ldt_frames[GUEST_LDT_FRAMES]; /* the same for the LDT's pages */
    uint64_t ldt_base;
    uint32_t ldt_entries;
    gva_t io_bitmap; /* PHYSDEVOP_set_iobitmap: of the guest's, read at each use */
    uint32_t io_bitmap_ports;
};

struct vcpu {
    /* The register area: hardware pushes its frame to the end of `rip..ss` here (RSP0 = &regs.es, which must be 16-byte aligned).
     * cpu/offsets.c generates the assembler's view. */
    uint64_t register_area_alignment;
    struct cpu_user_regs regs __attribute__((aligned(8)));
    struct cpu_local *cpu_stack; /* top of the stack of the CPU it runs on; cpu/switch.c */

    struct domain *domain;
    uint32_t id;
    uint32_t processor; /* CPU it runs on or last ran on; runqueue lock */

    /* Page tables: each base holds a general and an L4 type reference (PT5). mm lock of the domain. */
    mfn_t kernel_base;    /* INVALID_MFN before a context is set */
    mfn_t user_base;      /* INVALID_MFN: none; iret to user mode then crashes the domain */
    cpumask_t dirty_cpus; /* CPUs whose TLB may hold its translations */

    /* Running or not. Atomic. */
    uint32_t pause_flags;     /* VCPU_* */
    uint32_t pause_count;     /* by the hypervisor itself */
    bool initialised;         /* a context was given */
    uint32_t debugger_event;  /* the vector its debugger has not heard of, 0: none; domain lock */
    uint32_t debugger_pauses; /* those of pause_count that are the debugger's; domain lock */

    /* Scheduler; runqueue lock. */
    struct {
        struct heap_node node; /* among the runnable ones that wait */
        uint64_t virtual_time; /* weighted ns, for picking the next */
        uint64_t entered_ns;   /* when it last got the CPU, or was last charged */
        bool running;
        bool yielded;
        bool pinned;            /* SCHEDOP_pin_override */
        uint32_t target;        /* the CPU it shall run on next */
        struct timer cap_timer; /* ends VCPU_CAPPED */
    } sched;
    uint64_t hard_affinity, soft_affinity; /* CPUs, as the toolstack said; domctl lock */

    /* Run states (public/vcpu.h), runqueue lock. */
    struct vcpu_runstate_info runstate;
    gva_t runstate_area; /* 0: none; written when the vCPU is entered after a change */
    gva_t time_area;

    /* Events: comm/event_channel.c. */
    struct vcpu_info *
        info; /* hypervisor's pointer, in shared_info or in a registered frame; &event_channel_no_info for ids >= 32 before registration */
    mfn_t info_frame;             /* INVALID_MFN while in shared_info */
    uint32_t virq_port[NR_VIRQS]; /* 0: unbound; domain's event lock */
    uint32_t poll_port;           /* SCHEDOP_poll: 0 not polling on one; ~0: several */

    /* Timers: domain/guest_time.c. */
    struct timer singleshot_timer; /* VCPUOP_set_singleshot_timer, set_timer_op */
    struct timer periodic_timer;
    struct timer poll_timer;
    uint64_t periodic_ns;      /* 0: no periodic timer */
    uint64_t periodic_next_ns; /* when the next period ends; it counts only while the vCPU runs */
    uint64_t time_stamp_published; /* clock epoch last written to info->time */

    struct pv_vcpu pv;
    struct fpu_state *fpu; /* NULL until first used: cpu/fpu.c */
    uint64_t xcr0;

    /* A multicall in progress: where a preempted entry continues (hypercall/hc_multicall.c). */
    bool in_multicall;
    bool multicall_ended;     /* an iret in the list ended it */
    bool multicall_preempted; /* the entry is to be called again, as multicall_call says */
    struct multicall_entry multicall_call;
};

/* Crashes v's domain from guest-caused trouble too late to refuse; the reason reaches the user. Returns; the vCPU runs no more. */
void domain_crash(struct domain *d, const char *format, ...) PRINTF_LIKE(2, 3);

struct vcpu *vcpu_create(struct domain *d,
                         uint32_t id); /* NULL: no memory; down, not initialised */
/* VCPUOP_initialise: -EINVAL no vcpu_info yet or a bad context; -ENOMEM; -EFAULT; -EEXIST initialised already. */
int vcpu_initialise(struct vcpu *v, gva_t context);
/* -EINVAL not initialised. */
int vcpu_up(struct vcpu *v);
/* The domain's last one: the domain powers off. */
void vcpu_down(struct vcpu *v);
void vcpu_destroy(struct vcpu *v);
/* Once, of a domain that is being killed, when v runs nowhere: stops its timers, drops the frames of its GDT. */
void vcpu_relinquish(struct vcpu *v);
/* arch state from a context checked field by field; 0, -EINVAL (bad frame, base, callback), -EBUSY; v must not be running. (pv_context.c) */
int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *context);
void vcpu_get_context(const struct vcpu *v, struct vcpu_guest_context *context);
