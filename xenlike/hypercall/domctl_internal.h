/* SPDX-License-Identifier: MIT */
/*
 * The parts of HYPERVISOR_domctl: each command is one handler in a table, grouped by what it is about.
 * A handler gets the domain that op->domain names (with a reference; NULL for those that need none) and returns 0 or an errno;
 * DOMCTL_COPY_BACK when op has results. -ERESTART makes the guest call again. Read next: hc_domctl.c.
 */
#pragma once

#include <public/domctl.h>

#include "hypercall.h"

#define DOMCTL_COPY_BACK 1

typedef int domctl_handler(struct domain *d, struct xen_domctl *op);
/* A handler that is one expression. */
#define DOMCTL(name, expression)                      \
    int name(struct domain *d, struct xen_domctl *op) \
    {                                                 \
        return expression;                            \
    }

/* hc_domctl.c */
void hc_domctl_fill_info(const struct domain *d, struct xen_domctl_getdomaininfo *info);
/* Writes the low bits of mask into the guest's bitmap; bits beyond 64 are written as 0. */
int hc_domctl_write_bitmap(const struct xenctl_bitmap *bitmap, uint64_t mask);
int hc_domctl_read_bitmap(const struct xenctl_bitmap *bitmap, uint64_t *mask);

/* hc_domctl_vcpu.c */
domctl_handler hc_domctl_setvcpucontext, hc_domctl_getvcpucontext, hc_domctl_getvcpuinfo,
    hc_domctl_setvcpuaffinity, hc_domctl_getvcpuaffinity, hc_domctl_setnodeaffinity,
    hc_domctl_sendtrigger, hc_domctl_getnodeaffinity, hc_domctl_scheduler_op, hc_domctl_settscinfo,
    hc_domctl_gettscinfo;

/* observe/domctl_debug.c */
domctl_handler hc_domctl_setdebugging, hc_domctl_gdbsx_guestmemio, hc_domctl_gdbsx_pausevcpu,
    hc_domctl_gdbsx_unpausevcpu, hc_domctl_gdbsx_domstatus;

/* hc_domctl_resources.c */
domctl_handler hc_domctl_max_mem, hc_domctl_hypercall_init, hc_domctl_getpageframeinfo3,
    hc_domctl_irq_permission, hc_domctl_iomem_permission, hc_domctl_ioport_permission,
    hc_domctl_set_address_size, hc_domctl_get_address_size, hc_domctl_settimeoffset;
