/* SPDX-License-Identifier: MIT */
/*
 * Domains: the table, references, creation, pausing, shutdown and death.
 *
 * Owns: domain_table, struct domain's life. Invariants DM1 to DM3: domain.h.
 * A domain is alive from domain_create on; domain_kill makes it dying and takes away, stage by stage, all it holds;
 * it is dead, and its id free, when the last reference goes. Frames of its own that others still map keep references.
 * Locks: domain list, domain. Guest ABI: docs/abi/domctl.md. Read next: domain_crash.c, hypercall/hc_domctl.c.
 */
#include "domain.h"

#include <public/errno.h>
#include <public/sched.h>

#include "../comm/console.h"
#include "../comm/event_channel.h"
#include "../comm/grant_table.h"
#include "../comm/pirq.h"
#include "../lib/check.h"
#include "../lib/print.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/page_table.h"
#include "dom0_restart.h"
#include "domain_devices.h"
#include "schedule.h"

#define NORMAL_WEIGHT         256
#define MAX_CONTROLLER_PAUSES 255

struct domain *domain_table[MAX_DOMAINS];
struct domain *hardware_domain;

static spinlock_t domain_list_lock = SPINLOCK_INIT;
static uint32_t domain_last_id; /* chosen last; domain list lock */

/* --- References -------------------------------------------------------------------------------- */

struct domain *domain_get(domid_t id)
{
    if (id >= MAX_DOMAINS) {
        return NULL;
    }
    spin_lock(&domain_list_lock);
    struct domain *d = domain_table[id];
    if (d != NULL && d->references != 0) {
        domain_hold(d);
    } else {
        d = NULL;
    }
    spin_unlock(&domain_list_lock);
    return d;
}

struct domain *domain_get_next(uint32_t id)
{
    for (; id < MAX_DOMAINS; id++) {
        if (domain_table[id] != NULL) {
            struct domain *d = domain_get((domid_t)id);
            if (d != NULL) {
                return d;
            }
        }
    }
    return NULL;
}

void domain_hold(struct domain *d)
{
    __atomic_add_fetch(&d->references, 1, __ATOMIC_RELAXED);
}

int domain_get_for_caller(domid_t id, struct domain **d)
{
    struct domain *caller = current_domain();
    if (id == DOMID_SELF || id == caller->id) {
        domain_hold(caller);
        *d = caller;
        return 0;
    }
    struct domain *other = domain_get(id);
    if (other == NULL) {
        return -XEN_ESRCH;
    }
    if (!caller->is_privileged) {
        domain_put(other);
        return -XEN_EPERM;
    }
    *d = other;
    return 0;
}

/* Undoes domain_create and domain_set_max_vcpus, whole or half done. */
static void domain_destroy(struct domain *d)
{
    console_guest_flush(d);
    for (uint32_t i = 0; d->vcpus != NULL && i < d->max_vcpus; i++) {
        if (d->vcpus[i] != NULL) {
            vcpu_destroy(d->vcpus[i]);
        }
    }
    hv_free(d->vcpus);
    pirq_destroy(d);
    grant_table_destroy(d);
    event_channel_destroy(d);
    domain_devices_destroy(d);
    hv_free(d->console_line);
    if (d->shared_info != NULL) {
        frame_unshare(d->shared_info_frame);
    }
}

/* DM1: the id leaves the table last. */
static void domain_free(struct domain *d)
{
    domain_destroy(d);
    spin_lock(&domain_list_lock);
    if (hardware_domain == d) {
        hardware_domain = NULL;
    }
    domain_table[d->id] = NULL;
    spin_unlock(&domain_list_lock);
    hv_free(d);
}

void domain_put(struct domain *d)
{
    if (__atomic_sub_fetch(&d->references, 1, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    d->life = DOMAIN_DEAD;
    domain_free(d);
    event_channel_raise_global_virq(VIRQ_DOM_EXC);
}

/* --- Creation ------------------------------------------------------------------------------------ */

static int config_check(const struct xen_domctl_createdomain *config)
{
    const uint32_t offered =
        XEN_DOMCTL_CDF_s3_integrity | XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_xs_domain;
    if ((config->flags & ~offered) != 0 || config->iommu_opts != 0) {
        return -XEN_EINVAL;
    }
    if (config->max_vcpus == 0 || config->max_vcpus > MAX_DOMAIN_VCPUS) {
        return -XEN_EINVAL;
    }
    if (config->vmtrace_size != 0 || config->cpupool_id != 0 ||
        (config->grant_opts & ~(uint32_t)XEN_DOMCTL_GRANT_version_mask) != 0 ||
        (config->arch.misc_flags & ~XEN_X86_MSR_RELAXED) != 0) {
        return -XEN_EINVAL;
    }
    if ((config->arch.emulation_flags & ~XEN_X86_EMU_PIT) != 0) {
        return -XEN_EOPNOTSUPP;
    }
    return 0;
}

/* The next id that is free, after the one chosen last: an id comes back as late as possible. 0 is never chosen. */
static int choose_id(domid_t *id) MUST_HOLD(domain_list_lock)
{
    uint32_t candidate = domain_last_id;
    for (uint32_t i = 1; i < MAX_DOMAINS; i++) {
        candidate = candidate + 1 < MAX_DOMAINS ? candidate + 1 : 1;
        if (domain_table[candidate] == NULL) {
            domain_last_id = candidate;
            *id = (domid_t)candidate;
            return 0;
        }
    }
    return -XEN_ENOMEM;
}

/* Puts the domain, which nobody finds before it has a reference, into the table. */
static int enter_table(struct domain *d, domid_t id)
{
    int result = 0;
    spin_lock(&domain_list_lock);
    if (id == DOMID_INVALID) {
        result = choose_id(&id);
    } else if (id >= MAX_DOMAINS) {
        result = -XEN_EINVAL;
    } else if (domain_table[id] != NULL) {
        result = -XEN_EEXIST;
    }
    if (result == 0) {
        d->id = id;
        domain_table[id] = d;
    }
    spin_unlock(&domain_list_lock);
    return result;
}

static int create_shared_info(struct domain *d)
{
    mfn_t frame = frame_alloc_one();
    if (!mfn_valid_value(frame)) {
        return -XEN_ENOMEM;
    }
    frame_share_with_guest(frame, d, false);
    d->shared_info_frame = frame;
    d->shared_info = machine_frame(frame);
    return 0;
}

static int create_parts(struct domain *d, const struct xen_domctl_createdomain *config)
{
    d->vcpus = hv_alloc(config->max_vcpus * sizeof(struct vcpu *));
    if (d->vcpus == NULL) {
        return -XEN_ENOMEM;
    }
    int result = create_shared_info(d);
    if (result == 0) {
        result = event_channel_init(d, config->max_evtchn_port);
    }
    if (result == 0) {
        result = grant_table_init(d, config->max_grant_frames, config->max_maptrack_frames,
                                  XEN_DOMCTL_GRANT_version(config->grant_opts));
    }
    if (result == 0) {
        result = domain_devices_init(d);
    }
    return result;
}

int domain_create(domid_t id, const struct xen_domctl_createdomain *config, bool privileged,
                  struct domain **created)
{
    int result = config_check(config);
    if (result != 0) {
        return result;
    }
    struct domain *d = hv_alloc(sizeof(*d));
    if (d == NULL) {
        return -XEN_ENOMEM;
    }
    result = enter_table(d, id);
    if (result != 0) {
        hv_free(d);
        return result;
    }
    d->is_privileged = privileged;
    d->is_hardware = privileged;
    d->life = DOMAIN_ALIVE;
    d->pause_count = 1;
    d->weight = NORMAL_WEIGHT;
    d->max_vcpus = config->max_vcpus;
    d->createdomain_flags = config->flags;
    d->shared_info_frame = INVALID_MFN;
    memcpy(d->handle, config->handle, sizeof(d->handle));
    result = create_parts(d, config);
    if (result != 0) {
        domain_free(d);
        return result;
    }
    if (privileged) {
        hardware_domain = d;
    }
    __atomic_store_n(&d->references, 1, __ATOMIC_RELEASE);
    *created = d;
    return 0;
}

int domain_set_max_vcpus(struct domain *d, uint32_t count)
{
    if (count != d->max_vcpus || current_vcpu()->domain == d || d->life != DOMAIN_ALIVE) {
        return -XEN_EINVAL;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (d->vcpus[i] == NULL) {
            struct vcpu *v = vcpu_create(d, i);
            if (v == NULL) {
                return -XEN_ENOMEM;
            }
            d->vcpus[i] = v;
        }
    }
    return 0;
}

/* --- Running and not ------------------------------------------------------------------------------ */

void domain_pause(struct domain *d)
{
    __atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
    FOR_EACH_VCPU (d, v) {
        schedule_sleep_sync(v);
    }
}

void domain_unpause(struct domain *d)
{
    if (__atomic_sub_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST) != 0) {
        return;
    }
    FOR_EACH_VCPU (d, v) {
        schedule_wake(v);
    }
}

/* One pause more or less, of at most MAX_CONTROLLER_PAUSES; false: there is no room for it, or none to end. */
static bool count_controller_pause(struct domain *d, int change)
{
    spin_lock(&d->lock);
    uint32_t pauses = d->controller_pauses + (uint32_t)change;
    bool possible = pauses <= MAX_CONTROLLER_PAUSES; /* -1 is not */
    d->controller_pauses = possible ? pauses : d->controller_pauses;
    d->dom0_pause &= change > 0;
    spin_unlock(&d->lock);
    return possible;
}

int domain_controller_pause(struct domain *d)
{
    if (d == current_domain()) {
        return -XEN_EINVAL;
    }
    if (!count_controller_pause(d, 1)) {
        return -XEN_EBUSY;
    }
    domain_pause(d);
    return 0;
}

int domain_controller_unpause(struct domain *d)
{
    if (d == current_domain() || !count_controller_pause(d, -1)) {
        return -XEN_EINVAL;
    }
    domain_unpause(d);
    return 0;
}

/* --- Shutdown and death --------------------------------------------------------------------------- */

/* The machine ends with the domain that drives it. */
static void machine_end(uint8_t reason)
{
    bool again = reason == SHUTDOWN_reboot || reason == SHUTDOWN_watchdog;
    print("hardware domain shut down (reason %u): the machine %s\n", reason,
          again                      ? "restarts"
          : reason == SHUTDOWN_crash ? "halts after a crash"
                                     : "powers off");
    if (again) {
        machine_reboot();
    }
    machine_power_off();
}

void domain_shutdown(struct domain *d, uint8_t reason)
{
    if (reason == SHUTDOWN_crash && d->crash_reason[0] == '\0') {
        /* The kernel gave up, and may be unable to say why: Linux is mute on a CPU not yet online. */
        domain_crash(d, "its kernel asked for the end");
        return;
    }
    if (d->is_hardware && (reason != SHUTDOWN_crash || !dom0_restart_begin(d))) {
        machine_end(reason);
    }
    spin_lock(&d->lock);
    bool first = !d->is_shut_down;
    if (first) {
        d->is_shut_down = true;
        d->shutdown_code = reason;
        FOR_EACH_VCPU (d, v) {
            __atomic_or_fetch(&v->pause_flags, VCPU_SHUTDOWN, __ATOMIC_SEQ_CST);
            schedule_sleep(v);
        }
    }
    spin_unlock(&d->lock);
    if (first) {
        event_channel_raise_global_virq(VIRQ_DOM_EXC);
    }
}

void domain_resume(struct domain *d)
{
    domain_pause(d);
    spin_lock(&d->lock);
    d->is_shut_down = false;
    d->shutdown_code = 0;
    d->crash_reason[0] = '\0';
    FOR_EACH_VCPU (d, v) {
        __atomic_and_fetch(&v->pause_flags, ~VCPU_SHUTDOWN, __ATOMIC_SEQ_CST);
    }
    spin_unlock(&d->lock);
    domain_unpause(d);
}

static int relinquish_vcpus(struct domain *d)
{
    FOR_EACH_VCPU (d, v) {
        int result = page_table_drop_bases(v);
        if (result != 0) {
            return result;
        }
        vcpu_relinquish(v);
    }
    return 0;
}

static int relinquish_pirqs(struct domain *d)
{
    pirq_relinquish(d);
    return 0;
}

/* What a dying domain loses, in this order; each stage is called again while it returns -ERESTART. Devices first: nothing may
 * write to its memory when that is freed. vCPUs before page tables, which their bases hold. */
static int (*const relinquish_stages[])(struct domain *) = {
    relinquish_pirqs,       event_channel_relinquish,     relinquish_vcpus,
    grant_table_relinquish, page_table_relinquish_memory,
};

int domain_kill(struct domain *d)
{
    if (d == current_domain()) {
        return -XEN_EINVAL;
    }
    spin_lock(&d->lock);
    bool first = d->life == DOMAIN_ALIVE;
    d->life = first ? DOMAIN_DYING : d->life;
    spin_unlock(&d->lock);
    if (first) {
        domain_pause(d);
    }
    while (d->relinquish_stage < ARRAY_SIZE(relinquish_stages)) {
        int result = relinquish_stages[d->relinquish_stage](d);
        if (result != 0) {
            return result;
        }
        if (++d->relinquish_stage == ARRAY_SIZE(relinquish_stages)) {
            event_channel_raise_global_virq(VIRQ_DOM_EXC);
            domain_put(d); /* its existence: the caller holds another */
            return 0;
        }
        if (machine_preempt_wanted()) {
            return -XEN_ERESTART;
        }
    }
    return 0;
}
