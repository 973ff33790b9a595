/* SPDX-License-Identifier: MIT */
/*
 * A domain: what a guest owns and may do.
 *
 * Owns: the table of domains, their lifetime. Invariant: DM1 an id is not reused while a reference is held; DM2 alive, then
 * dying, then dead, never back; DM3 a dying domain acquires nothing (frames, maps, ports): whoever gives checks is_dying under the giving lock.
 * Locks: said per group of fields. Read next: domain.c, hypercall/hc_domctl.c.
 */
#pragma once

#include <public/xen.h>
#include <public/domctl.h>

#include "../lib/list.h"
#include "../lib/spinlock.h"
#include "../mm/addr.h"
#include "vcpu.h"

#define MAX_DOMAINS         4096 /* ids 0..4095; the table is an array of pointers */
#define MAX_DOMAIN_VCPUS    128
#define DOMAIN_FRAME_CHUNKS 4096 /* RAM is looked at in at most so many parts */

struct event_table;  /* comm/event_channel.c */
struct grant_table;  /* comm/grant_table.c */
struct pirq_table;   /* comm/pirq.c; NULL for a domain without devices */
struct console_line; /* comm/console.c; NULL until it writes */

enum domain_life { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

struct domain {
    domid_t id;
    bool is_privileged;         /* the control domain */
    bool is_hardware;           /* may be given devices, cache attributes, MMIO; dom0 */
    xen_domain_handle_t handle; /* uuid */
    uint32_t references;        /* atomic; domain_get, domain_put */

    /* Life; domain lock. */
    spinlock_t lock;
    enum domain_life life;
    uint32_t relinquish_stage;  /* resumable teardown, domain.c */
    bool is_shut_down;          /* all vCPUs stopped with shutdown_code */
    uint8_t shutdown_code;      /* SHUTDOWN_* */
    uint32_t pause_count;       /* atomic: each domain_pause counts 1, creation counts 1 */
    uint32_t controller_pauses; /* of those, the toolstack's: domain_controller_pause */
    bool dom0_pause;            /* one of controller_pauses is dom0_restart.c's */
    bool debugger_attached;     /* observe/debugger.c */
    char crash_reason[128];     /* "" unless crashed */
    uint32_t createdomain_flags;

    /* vCPUs: fixed after XEN_DOMCTL_max_vcpus / createdomain. */
    uint32_t max_vcpus;
    struct vcpu **vcpus; /* max_vcpus pointers, NULL until created */

    /* Memory; frame_list under the heap lock of frame_alloc.c. */
    uint32_t nr_frames; /* owned frames, all orders */
    uint32_t max_frames;
    struct shared_info *shared_info; /* hypervisor's pointer */
    mfn_t shared_info_frame;
    spinlock_t page_lock;          /* serialises this domain's page-table updates */
    cpumask_t dirty_cpus;          /* CPUs whose TLB may hold any of its translations */
    uint64_t relinquish_frame;     /* page_table_relinquish_memory goes on here; page_lock */
    struct memory_map *memory_map; /* hypercall/memory_maps.c: XENMEM_set_memory_map; NULL: none */
    uint64_t vm_assist;            /* VMASST_TYPE_* bits */
    uint64_t
        frame_chunks[DOMAIN_FRAME_CHUNKS / 64]; /* parts of RAM it ever had frames in; heap lock */
    uint32_t
        page_pending; /* mm/page_type.c: first table that waits to be taken apart; 0: none; page_lock */

    /* Scheduling. */
    uint32_t weight;      /* 256 is normal */
    uint32_t cap_percent; /* of one CPU; 0: no cap */
    uint64_t cap_paid_ns; /* when all it ran has passed at its cap's rate; runqueue lock */
    uint64_t cpu_time_ns; /* of vCPUs destroyed; the live ones have theirs in runstate */

    /* Communication. */
    struct event_table *events;
    bool has_polled; /* some vCPU used SCHEDOP_poll: a send looks for pollers */
    struct grant_table *grants;
    struct pirq_table *pirqs;
    struct domain_watchdogs *watchdogs; /* domain/guest_time.c; NULL until one is set */
    struct console_line *console_line;  /* console lock */
    uint64_t console_budget_ns;         /* when all it wrote has passed at its rate; console lock */

    /* Devices of a hardware domain. */
    uint8_t *io_port_bitmap; /* 65536 bits, set: allowed; NULL: none */
    int32_t time_offset_seconds;
};

/* domain list lock; read through domain_get. */
extern struct domain *domain_table[MAX_DOMAINS];
extern struct domain *hardware_domain; /* dom0 */

/* A reference, or NULL when there is none by that id or it is dead; a dying one is still found. DOMID_SELF is not resolved here. */
struct domain *domain_get(domid_t id);
/* One more on top of one that is held. */
void domain_hold(struct domain *d);
/* The last one frees the structure, and the id. Not under any lock. */
void domain_put(struct domain *d);
/* A reference to the living or dying domain with the least id that is at least `id`; NULL: none. */
struct domain *domain_get_next(uint32_t id);

/* The domain a hypercall's domid means: DOMID_SELF or own id: the caller; other: only a privileged caller. Holds a reference on success.
 * 0; -ESRCH no such domain; -EPERM not allowed. */
int domain_get_for_caller(domid_t id, struct domain **d);

/* A domain with everything but vCPUs and memory, paused once, one reference (its existence) for domain_kill to drop. id DOMID_INVALID: choose.
 * privileged: the control and hardware domain. -ENOMEM also when no id is left; -EEXIST the id is in use;
 * -EINVAL no vCPUs, too many, an HVM or IOMMU flag, a limit out of range; -EOPNOTSUPP emulated devices wanted. */
int domain_create(domid_t id, const struct xen_domctl_createdomain *config, bool privileged,
                  struct domain **d);
/* Creates the vCPUs. -EINVAL count is not what domain_create was told, or the caller's own domain; -ENOMEM. */
int domain_set_max_vcpus(struct domain *d, uint32_t count);
/* Starts or continues: 0 done (dead once the last reference goes), -ERESTART call again. Not for the caller's own domain (-EINVAL). */
int domain_kill(struct domain *d);
void domain_pause(struct domain *d); /* returns when no vCPU runs; not for the caller's own */
void domain_unpause(struct domain *d);
/* The toolstack's own pauses, counted: -EINVAL caller's own domain, or an unpause too many; -EBUSY 255 of them. */
int domain_controller_pause(struct domain *d);
int domain_controller_unpause(struct domain *d);
void domain_shutdown(struct domain *d, uint8_t reason); /* stops all vCPUs, raises VIRQ_DOM_EXC */
void domain_resume(struct domain *d);

/* The running vCPU of this CPU; the idle vCPU's domain is NULL. A variable of the test on the host. */
#if __STDC_HOSTED__
struct vcpu *current_vcpu(void);
#else
#include "../cpu/percpu.h"
#endif
static inline struct domain *current_domain(void)
{
    return current_vcpu()->domain;
}

/* Each vCPU that was created; a break ends nothing. */
#define FOR_EACH_VCPU(d, v)                                      \
    for (uint32_t v##_id = 0; v##_id < (d)->max_vcpus; v##_id++) \
        for (struct vcpu *v = (d)->vcpus[v##_id]; v != NULL; v = NULL)

static inline bool vcpu_is_runnable(const struct vcpu *v)
{
    return READ_ONCE(v->pause_flags) == 0 && READ_ONCE(v->pause_count) == 0 &&
           READ_ONCE(v->domain->pause_count) == 0;
}
