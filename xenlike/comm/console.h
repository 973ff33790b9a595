/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's log and the machine's console.
 *
 * Owns: the log ring, the input queue, what guests write by console_io.
 * Invariant: CN1 a guest's text reaches the log only as printable characters behind its name, and no faster than its rate;
 *            CN2 log positions only grow (modulo 2^32), so a reader can follow with an index.
 * Locks: console, the last of all. Guest ABI: docs/abi/console_io.md, sysctl.md (readconsole). Read next: console.c.
 */
#pragma once

#include <public/sysctl.h>

#include "../domain/domain.h"

/* From print(): text for the log. Any context, from the first instruction on. */
void console_log(const char *text, size_t size);

/* CONSOLEIO_write of the running vCPU's domain. The hardware domain's text passes as it is; another's is gathered into lines, each
 * behind "(d3) ". Bytes taken (fewer than count when it is time to stop: call again with the rest), -EFAULT. */
int64_t console_guest_write(struct domain *d, gva_t buffer, uint32_t count);
/* The unfinished line of a domain that ends. */
void console_guest_flush(struct domain *d);

/* The UART has bytes: they are kept for the hardware domain, which gets VIRQ_CONSOLE; what does not fit is dropped. */
void console_input(void);
/* CONSOLEIO_read: takes up to count bytes of input; how many, or -EFAULT. */
int64_t console_guest_read(gva_t buffer, uint32_t count);

/* XEN_SYSCTL_readconsole: 0, -EFAULT. */
int console_read_log(struct xen_sysctl_readconsole *request);

/* The last bytes of the log, at most size; how many. For panic(): takes no lock. */
uint32_t console_log_end(char *text, uint32_t size);
