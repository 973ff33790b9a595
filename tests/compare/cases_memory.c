/* SPDX-License-Identifier: MIT */
/* memory_op: reservations, with extents that cannot be. */
#include <string.h>

#include <public/memory.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>

#include "compare.h"

static long reserve(unsigned int command, unsigned long *frames, unsigned long count,
                    unsigned int order, uint16_t domid)
{
    struct xen_memory_reservation reservation;
    memset(&reservation, 0, sizeof(reservation));
    set_xen_guest_handle(reservation.extent_start, frames);
    reservation.nr_extents = count;
    reservation.extent_order = order;
    reservation.domid = domid;
    return hypercall_memory_op(command, &reservation);
}

void cases_memory(void)
{
    struct spare_page page = spare_page();
    unsigned long mfn = page.mfn, pfn = memory_pfn_of(page.address), none = ~0ul >> 12;
    domid_t domid = DOMID_SELF;
    struct xen_machphys_mapping mapping;
    show("decrease.mapped page", reserve(XENMEM_decrease_reservation, &mfn, 1, 0, DOMID_SELF));
    (void)spare_map(page, 0);
    mfn = pfn;
    show("populate.pfn", reserve(XENMEM_populate_physmap, &mfn, 1, 0, DOMID_SELF));
    page.mfn = mfn;
    memory_set_p2m(pfn, mfn);
    show("populate.map the new frame", spare_map(page, ENTRY_PRESENT | ENTRY_WRITE));
    show("populate.zeroed", *(volatile unsigned char *)page.address);
    show("decrease.no frame", reserve(XENMEM_decrease_reservation, &none, 1, 0, DOMID_SELF));
    show("decrease.nothing", reserve(XENMEM_decrease_reservation, &none, 0, 0, DOMID_SELF));
    show("decrease.order 64", reserve(XENMEM_decrease_reservation, &none, 1, 64, DOMID_SELF));
    show("populate.order 64", reserve(XENMEM_populate_physmap, &none, 1, 64, DOMID_SELF));
    show("populate.2^60 extents",
         reserve(XENMEM_populate_physmap, &none, 1ul << 60, 0, DOMID_SELF));
    show("populate.no such domain", reserve(XENMEM_populate_physmap, &none, 1, 0, 999));
    show("populate.list not mapped",
         reserve(XENMEM_populate_physmap, (unsigned long *)NOT_MAPPED, 1, 0, DOMID_SELF));
    show("populate.list hypervisor",
         reserve(XENMEM_populate_physmap, (unsigned long *)IN_HYPERVISOR, 1, 0, DOMID_SELF));
    show("populate.hypervisor pointer",
         hypercall_memory_op(XENMEM_populate_physmap, (void *)IN_HYPERVISOR));
    show("current is positive", hypercall_memory_op(XENMEM_current_reservation, &domid) > 0);
    show("maximum is set", hypercall_memory_op(XENMEM_maximum_reservation, &domid) != 0);
    domid = 999;
    show("current.no such domain", hypercall_memory_op(XENMEM_current_reservation, &domid));
    show("current.not mapped", hypercall_memory_op(XENMEM_current_reservation, (void *)NOT_MAPPED));
    show("machphys_mapping", hypercall_memory_op(XENMEM_machphys_mapping, &mapping));
    show("machphys_mapping.start", mapping.v_start == MACH2PHYS_VIRT_START);
    show("maximum ram page is positive", hypercall_memory_op(XENMEM_maximum_ram_page, NULL) > 0);
    show("memory.unknown", hypercall_memory_op(60, &domid));
}
