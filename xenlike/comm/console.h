/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's log and the machine's console.
 *
 * Owns: the log ring, the input queue, what guests write by console_io.
 * Invariant: CN1 a guest's text reaches the log only as printable characters behind its name, and no faster than its rate;
 *            CN2 log positions only grow (modulo 2^32), so a reader can follow with an index.
 * Locks: console, the last of all. Guest ABI: docs/abi/console_io.md, sysctl.md (readconsole). Read next: console.c.
 */
#ifndef XENLIKE_COMM_CONSOLE_H
#define XENLIKE_COMM_CONSOLE_H

#include <public/sysctl.h>

#include "../domain/domain.h"

/* CONSOLEIO_write. The hardware domain's text passes as it is; another's is gathered into lines, each behind "(d3) ". */
void console_guest_write(struct domain *d, const char *text, size_t size);
/* The unfinished line of a domain that ends. */
void console_guest_flush(struct domain *d);

/* A byte arrived on the machine's console: kept for the hardware domain, which gets VIRQ_CONSOLE. Full: dropped. */
void console_receive(uint8_t byte);
/* CONSOLEIO_read: takes up to size bytes of input; returns how many. */
size_t console_read_input(char *buffer, size_t size);

/* XEN_SYSCTL_readconsole: 0, -EFAULT. */
int console_read_log(struct xen_sysctl_readconsole *request);

/* For panic(): whoever held the lock does not run any more. */
void console_force_unlock(void);

#endif
