/* SPDX-License-Identifier: MIT */
/*
 * PIRQs: numbers of a domain's for the interrupts of devices it drives. All are MSI-X entries, hence edges: nothing is to be
 * acknowledged by the guest, and none is shared.
 *
 * Owns: struct pirq_table, which vector serves whom. Invariants PI1, PI2: pirq.h.
 * Locks: PIRQ. Guest ABI: docs/abi/physdev_op.md. Read next: msix.c.
 */
#include "pirq.h"

#include <public/errno.h>

#include "../cpu/irq.h"
#include "../lib/check.h"
#include "../mm/frame_alloc.h"
#include "event_channel.h"
#include "msix.h"

struct pirq {
    msix_entry_t *entry; /* NULL: nothing mapped to this number */
    uint32_t vector;
    uint32_t port; /* 0: not bound */
};

struct pirq_table {
    struct pirq pirqs[NR_PIRQS];
};

static spinlock_t pirq_lock = SPINLOCK_INIT;

/* PIRQ lock; read by interrupts. */
static struct {
    struct domain *domain;
    uint32_t pirq;
} vector_owner[256];

static struct pirq *pirq_find(const struct domain *d, uint32_t pirq)
{
    if (pirq >= NR_PIRQS || d->pirqs == NULL || d->pirqs->pirqs[pirq].entry == NULL) {
        return NULL;
    }
    return &d->pirqs->pirqs[pirq];
}

int pirq_check(const struct domain *d, uint32_t pirq)
{
    return pirq_find(d, pirq) != NULL ? 0 : -XEN_EINVAL;
}

int pirq_bind(struct domain *d, uint32_t pirq, uint32_t port)
{
    if (pirq >= NR_PIRQS) {
        return -XEN_EINVAL;
    }
    int result = -XEN_EPERM;
    spin_lock(&pirq_lock);
    struct pirq *p = pirq_find(d, pirq);
    if (p != NULL) {
        result = p->port == 0 ? 0 : -XEN_EEXIST;
    }
    if (result == 0) {
        p->port = port;
        msix_mask(p->entry, false);
    }
    spin_unlock(&pirq_lock);
    return result;
}

static void unbind(struct pirq *p) MUST_HOLD(pirq_lock)
{
    msix_mask(p->entry, true);
    p->port = 0;
}

void pirq_unbind(struct domain *d, uint32_t pirq)
{
    spin_lock(&pirq_lock);
    struct pirq *p = pirq_find(d, pirq);
    if (p != NULL) {
        unbind(p);
    }
    spin_unlock(&pirq_lock);
}

void pirq_interrupt(uint32_t vector)
{
    struct domain *d = vector_owner[vector & 0xff].domain;
    uint32_t number = vector_owner[vector & 0xff].pirq;
    const struct pirq *p = d != NULL ? pirq_find(d, number) : NULL;
    if (p != NULL && p->port != 0) {
        event_channel_raise_pirq(d, number, p->port);
    }
}

/* --- Mapping ------------------------------------------------------------------------------------------------- */

/* From the top, so that the inputs' numbers stay theirs. */
static int find_free(const struct domain *d) MUST_HOLD(pirq_lock)
{
    for (int pirq = NR_PIRQS - 1; pirq >= PIRQ_FIRST_MSI; pirq--) {
        if (d->pirqs->pirqs[pirq].entry == NULL) {
            return pirq;
        }
    }
    return -XEN_ENOSPC;
}

static int table_create(struct domain *d) MUST_HOLD(pirq_lock)
{
    if (d->pirqs == NULL) {
        d->pirqs = hv_alloc(sizeof(*d->pirqs));
    }
    return d->pirqs != NULL ? 0 : -XEN_ENOMEM;
}

int pirq_get_free(struct domain *d, uint32_t *pirq)
{
    spin_lock(&pirq_lock);
    int result = table_create(d);
    result = result == 0 ? find_free(d) : result;
    spin_unlock(&pirq_lock);
    if (result < 0) {
        return result;
    }
    *pirq = (uint32_t)result;
    return 0;
}

static bool entry_is_mapped(const struct domain *d, const msix_entry_t *entry)
{
    for (uint32_t i = 0; i < NR_PIRQS; i++) {
        if (d->pirqs->pirqs[i].entry == entry) {
            return true;
        }
    }
    return false;
}

static int map(struct domain *d, struct physdev_map_pirq *op) MUST_HOLD(pirq_lock)
{
    int pirq = op->pirq < 0 ? find_free(d) : op->pirq;
    if (pirq < 0) {
        return pirq;
    }
    if (pirq < PIRQ_FIRST_MSI || pirq >= NR_PIRQS || op->entry_nr < 0 || op->entry_nr > 0xffff ||
        (op->bus >> 16) != 0) {
        return -XEN_EINVAL;
    }
    if (d->pirqs->pirqs[pirq].entry != NULL) {
        return -XEN_EBUSY;
    }
    uint16_t function = (uint16_t)((op->bus & 0xff) << 8 | (op->devfn & 0xff));
    msix_entry_t *entry;
    int result = msix_open(function, (uint16_t)op->entry_nr, op->table_base, &entry);
    if (result != 0) {
        return result;
    }
    if (entry_is_mapped(d, entry)) {
        return -XEN_EBUSY;
    }
    int vector = irq_vector_allocate();
    if (vector < 0) {
        return -XEN_ENOSPC;
    }
    vector_owner[vector].domain = d;
    vector_owner[vector].pirq = (uint32_t)pirq;
    msix_program(entry, (uint32_t)vector);
    struct pirq *p = &d->pirqs->pirqs[pirq];
    p->entry = entry;
    p->vector = (uint32_t)vector;
    p->port = 0;
    op->pirq = pirq;
    return 0;
}

int pirq_map(struct domain *d, struct physdev_map_pirq *op)
{
    if (op->type == MAP_PIRQ_TYPE_GSI || op->type == MAP_PIRQ_TYPE_MULTI_MSI) {
        return -XEN_EOPNOTSUPP;
    }
    if (op->type != MAP_PIRQ_TYPE_MSI && op->type != MAP_PIRQ_TYPE_MSI_SEG) {
        return -XEN_EINVAL;
    }
    if (op->table_base == 0) {
        return -XEN_EOPNOTSUPP;
    }
    spin_lock(&pirq_lock);
    int result = table_create(d);
    if (result == 0) {
        result = map(d, op);
    }
    spin_unlock(&pirq_lock);
    return result;
}

static void unmap(struct pirq *p) MUST_HOLD(pirq_lock)
{
    unbind(p);
    vector_owner[p->vector].domain = NULL;
    irq_vector_free(p->vector);
    p->entry = NULL;
}

int pirq_unmap(struct domain *d, int pirq)
{
    if (pirq < 0) {
        return -XEN_EINVAL;
    }
    int result = -XEN_EINVAL;
    spin_lock(&pirq_lock);
    struct pirq *p = pirq_find(d, (uint32_t)pirq);
    if (p != NULL) {
        unmap(p);
        result = 0;
    }
    spin_unlock(&pirq_lock);
    return result;
}

void pirq_relinquish(struct domain *d)
{
    if (d->pirqs == NULL) {
        return;
    }
    spin_lock(&pirq_lock);
    for (uint32_t i = 0; i < NR_PIRQS; i++) {
        struct pirq *p = pirq_find(d, i);
        if (p != NULL) {
            unmap(p);
        }
    }
    spin_unlock(&pirq_lock);
}

void pirq_destroy(struct domain *d)
{
    hv_free(d->pirqs);
    d->pirqs = NULL;
}
