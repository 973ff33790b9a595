/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts as event channels: a PIRQ is a number of a domain's that stands for one interrupt source.
 *
 * Owns: struct pirq_table. Invariant: PI1 a vector of the machine serves at most one PIRQ; PI2 an MSI-X entry is unmasked only
 * while its PIRQ is bound to a port.
 * Locks: domain. Guest ABI: docs/abi/physdev_op.md. Read next: pirq.c, msix.c.
 */
#ifndef XENLIKE_COMM_PIRQ_H
#define XENLIKE_COMM_PIRQ_H

#include <public/physdev.h>

#include "../domain/domain.h"

/* Masks and frees every interrupt of a dying domain. */
void pirq_relinquish(struct domain *d);
void pirq_destroy(struct domain *d);

/* From event_channel.c: the port the PIRQ raises from now on (unmasks the source); 0: none (masks it).
 * -EINVAL no such number; -EPERM not mapped for this domain; -EEXIST already bound. */
int pirq_bind(struct domain *d, uint32_t pirq, uint32_t port);
void pirq_unbind(struct domain *d, uint32_t pirq);

#endif
