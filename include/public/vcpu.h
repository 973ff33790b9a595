/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op(cmd, vcpuid, arg): bring vCPUs up and down, their run states, timers and shared areas.
 * Unless said otherwise a vCPU may name any vCPU of its own domain.
 */
#ifndef __XEN_PUBLIC_VCPU_H__
#define __XEN_PUBLIC_VCPU_H__

#include "xen.h"

/* arg: struct vcpu_guest_context. The vCPU must be down; only the first time does anything. */
#define VCPUOP_initialise 0
/* No arg. The vCPU must have been initialised. */
#define VCPUOP_up 1
/* No arg. Takes effect at the vCPU's next entry; a later up resumes it where it stopped. */
#define VCPUOP_down 2
/* No arg. 1 up, 0 down. */
#define VCPUOP_is_up 3

/* arg: struct vcpu_runstate_info, filled in. */
#define VCPUOP_get_runstate_info 4
struct vcpu_runstate_info {
    int state;                 /* RUNSTATE_* */
    uint64_t state_entry_time; /* system time, ns; bit 63: see XEN_RUNSTATE_UPDATE */
    uint64_t time[4];          /* ns spent in each state before state_entry_time */
};
typedef struct vcpu_runstate_info vcpu_runstate_info_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_runstate_info_t);
/* Set in state_entry_time while the area is written, with VMASST_TYPE_runstate_update_flag. */
#define XEN_RUNSTATE_UPDATE (1ULL << 63)

#define RUNSTATE_running  0 /* on a CPU */
#define RUNSTATE_runnable 1 /* wants a CPU */
#define RUNSTATE_blocked  2 /* waits for an event */
#define RUNSTATE_offline  3 /* down, paused, or its domain shut down */

/* arg: where to keep a runstate up to date for the guest to read. A linear address, valid whenever
 * the vCPU is entered; own vCPU only is what makes sense. */
#define VCPUOP_register_runstate_memory_area 5
struct vcpu_register_runstate_memory_area {
    union {
        XEN_GUEST_HANDLE(vcpu_runstate_info_t) h;
        struct vcpu_runstate_info *v;
        uint64_t p;
    } addr;
};
typedef struct vcpu_register_runstate_memory_area vcpu_register_runstate_memory_area_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_register_runstate_memory_area_t);

/* Own vCPU only: VIRQ_TIMER every period_ns. */
#define VCPUOP_set_periodic_timer  6
#define VCPUOP_stop_periodic_timer 7 /* no arg */
struct vcpu_set_periodic_timer {
    uint64_t period_ns;
};
typedef struct vcpu_set_periodic_timer vcpu_set_periodic_timer_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_set_periodic_timer_t);

/* Own vCPU only: VIRQ_TIMER once, at an absolute system time. */
#define VCPUOP_set_singleshot_timer  8
#define VCPUOP_stop_singleshot_timer 9 /* no arg */
struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags; /* VCPU_SSHOTTMR_* */
};
typedef struct vcpu_set_singleshot_timer vcpu_set_singleshot_timer_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_set_singleshot_timer_t);
/* A time that has passed is refused (-XEN_ETIME) instead of expiring at once. */
#define _VCPU_SSHOTTMR_future 0
#define VCPU_SSHOTTMR_future  (1U << _VCPU_SSHOTTMR_future)

/* arg: a frame of the guest and an offset in it where vcpu_info lives from now on. Once per vCPU. */
#define VCPUOP_register_vcpu_info 10
struct vcpu_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset; /* bytes; the structure may not cross the page's end */
    uint32_t rsvd;
};
typedef struct vcpu_register_vcpu_info vcpu_register_vcpu_info_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_register_vcpu_info_t);

/* No arg. */
#define VCPUOP_send_nmi 11

/* arg: the processor a pinned dom0 vCPU runs on: APIC id, and ACPI id in the upper half. */
#define VCPUOP_get_physid 12
struct vcpu_get_physid {
    uint64_t phys_id;
};
typedef struct vcpu_get_physid vcpu_get_physid_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_get_physid_t);
#define xen_vcpu_physid_to_x86_apicid(physid) ((uint32_t)(physid))
#define xen_vcpu_physid_to_x86_acpiid(physid) ((uint32_t)((physid) >> 32))

/* arg: where to keep a copy of the vCPU's time information, for user mode to map. */
#define VCPUOP_register_vcpu_time_memory_area 13
DEFINE_XEN_GUEST_HANDLE(vcpu_time_info_t);
struct vcpu_register_time_memory_area {
    union {
        XEN_GUEST_HANDLE(vcpu_time_info_t) h;
        struct vcpu_time_info *v;
        uint64_t p;
    } addr;
};
typedef struct vcpu_register_time_memory_area vcpu_register_time_memory_area_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_register_time_memory_area_t);

#endif
