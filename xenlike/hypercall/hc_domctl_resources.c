/* SPDX-License-Identifier: MIT */
/*
 * domctl: memory, devices, the hypercall page, time.
 * Guest ABI: docs/abi/domctl.md. Read next: domain/domain_devices.c.
 */
#include "../comm/pirq.h"
#include "../domain/domain_devices.h"
#include "../domain/guest_time.h"
#include "../mm/frame_table.h"
#include "../mm/guest_access.h"
#include "domctl_internal.h"

#define MAX_FRAMEINFO 1024

int hc_domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
    uint64_t frames = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);
    WRITE_ONCE(d->max_frames, (uint32_t)min_u64(frames, 0xfffffffe));
    return 0;
}

/* --- The hypercall page -------------------------------------------------------------------------------------------- */

int hc_domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
    mfn_t mfn = MFN(op->u.hypercall_init.gmfn);
    if (frame_get_and_type(mfn, d, FRAME_WRITABLE) != 0) {
        return -XEN_EINVAL;
    }
    hypercall_page_fill(machine_frame(mfn));
    frame_put_and_type(mfn);
    return 0;
}

/* --- What frames are used for ----------------------------------------------------------------------------------------- */

static xen_pfn_t frame_info(struct domain *d, mfn_t mfn)
{
    static const uint32_t names[] = {
        [FRAME_L1] = XEN_DOMCTL_PFINFO_L1TAB,
        [FRAME_L2] = XEN_DOMCTL_PFINFO_L2TAB,
        [FRAME_L3] = XEN_DOMCTL_PFINFO_L3TAB,
        [FRAME_L4] = XEN_DOMCTL_PFINFO_L4TAB,
    };
    if (!frame_get(mfn, d)) {
        return XEN_DOMCTL_PFINFO_XTAB;
    }
    enum frame_type type = frame_current_type(mfn);
    frame_put(mfn);
    return type < ARRAY_SIZE(names) ? names[type] : XEN_DOMCTL_PFINFO_NOTAB;
}

int hc_domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op)
{
    uint64_t count = op->u.getpageframeinfo3.num;
    if (count > MAX_FRAMEINFO) {
        return -XEN_E2BIG;
    }
    for (uint64_t i = 0; i < count; i++) {
        xen_pfn_t word;
        if (copy_from_guest_offset(&word, op->u.getpageframeinfo3.array, i) != 0) {
            return -XEN_EFAULT;
        }
        word = frame_info(d, MFN(word));
        if (copy_to_guest_offset(op->u.getpageframeinfo3.array, i, &word) != 0) {
            return -XEN_EFAULT;
        }
    }
    return 0;
}

/* --- Devices ------------------------------------------------------------------------------------------------------------ */

/* Interrupts and device memory belong to the hardware domain alone: it has them already, and others may only be denied. */
static int permission_of_hardware(const struct domain *d, bool allow)
{
    return !allow || d->is_hardware ? 0 : -XEN_EPERM;
}

DOMCTL(hc_domctl_irq_permission,
       op->u.irq_permission.pirq < NR_PIRQS
           ? permission_of_hardware(d, op->u.irq_permission.allow_access != 0)
           : -XEN_EINVAL)

int hc_domctl_iomem_permission(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_iomem_permission *range = &op->u.iomem_permission;
    uint64_t end;
    if (range->nr_mfns == 0 || ckd_add(&end, range->first_mfn, range->nr_mfns) ||
        end > UINT64_C(1) << (MADDR_BITS - PAGE_SHIFT)) {
        return -XEN_EINVAL;
    }
    return permission_of_hardware(d, range->allow_access != 0);
}

DOMCTL(hc_domctl_ioport_permission,
       domain_devices_permit_ports(d, op->u.ioport_permission.first_port,
                                   op->u.ioport_permission.nr_ports,
                                   op->u.ioport_permission.allow_access != 0))

/* --- The rest -------------------------------------------------------------------------------------------------------------- */

DOMCTL(hc_domctl_set_address_size, op->u.address_size.size == 64 ? 0 : -XEN_EINVAL)
DOMCTL(hc_domctl_get_address_size, (op->u.address_size.size = 64, DOMCTL_COPY_BACK))

int hc_domctl_settimeoffset(struct domain *d, struct xen_domctl *op)
{
    int64_t seconds = op->u.settimeoffset.time_offset_seconds;
    if (seconds != (int32_t)seconds) {
        return -XEN_EINVAL;
    }
    d->time_offset_seconds = (int32_t)seconds;
    guest_time_publish_wall_clock(d);
    return 0;
}
