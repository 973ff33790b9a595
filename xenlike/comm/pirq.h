/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts as event channels: a PIRQ is a number of a domain's that stands for one interrupt source.
 *
 * Owns: struct pirq_table. Invariant: PI1 a vector of the machine serves at most one PIRQ; PI2 a source is unmasked only while its
 * PIRQ is bound to a port.
 * Locks: PIRQ (one for all: only the hardware domain has any). Guest ABI: docs/abi/physdev_op.md. Read next: pirq.c, msix.c.
 */
#pragma once

#include <public/physdev.h>

#include "../domain/domain.h"
#include "pci_config.h"

#define NR_PIRQS       256
#define PIRQ_FIRST_MSI 24 /* below: numbers of the I/O APIC's inputs */

/* Masks and frees every interrupt of a dying domain. */
void pirq_relinquish(struct domain *d);
void pirq_destroy(struct domain *d);

/* From event_channel_bind.c: the source raises this port from now on, and is unmasked.
 * -EINVAL no such number, or -EPERM nothing mapped to it; -EEXIST already bound. */
int pirq_bind(struct domain *d, uint32_t pirq, uint32_t port);
void pirq_unbind(struct domain *d, uint32_t pirq);

/* From cpu/irq.c: a device vector came. */
void pirq_interrupt(uint32_t vector);

/* PHYSDEVOP_map_pirq, unmap_pirq, get_free_pirq for d.
 * -EINVAL bad number, entry, type or device; -ENODEV the function has no MSI-X; -ENOSPC no number or vector left;
 * -EBUSY the entry is mapped; -EOPNOTSUPP an I/O APIC input or plain MSI; -ENXIO its memory is not decoded; -ENOMEM. */
int pirq_map(struct domain *d, struct physdev_map_pirq *op);
int pirq_unmap(struct domain *d, int pirq);
int pirq_get_free(struct domain *d, uint32_t *pirq);
/* -EINVAL not mapped. */
int pirq_check(const struct domain *d, uint32_t pirq);
