/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_physdev_op(cmd, pointer). I/O privilege is any guest's own affair; devices are the hardware domain's (-EPERM for others).
 * Absent, with -ENOSYS: the I/O APIC (apic_read, apic_write, alloc_irq_vector), the shared EOI page, debug ports. MSI-X needs no EOI.
 * Its compat form is the first kernels': the command lies in front of the structure. Guest ABI: docs/abi/physdev_op.md. Read next: comm/pirq.c.
 */
#include <public/physdev.h>

#include "../comm/pirq.h"
#include "../mm/guest_access.h"
#include "operation.h"

#define REGISTER_VENDOR 0x00

/* An edge, and nobody else's. */
static int irq_status(struct physdev_irq_status_query *op)
{
    op->flags = 0;
    return pirq_check(current_domain(), op->irq);
}

static int set_iopl(uint32_t iopl)
{
    if (iopl > 3) {
        return -XEN_EINVAL;
    }
    current_vcpu()->pv.iopl = (uint8_t)iopl;
    return 0;
}

static int set_io_bitmap(const struct physdev_set_iobitmap *op)
{
    gva_t bitmap = GVA((uint64_t)op->bitmap.p);
    if (op->nr_ports > 65536 || !guest_access_range_ok(bitmap, (op->nr_ports + 7) / 8)) {
        return -XEN_EINVAL;
    }
    current_vcpu()->pv.io_bitmap = bitmap;
    current_vcpu()->pv.io_bitmap_ports = op->nr_ports;
    return 0;
}

/* Maps or unmaps a PIRQ of the domain named: only the hardware domain has any. */
static int on_pirqs(domid_t id, struct physdev_map_pirq *map, int unmap)
{
    struct domain *d;
    int result = domain_get_for_caller(id, &d);
    if (result == 0) {
        result = !d->is_hardware ? -XEN_EPERM
                 : map != NULL   ? pirq_map(d, map)
                                 : pirq_unmap(d, unmap);
        domain_put(d);
    }
    return result;
}

/* There is nothing to remember of a function: what MSI-X needs is read when it is mapped. */
static int function_exists(uint8_t bus, uint8_t devfn)
{
    uint16_t function = (uint16_t)(bus << 8 | devfn);
    return pci_config_read(function, REGISTER_VENDOR, 2) != 0xffff ? 0 : -XEN_ENODEV;
}

OPERATION(eoi, struct physdev_eoi, pirq_check(current_domain(), op->irq))
OPERATION(irq_status_query, struct physdev_irq_status_query, irq_status(op))
OPERATION(set_iopl, struct physdev_set_iopl, set_iopl(op->iopl))
OPERATION(set_iobitmap, struct physdev_set_iobitmap, set_io_bitmap(op))
OPERATION(map_pirq, struct physdev_map_pirq, on_pirqs(op->domid, op, 0))
OPERATION(unmap_pirq, struct physdev_unmap_pirq, on_pirqs(op->domid, NULL, op->pirq))
OPERATION(get_free_pirq, struct physdev_get_free_pirq,
          op->type == MAP_PIRQ_TYPE_MSI ? pirq_get_free(current_domain(), &op->pirq) : -XEN_EINVAL)
/* The head of every older structure that names a function, and of every newer one. */
OPERATION(manage_pci, struct physdev_manage_pci, function_exists(op->bus, op->devfn))
OPERATION(pci_device, struct physdev_pci_device,
          op->seg == 0 ? function_exists(op->bus, op->devfn) : -XEN_ENODEV)
/* Accepted, since it asks for nothing that we would do otherwise. */
OPERATION(nothing, void, 0)

#define ROW(name, handler, type, flags) \
    [PHYSDEVOP_##name] = {run_##handler, sizeof(struct physdev_##type), flags}

static const struct operation operations[] = {
    ROW(eoi, eoi, eoi, 0),
    ROW(irq_status_query, irq_status_query, irq_status_query, OPERATION_RESULTS),
    ROW(set_iopl, set_iopl, set_iopl, 0),
    ROW(set_iobitmap, set_iobitmap, set_iobitmap, 0),
    ROW(map_pirq, map_pirq, map_pirq, OPERATION_HARDWARE | OPERATION_RESULTS),
    ROW(unmap_pirq, unmap_pirq, unmap_pirq, OPERATION_HARDWARE),
    ROW(get_free_pirq, get_free_pirq, get_free_pirq, OPERATION_HARDWARE | OPERATION_RESULTS),
    ROW(manage_pci_add, manage_pci, manage_pci, OPERATION_HARDWARE),
    ROW(manage_pci_remove, manage_pci, manage_pci, OPERATION_HARDWARE),
    ROW(manage_pci_add_ext, manage_pci, manage_pci_ext, OPERATION_HARDWARE),
    ROW(pci_device_add, pci_device, pci_device, OPERATION_HARDWARE),
    ROW(pci_device_remove, pci_device, pci_device, OPERATION_HARDWARE),
    ROW(restore_msi, manage_pci, restore_msi, OPERATION_HARDWARE),
    ROW(restore_msi_ext, pci_device, pci_device, OPERATION_HARDWARE),
    ROW(prepare_msix, pci_device, pci_device, OPERATION_HARDWARE),
    ROW(release_msix, pci_device, pci_device, OPERATION_HARDWARE),
    ROW(setup_gsi, nothing, setup_gsi, OPERATION_HARDWARE),
    ROW(pci_mmcfg_reserved, nothing, pci_mmcfg_reserved, OPERATION_HARDWARE),
};

HYPERCALL_2(hc_physdev_op, cmd, pointer)
{
    return operation_run(operations, ARRAY_SIZE(operations), __HYPERVISOR_physdev_op, cmd, pointer);
}

HYPERCALL_1(hc_physdev_op_compat, operation)
{
    return operation_run_compat(hc_physdev_op, operation, offsetof(struct physdev_op, u),
                                PHYSDEVOP_set_iobitmap);
}
