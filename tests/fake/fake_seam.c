/* SPDX-License-Identifier: MIT */
/* A hypervisor behind libpv's seam, for host tests: see fake_seam.h. */
#define __XEN_TOOLS__ 1
#include "tests/fake/fake_seam.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <public/xen.h>
#include <public/domctl.h>
#include <public/errno.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>

#include "dom0-tools/libpv/seam.h"

struct fake_machine fake_machine;

/* What a mapping covers, so that unmapping writes it back. */
struct fake_mapping {
    struct fake_mapping *next;
    uint8_t *address;
    size_t count;
    uint64_t mfns[];
};

static struct fake_mapping *mappings;

void fake_seam_reset(void)
{
    memset(&fake_machine, 0, sizeof(fake_machine));
    memset(fake_machine.frames, 0xaa, sizeof(fake_machine.frames));
}

uint8_t *fake_seam_frame(uint64_t mfn)
{
    assert(mfn >= FAKE_FIRST_MFN && mfn < FAKE_FIRST_MFN + FAKE_FRAMES);
    return fake_machine.frames[mfn - FAKE_FIRST_MFN];
}

size_t fake_seam_domains(void)
{
    size_t count = 0;

    for (size_t i = 0; i < 8; i++) {
        count += fake_machine.domains[i].exists;
    }
    return count;
}

static bool fails_now(void)
{
    return ++fake_machine.nr_calls == fake_machine.fail_at;
}

void *seam_buffer_get(size_t bytes)
{
    return calloc(1, bytes);
}

void seam_buffer_put(void *buffer)
{
    free(buffer);
}

uint64_t seam_now_ns(void)
{
    return 0;
}

/* Frames are handed out from the top down, so that mfn order is not pfn order. */
static uint64_t frame_new(uint16_t domid)
{
    uint32_t index = FAKE_FRAMES - 1 - fake_machine.next_frame++;

    assert(fake_machine.next_frame < FAKE_FRAMES);
    fake_machine.owner[index] = domid;
    return FAKE_FIRST_MFN + index;
}

static struct fake_domain *domain_of(uint16_t domid)
{
    return domid < 8 && fake_machine.domains[domid].exists ? &fake_machine.domains[domid] : NULL;
}

static long domctl_create(struct xen_domctl *operation)
{
    for (uint16_t i = 1; i < 8; i++) {
        struct fake_domain *domain = &fake_machine.domains[i];

        if (!domain->exists) {
            memset(domain, 0, sizeof(*domain));
            domain->exists = true;
            domain->shared_mfn = frame_new(i);
            domain->grant_mfn = frame_new(i);
            operation->domain = i;
            return 0;
        }
    }
    return -XEN_ENOMEM;
}

static long domctl_context(struct xen_domctl *operation, struct fake_domain *domain)
{
    const vcpu_guest_context_t *context = operation->u.vcpucontext.ctxt.p;

    if (domain->nr_vcpus == 0 || !domain->pinned) {
        return -XEN_EINVAL;
    }
    domain->has_context = true;
    domain->rip = context->user_regs.rip;
    domain->rsp = context->user_regs.rsp;
    domain->rsi = context->user_regs.rsi;
    domain->cs = context->user_regs.cs;
    domain->ss = context->user_regs.ss;
    domain->cr3 = context->ctrlreg[3];
    return 0;
}

static long do_domctl(struct xen_domctl *operation)
{
    struct fake_domain *domain = domain_of(operation->domain);

    if (operation->interface_version != XEN_DOMCTL_INTERFACE_VERSION) {
        return -XEN_EACCES;
    }
    if (operation->cmd == XEN_DOMCTL_createdomain) {
        return domctl_create(operation);
    }
    if (domain == NULL) {
        return -XEN_ESRCH;
    }
    switch (operation->cmd) {
    case XEN_DOMCTL_destroydomain:
        domain->exists = false;
        return 0;
    case XEN_DOMCTL_max_mem:
        domain->max_kib = operation->u.max_mem.max_memkb;
        return 0;
    case XEN_DOMCTL_max_vcpus:
        domain->nr_vcpus = operation->u.max_vcpus.max;
        return 0;
    case XEN_DOMCTL_getdomaininfo:
        operation->u.getdomaininfo.domain = operation->domain;
        operation->u.getdomaininfo.shared_info_frame = domain->shared_mfn;
        return 0;
    case XEN_DOMCTL_hypercall_init:
        domain->hypercall_mfn = operation->u.hypercall_init.gmfn;
        return 0;
    case XEN_DOMCTL_setvcpucontext:
        return domctl_context(operation, domain);
    default:
        return -XEN_ENOSYS;
    }
}

static long do_populate(const struct xen_memory_reservation *reservation)
{
    struct fake_domain *domain = domain_of(reservation->domid);
    uint64_t i;

    for (i = 0; i < reservation->nr_extents; i++) {
        if (domain == NULL || (domain->nr_frames + 1) * 4 > domain->max_kib) {
            break;
        }
        domain->nr_frames++;
        reservation->extent_start.p[i] = frame_new(reservation->domid);
    }
    return (long)i;
}

static long do_pin(const struct mmuext_op *operation, uint16_t domid)
{
    struct fake_domain *domain = domain_of(domid);

    if (domain == NULL || operation->cmd != MMUEXT_PIN_L4_TABLE || fake_machine.nr_mapped > 0) {
        return -XEN_EINVAL;
    }
    domain->pinned = true;
    domain->root_mfn = operation->arg1.mfn;
    return 0;
}

static long do_grant_setup(struct gnttab_setup_table *setup)
{
    struct fake_domain *domain = domain_of(setup->dom);

    setup->status = domain != NULL ? GNTST_okay : GNTST_bad_domain;
    if (domain != NULL) {
        setup->frame_list.p[0] = domain->grant_mfn;
    }
    return 0;
}

long seam_hypercall(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                    uint64_t a5)
{
    struct evtchn_alloc_unbound *unbound;

    (void)a3;
    (void)a5;
    if (fails_now()) {
        return fake_machine.fail_with;
    }
    switch (number) {
    case __HYPERVISOR_domctl:
        return do_domctl((struct xen_domctl *)(uintptr_t)a1);
    case __HYPERVISOR_memory_op:
        return do_populate((const struct xen_memory_reservation *)(uintptr_t)a2);
    case __HYPERVISOR_mmuext_op:
        return do_pin((const struct mmuext_op *)(uintptr_t)a1, (uint16_t)a4);
    case __HYPERVISOR_grant_table_op:
        return do_grant_setup((struct gnttab_setup_table *)(uintptr_t)a2);
    case __HYPERVISOR_event_channel_op:
        unbound = (struct evtchn_alloc_unbound *)(uintptr_t)a2;
        unbound->port = ++fake_machine.domains[unbound->dom].nr_ports;
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

int seam_map_foreign(uint16_t domid, const uint64_t *mfns, size_t nr_frames, unsigned int rights,
                     void **address)
{
    struct fake_mapping *mapping = malloc(sizeof(*mapping) + nr_frames * sizeof(uint64_t));

    (void)rights;
    if (fails_now()) {
        free(mapping);
        return fake_machine.fail_with;
    }
    mapping->address = malloc(nr_frames * 4096);
    mapping->count = nr_frames;
    for (size_t i = 0; i < nr_frames; i++) {
        assert(fake_machine.owner[mfns[i] - FAKE_FIRST_MFN] == domid);
        mapping->mfns[i] = mfns[i];
        memcpy(mapping->address + i * 4096, fake_seam_frame(mfns[i]), 4096);
    }
    mapping->next = mappings;
    mappings = mapping;
    fake_machine.nr_mapped++;
    *address = mapping->address;
    return 0;
}

void seam_unmap_foreign(void *address, size_t nr_frames)
{
    for (struct fake_mapping **link = &mappings; *link != NULL; link = &(*link)->next) {
        struct fake_mapping *mapping = *link;

        if (mapping->address == address) {
            assert(mapping->count == nr_frames);
            for (size_t i = 0; i < nr_frames; i++) {
                memcpy(fake_seam_frame(mapping->mfns[i]), mapping->address + i * 4096, 4096);
            }
            *link = mapping->next;
            free(mapping->address);
            free(mapping);
            fake_machine.nr_mapped--;
            return;
        }
    }
    assert(!"unmapped what was not mapped");
}
