/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_physdev_op(cmd, pointer). I/O privilege is any guest's own affair; devices are the hardware domain's (-EPERM for others).
 * Absent, with -ENOSYS: the I/O APIC (apic_read, apic_write, alloc_irq_vector), the shared EOI page, debug ports. MSI-X needs no EOI.
 * Guest ABI: docs/abi/physdev_op.md. Read next: comm/pirq.c.
 */
#include <public/physdev.h>

#include "../comm/pirq.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

#define REGISTER_VENDOR 0x00

union argument {
    struct physdev_eoi eoi;
    struct physdev_irq_status_query irq_status_query;
    struct physdev_set_iopl set_iopl;
    struct physdev_set_iobitmap set_iobitmap;
    struct physdev_map_pirq map_pirq;
    struct physdev_unmap_pirq unmap_pirq;
    struct physdev_get_free_pirq get_free_pirq;
    struct physdev_manage_pci manage_pci;
    struct physdev_manage_pci_ext manage_pci_ext;
    struct physdev_pci_device pci_device; /* also the head of pci_device_add */
    struct physdev_setup_gsi setup_gsi;
    struct physdev_pci_mmcfg_reserved mmcfg_reserved;
};

static int run_eoi(union argument *u)
{
    return pirq_check(current_domain(), u->eoi.irq);
}

static int run_irq_status_query(union argument *u)
{
    u->irq_status_query.flags = 0; /* an edge, and nobody else's */
    return pirq_check(current_domain(), u->irq_status_query.irq);
}

static int run_set_iopl(union argument *u)
{
    if (u->set_iopl.iopl > 3) {
        return -XEN_EINVAL;
    }
    current_vcpu()->pv.iopl = (uint8_t)u->set_iopl.iopl;
    return 0;
}

static int run_set_iobitmap(union argument *u)
{
    const struct physdev_set_iobitmap *op = &u->set_iobitmap;
    gva_t bitmap = GVA((uint64_t)op->bitmap.p);
    if (op->nr_ports > 65536 || !guest_access_range_ok(bitmap, (op->nr_ports + 7) / 8)) {
        return -XEN_EINVAL;
    }
    current_vcpu()->pv.io_bitmap = bitmap;
    current_vcpu()->pv.io_bitmap_ports = op->nr_ports;
    return 0;
}

/* Carries out an operation on the PIRQs of the domain that it names: only the hardware domain has any. */
static int on_pirqs(domid_t id, int (*run)(struct domain *d, union argument *u), union argument *u)
{
    struct domain *d;
    int result = domain_get_for_caller(id, &d);
    if (result == 0) {
        result = d->is_hardware ? run(d, u) : -XEN_EPERM;
        domain_put(d);
    }
    return result;
}

static int map_pirq(struct domain *d, union argument *u)
{
    return pirq_map(d, &u->map_pirq);
}

static int unmap_pirq(struct domain *d, union argument *u)
{
    return pirq_unmap(d, u->unmap_pirq.pirq);
}

static int run_map_pirq(union argument *u)
{
    return on_pirqs(u->map_pirq.domid, map_pirq, u);
}

static int run_unmap_pirq(union argument *u)
{
    return on_pirqs(u->unmap_pirq.domid, unmap_pirq, u);
}

static int run_get_free_pirq(union argument *u)
{
    if (u->get_free_pirq.type != MAP_PIRQ_TYPE_MSI) {
        return -XEN_EINVAL;
    }
    return pirq_get_free(current_domain(), &u->get_free_pirq.pirq);
}

static int function_exists(uint8_t bus, uint8_t devfn)
{
    uint16_t function = (uint16_t)(bus << 8 | devfn);
    return pci_config_read(function, REGISTER_VENDOR, 2) != 0xffff ? 0 : -XEN_ENODEV;
}

/* There is nothing to remember of a function: what MSI-X needs is read when it is mapped. */
static int run_pci_device(union argument *u)
{
    return u->pci_device.seg == 0 ? function_exists(u->pci_device.bus, u->pci_device.devfn)
                                  : -XEN_ENODEV;
}

static int run_manage_pci(union argument *u)
{
    return function_exists(u->manage_pci.bus, u->manage_pci.devfn);
}

/* Accepted, since it asks for nothing that we would do otherwise. */
static int run_nothing(union argument *u)
{
    (void)u;
    return 0;
}

static const struct {
    int (*run)(union argument *u);
    uint16_t size;
    bool hardware_only, has_results;
} operations[] = {
    [PHYSDEVOP_eoi] = {run_eoi, sizeof(struct physdev_eoi), false, false},
    [PHYSDEVOP_irq_status_query] = {run_irq_status_query, sizeof(struct physdev_irq_status_query),
                                    false, true},
    [PHYSDEVOP_set_iopl] = {run_set_iopl, sizeof(struct physdev_set_iopl), false, false},
    [PHYSDEVOP_set_iobitmap] = {run_set_iobitmap, sizeof(struct physdev_set_iobitmap), false,
                                false},
    [PHYSDEVOP_map_pirq] = {run_map_pirq, sizeof(struct physdev_map_pirq), true, true},
    [PHYSDEVOP_unmap_pirq] = {run_unmap_pirq, sizeof(struct physdev_unmap_pirq), true, false},
    [PHYSDEVOP_get_free_pirq] = {run_get_free_pirq, sizeof(struct physdev_get_free_pirq), true,
                                 true},
    [PHYSDEVOP_manage_pci_add] = {run_manage_pci, sizeof(struct physdev_manage_pci), true, false},
    [PHYSDEVOP_manage_pci_remove] = {run_manage_pci, sizeof(struct physdev_manage_pci), true,
                                     false},
    [PHYSDEVOP_manage_pci_add_ext] = {run_manage_pci, sizeof(struct physdev_manage_pci_ext), true,
                                      false},
    [PHYSDEVOP_pci_device_add] = {run_pci_device, sizeof(struct physdev_pci_device), true, false},
    [PHYSDEVOP_pci_device_remove] = {run_pci_device, sizeof(struct physdev_pci_device), true,
                                     false},
    [PHYSDEVOP_restore_msi] = {run_manage_pci, sizeof(struct physdev_restore_msi), true, false},
    [PHYSDEVOP_restore_msi_ext] = {run_pci_device, sizeof(struct physdev_pci_device), true, false},
    [PHYSDEVOP_prepare_msix] = {run_pci_device, sizeof(struct physdev_pci_device), true, false},
    [PHYSDEVOP_release_msix] = {run_pci_device, sizeof(struct physdev_pci_device), true, false},
    [PHYSDEVOP_setup_gsi] = {run_nothing, sizeof(struct physdev_setup_gsi), true, false},
    [PHYSDEVOP_pci_mmcfg_reserved] = {run_nothing, sizeof(struct physdev_pci_mmcfg_reserved), true,
                                      false},
};

int64_t hc_physdev_op(uint64_t cmd, uint64_t pointer, uint64_t a3, uint64_t a4, uint64_t a5,
                      uint64_t a6)
{
    (void)a3, (void)a4, (void)a5, (void)a6;
    uint32_t index = (uint32_t)cmd;
    if (index >= ARRAY_SIZE(operations) || operations[index].run == NULL) {
        return -XEN_ENOSYS;
    }
    union argument argument;
    if (guest_access_read(&argument, GVA(pointer), operations[index].size) != 0) {
        return -XEN_EFAULT;
    }
    if (operations[index].hardware_only && !current_domain()->is_hardware) {
        return -XEN_EPERM;
    }
    int result = operations[index].run(&argument);
    if (result == 0 && operations[index].has_results &&
        guest_access_write(GVA(pointer), &argument, operations[index].size) != 0) {
        return -XEN_EFAULT;
    }
    return result;
}
