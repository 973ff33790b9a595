/* SPDX-License-Identifier: MIT */
/*
 * console_io(cmd, count, buffer): the machine's console.
 *
 * Owns: nothing. Locks: none here. Guest ABI: docs/abi/console_io.md. Read next: comm/console.c.
 */
#include "../comm/console.h"
#include "hypercall.h"

static int64_t console_write(struct domain *d, uint32_t count, gva_t buffer)
{
    int64_t done = console_guest_write(d, buffer, count);

    if (done < 0 || done == count) {
        return done < 0 ? done : 0;
    }
    return hypercall_continue(__HYPERVISOR_console_io, CONSOLEIO_write, count - (uint64_t)done,
                              buffer.v + (uint64_t)done, 0, 0, 0);
}

HYPERCALL_3(hc_console_io, cmd, count, buffer)
{
    struct domain *d = current_domain();

    if ((uint32_t)cmd == CONSOLEIO_write) {
        return console_write(d, (uint32_t)count, GVA(buffer));
    }
    if ((uint32_t)cmd != CONSOLEIO_read) {
        return -XEN_ENOSYS;
    }
    return d->is_hardware ? console_guest_read(GVA(buffer), (uint32_t)count) : -XEN_EPERM;
}
