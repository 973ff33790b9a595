/* SPDX-License-Identifier: MIT */
/*
 * What a domain may do with the machine's I/O ports and device memory.
 *
 * Owns: domain.io_port_bitmap. Invariant: DD1 a port that the hypervisor drives itself is in no domain's bitmap.
 * Locks: domain. Guest ABI: docs/abi/domctl.md. Read next: domain_devices.c.
 */
#pragma once

#include "domain.h"

/* The hardware domain gets every port that is not ours. -ENOMEM. */
int domain_devices_init(struct domain *d);
void domain_devices_destroy(struct domain *d);
/* Ports [first, first + count). -EINVAL beyond 65536, or ours while allow; -ENOMEM. */
int domain_devices_permit_ports(struct domain *d, uint32_t first, uint32_t count, bool allow);
/* Are all `bytes` ports from port on allowed? */
bool domain_devices_port_allowed(const struct domain *d, uint16_t port, unsigned int bytes);
