/* SPDX-License-Identifier: MIT */
/* I/O port rights. Invariant DD1: domain_devices.h. Locks: domain. Read next: pv_emulate.c. */
#include "domain_devices.h"

#include <public/errno.h>

#include "../lib/string.h"
#include "../mm/frame_alloc.h"

#define NR_PORTS 65536u

/* What the hypervisor drives itself, or answers for (configuration space), first and last port. */
static const struct {
    uint16_t first, last;
    const char *what;
} own_ports[] = {
    {0x0020, 0x0021, "interrupt controller"}, {0x0040, 0x0043, "timer"},
    {0x0061, 0x0061, "timer's gate"},         {0x0070, 0x0071, "clock"},
    {0x00a0, 0x00a1, "interrupt controller"}, {0x03f8, 0x03ff, "UART"},
    {0x0cf8, 0x0cff, "PCI configuration"},
};

static void bitmap_set(uint8_t *bitmap, uint32_t first, uint32_t count, bool value)
{
    for (uint32_t port = first; port < first + count; port++) {
        uint8_t bit = (uint8_t)(1u << (port & 7));
        bitmap[port / 8] = (uint8_t)((bitmap[port / 8] & ~bit) | (value ? bit : 0));
    }
}

int domain_devices_init(struct domain *d)
{
    if (!d->is_hardware) {
        return 0;
    }
    d->io_port_bitmap = hv_alloc(NR_PORTS / 8);
    if (d->io_port_bitmap == NULL) {
        return -XEN_ENOMEM;
    }
    memset(d->io_port_bitmap, 0xff, NR_PORTS / 8);
    for (size_t i = 0; i < ARRAY_SIZE(own_ports); i++) {
        bitmap_set(d->io_port_bitmap, own_ports[i].first,
                   (uint32_t)(own_ports[i].last - own_ports[i].first) + 1, false);
    }
    return 0;
}

void domain_devices_destroy(struct domain *d)
{
    hv_free(d->io_port_bitmap);
    d->io_port_bitmap = NULL;
}

int domain_devices_permit_ports(struct domain *d, uint32_t first, uint32_t count, bool allow)
{
    if (first >= NR_PORTS || count == 0 || count > NR_PORTS - first) {
        return -XEN_EINVAL;
    }
    if (!allow) {
        if (d->io_port_bitmap != NULL) {
            bitmap_set(d->io_port_bitmap, first, count, false);
        }
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(own_ports); i++) {
        if (first <= own_ports[i].last && own_ports[i].first < first + count) {
            return -XEN_EINVAL;
        }
    }
    if (d->io_port_bitmap == NULL) {
        d->io_port_bitmap = hv_alloc(NR_PORTS / 8);
        if (d->io_port_bitmap == NULL) {
            return -XEN_ENOMEM;
        }
    }
    bitmap_set(d->io_port_bitmap, first, count, true);
    return 0;
}

bool domain_devices_port_allowed(const struct domain *d, uint16_t port, unsigned int bytes)
{
    if (d->io_port_bitmap == NULL || port + bytes > NR_PORTS) {
        return false;
    }
    for (uint32_t p = port; p < port + bytes; p++) {
        if ((d->io_port_bitmap[p / 8] & (1u << (p & 7))) == 0) {
            return false;
        }
    }
    return true;
}
