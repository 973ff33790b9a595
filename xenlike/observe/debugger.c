/* SPDX-License-Identifier: MIT */
/*
 * What a debugger needs of the hypervisor besides the registers (getvcpucontext): stops and memory.
 *
 * Invariant: DB1, DB2 (debugger.h). Locks: domain. Guest ABI: docs/abi/domctl.md. Read next: pv_traps.c, which asks.
 */
#include "debugger.h"

#include <public/errno.h>

#include "../comm/event_channel.h"
#include "../mm/guest_access.h"
#include "../mm/page_table.h"
#include "../domain/schedule.h"

#define MAX_PAUSES 255

bool debugger_takes(struct vcpu *v, uint32_t vector)
{
    struct domain *d = v->domain;

    if (likely(!d->debugger_attached) || !v->pv.in_kernel) {
        return false;
    }
    spin_lock(&d->lock);
    v->debugger_event = vector;
    d->controller_pauses++;
    __atomic_add_fetch(&d->pause_count, 1, __ATOMIC_SEQ_CST);
    spin_unlock(&d->lock);
    FOR_EACH_VCPU (d, each) {
        schedule_sleep(each);
    }
    event_channel_raise_global_virq(VIRQ_DEBUGGER);
    return true;
}

/* The part of a copy that lies in one page. 0 or an errno. */
static int copy_in_page(struct domain *d, gva_t address, gva_t buffer, size_t size, bool write)
{
    pte_t pte;

    if (d->vcpus[0] == NULL || !page_table_lookup(d->vcpus[0], address, &pte)) {
        return -XEN_EFAULT;
    }
    mfn_t mfn = pte_mfn(pte);
    if (write ? frame_get_and_type(mfn, d, FRAME_WRITABLE) != 0 : !frame_get(mfn, d)) {
        return -XEN_EFAULT;
    }
    char *bytes = (char *)machine_frame(mfn) + (address.v & (PAGE_SIZE - 1));
    int result =
        write ? guest_access_read(bytes, buffer, size) : guest_access_write(buffer, bytes, size);

    if (write) {
        frame_put_and_type(mfn);
    } else {
        frame_put(mfn);
    }
    return result;
}

uint32_t debugger_copy(struct domain *d, gva_t address, gva_t buffer, uint32_t size, bool write)
{
    while (size != 0) {
        uint32_t room = (uint32_t)(PAGE_SIZE - (address.v & (PAGE_SIZE - 1)));
        uint32_t part = size < room ? size : room;

        if (!guest_access_range_ok(address, part) ||
            copy_in_page(d, address, buffer, part, write) != 0) {
            break;
        }
        address.v += part;
        buffer.v += part;
        size -= part;
    }
    return size;
}

int debugger_pause_vcpu(struct vcpu *v)
{
    spin_lock(&v->domain->lock);
    bool room = v->debugger_pauses < MAX_PAUSES;
    v->debugger_pauses += room ? 1 : 0;
    spin_unlock(&v->domain->lock);
    if (!room) {
        return -XEN_EBUSY;
    }
    __atomic_add_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST);
    schedule_sleep_sync(v);
    return 0;
}

int debugger_unpause_vcpu(struct vcpu *v)
{
    spin_lock(&v->domain->lock);
    bool paused = v->debugger_pauses != 0;
    v->debugger_pauses -= paused ? 1 : 0;
    spin_unlock(&v->domain->lock);
    if (!paused) {
        return -XEN_EINVAL;
    }
    if (__atomic_sub_fetch(&v->pause_count, 1, __ATOMIC_SEQ_CST) == 0) {
        schedule_wake(v);
    }
    return 0;
}
