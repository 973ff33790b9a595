/* SPDX-License-Identifier: MIT */
/* physdev_op: I/O privilege, PIRQs over an MSI-X table, and the filter of configuration space. */
#include <criterion/criterion.h>
#include <string.h>

#include <public/event_channel.h>
#include <public/physdev.h>

#include "comm_world.h"
#include "xenlike/comm/event_channel.h"
#include "xenlike/comm/pirq.h"
#include "xenlike/cpu/irq.h"

#define BAR           UINT64_C(0xfebd1000)
#define MASKED(entry) (world.msix_table[4 * (entry) + 3] & 1)

static int64_t op(uint32_t cmd, void *argument, size_t size)
{
    return world_call(hc_physdev_op, cmd, argument, size);
}

static struct physdev_map_pirq good_map(int entry)
{
    struct physdev_map_pirq map = {.domid = DOMID_SELF,
                                   .type = MAP_PIRQ_TYPE_MSI_SEG,
                                   .index = -1,
                                   .pirq = -1,
                                   .bus = 0,
                                   .devfn = 3 << 3,
                                   .entry_nr = entry,
                                   .table_base = BAR};
    return map;
}

static int64_t map_pirq(struct physdev_map_pirq *map)
{
    return op(PHYSDEVOP_map_pirq, map, sizeof(*map));
}

Test(device, any_guest_sets_its_own_privilege)
{
    world_start();
    struct domain *d = world_guest(1);
    fake_run(d->vcpus[0]);
    struct physdev_set_iopl iopl = {.iopl = 3};
    struct physdev_set_iobitmap bitmap = {.nr_ports = 1024};
    bitmap.bitmap.p = (uint8_t *)WORLD_BUFFER;
    cr_assert_eq(op(PHYSDEVOP_set_iopl, &iopl, sizeof(iopl)), 0);
    cr_assert_eq(d->vcpus[0]->pv.iopl, 3);
    iopl.iopl = 4;
    cr_assert_eq(op(PHYSDEVOP_set_iopl, &iopl, sizeof(iopl)), -XEN_EINVAL);
    cr_assert_eq(op(PHYSDEVOP_set_iobitmap, &bitmap, sizeof(bitmap)), 0);
    cr_assert_eq(d->vcpus[0]->pv.io_bitmap_ports, 1024);
    bitmap.nr_ports = 65537;
    cr_assert_eq(op(PHYSDEVOP_set_iobitmap, &bitmap, sizeof(bitmap)), -XEN_EINVAL);
    bitmap.nr_ports = 8;
    bitmap.bitmap.p = (uint8_t *)HV_VIRT_START;
    cr_assert_eq(op(PHYSDEVOP_set_iobitmap, &bitmap, sizeof(bitmap)), -XEN_EINVAL);
}

Test(device, devices_are_the_hardware_domains)
{
    world_start();
    world_install_pci();
    struct domain *d = world_guest(1);
    fake_run(d->vcpus[0]);
    struct physdev_map_pirq map = good_map(0);
    struct physdev_pci_device device = {.devfn = 3 << 3};
    cr_assert_eq(map_pirq(&map), -XEN_EPERM);
    cr_assert_eq(op(PHYSDEVOP_pci_device_add, &device, sizeof(device)), -XEN_EPERM);
    fake_run(world.dom0->vcpus[0]);
    map = good_map(0);
    map.domid = d->id;
    cr_assert_eq(map_pirq(&map), -XEN_EPERM, "passing devices on is not offered");
    cr_assert_eq(op(PHYSDEVOP_pci_device_add, &device, sizeof(device)), 0);
    device.devfn = 4 << 3;
    cr_assert_eq(op(PHYSDEVOP_pci_device_add, &device, sizeof(device)), -XEN_ENODEV);
    cr_assert_eq(op(99, &device, sizeof(device)), -XEN_ENOSYS);
    cr_assert_eq(op(PHYSDEVOP_apic_read, &device, sizeof(device)), -XEN_ENOSYS);
    cr_assert_eq(hc_physdev_op(PHYSDEVOP_map_pirq, HV_VIRT_START, 0, 0, 0, 0), -XEN_EFAULT);
}

Test(device, PI2_an_entry_is_programmed_masked_and_unmasked_while_bound)
{
    world_start();
    world_install_pci();
    struct physdev_map_pirq map = good_map(1);
    cr_assert_eq(map_pirq(&map), 0);
    cr_assert_eq(map.pirq, 255);
    cr_assert_eq(world.mapped_device, BAR);
    cr_assert_eq(world.msix_table[4], 0xfee02000u, "to APIC 2");
    cr_assert_eq(world.msix_table[6], IRQ_VECTOR_DEVICE);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(MASKED(i), 1);
    }
    cr_assert_eq(world.config[0x53] & 0xc0, 0x80, "enabled, and not masked as a whole");
    struct evtchn_bind_pirq bind = {.pirq = 255};
    cr_assert_eq(event_channel_bind_pirq(&bind), 0);
    cr_assert_eq(MASKED(1), 0);
    cr_assert_eq(MASKED(0), 1);
    struct evtchn_bind_pirq again = {.pirq = 255};
    cr_assert_eq(event_channel_bind_pirq(&again), -XEN_EEXIST);
    pirq_interrupt(IRQ_VECTOR_DEVICE);
    cr_assert_eq(event_channel_poll(world.dom0, bind.port), 1);
    pirq_interrupt(IRQ_VECTOR_DEVICE + 1);
    struct evtchn_status status = {.dom = DOMID_SELF, .port = bind.port};
    cr_assert_eq(event_channel_status(&status), 0);
    cr_assert_eq(status.status, EVTCHNSTAT_pirq);
    cr_assert_eq(status.u.pirq, 255);
    cr_assert_eq(event_channel_close(world.dom0, bind.port), 0);
    cr_assert_eq(MASKED(1), 1);
    struct physdev_unmap_pirq unmap = {.domid = DOMID_SELF, .pirq = 255};
    cr_assert_eq(op(PHYSDEVOP_unmap_pirq, &unmap, sizeof(unmap)), 0);
    cr_assert_eq(op(PHYSDEVOP_unmap_pirq, &unmap, sizeof(unmap)), -XEN_EINVAL);
    cr_assert_eq(event_channel_bind_pirq(&again), -XEN_EPERM, "nothing there any more");
    again.pirq = 9999;
    cr_assert_eq(event_channel_bind_pirq(&again), -XEN_EINVAL);
}

Test(device, mapping_is_refused_for_each_reason)
{
    world_start();
    world_install_pci();
    struct physdev_map_pirq map = good_map(4);
    cr_assert_eq(map_pirq(&map), -XEN_EINVAL, "four entries");
    map = good_map(-1);
    cr_assert_eq(map_pirq(&map), -XEN_EINVAL);
    map = good_map(0);
    map.table_base = BAR + 4096;
    cr_assert_eq(map_pirq(&map), -XEN_EINVAL);
    map = good_map(0);
    map.table_base = 0;
    cr_assert_eq(map_pirq(&map), -XEN_EOPNOTSUPP, "plain MSI");
    map = good_map(0);
    map.type = MAP_PIRQ_TYPE_GSI;
    cr_assert_eq(map_pirq(&map), -XEN_EOPNOTSUPP);
    map.type = 9;
    cr_assert_eq(map_pirq(&map), -XEN_EINVAL);
    map = good_map(0);
    map.devfn = 4 << 3;
    cr_assert_eq(map_pirq(&map), -XEN_ENODEV);
    map = good_map(0);
    map.bus = 1 << 16;
    cr_assert_eq(map_pirq(&map), -XEN_EINVAL, "segment 1");
    map = good_map(0);
    map.pirq = 3;
    cr_assert_eq(map_pirq(&map), -XEN_EINVAL, "an input's number");
    world.config[0x04] = 0;
    map = good_map(0);
    cr_assert_eq(map_pirq(&map), -XEN_ENXIO);
    world.config[0x04] = 6;
    map = good_map(0);
    map.pirq = 100;
    cr_assert_eq(map_pirq(&map), 0);
    map = good_map(0);
    cr_assert_eq(map_pirq(&map), -XEN_EBUSY, "the entry");
    map = good_map(1);
    map.pirq = 100;
    cr_assert_eq(map_pirq(&map), -XEN_EBUSY, "the number");
    map = good_map(1);
    cr_assert_eq(map_pirq(&map), 0);
    map = good_map(2);
    cr_assert_eq(map_pirq(&map), 0);
    map = good_map(3);
    cr_assert_eq(map_pirq(&map), -XEN_ENOSPC, "out of vectors");
}

Test(device, queries_about_pirqs)
{
    world_start();
    world_install_pci();
    struct physdev_irq_status_query query = {.irq = 255};
    struct physdev_eoi eoi = {.irq = 255};
    struct physdev_get_free_pirq free_pirq = {.type = MAP_PIRQ_TYPE_MSI};
    cr_assert_eq(op(PHYSDEVOP_irq_status_query, &query, sizeof(query)), -XEN_EINVAL);
    cr_assert_eq(op(PHYSDEVOP_get_free_pirq, &free_pirq, sizeof(free_pirq)), 0);
    cr_assert_eq(free_pirq.pirq, 255);
    free_pirq.type = MAP_PIRQ_TYPE_GSI;
    cr_assert_eq(op(PHYSDEVOP_get_free_pirq, &free_pirq, sizeof(free_pirq)), -XEN_EINVAL);
    struct physdev_map_pirq map = good_map(0);
    cr_assert_eq(map_pirq(&map), 0);
    query.flags = 7;
    cr_assert_eq(op(PHYSDEVOP_irq_status_query, &query, sizeof(query)), 0);
    cr_assert_eq(query.flags, 0);
    cr_assert_eq(op(PHYSDEVOP_eoi, &eoi, sizeof(eoi)), 0);
    eoi.irq = 300;
    cr_assert_eq(op(PHYSDEVOP_eoi, &eoi, sizeof(eoi)), -XEN_EINVAL);
}

Test(device, PC2_a_guest_does_not_write_where_interrupts_go)
{
    world_start();
    world_install_pci();
    uint32_t function = 0x80000000u | 3 << 11;
    cr_assert(pci_config_write_allowed(function | 0x04, 2, 6));
    cr_assert(pci_config_write_allowed(function | 0x14, 4, 0xffffffff));
    cr_assert(pci_config_write_allowed(function | 0x44, 4, 0));
    cr_assert_not(pci_config_write_allowed(function | 0x52, 2, 0x8000));
    cr_assert_not(pci_config_write_allowed(function | 0x50, 4, 0));
    cr_assert(pci_config_write_allowed(function | 0x54, 4, 0));
    cr_assert(pci_config_write_allowed(0x52, 2, 0), "no cycle on the bus");
    world.config[0x50] = 0x05;
    cr_assert_not(pci_config_write_allowed(function | 0x54, 4, 0), "an MSI address");
    world.config[0x41] = 0x40; /* a list that goes round ends */
    cr_assert(pci_config_write_allowed(function | 0x54, 4, 0));
}

Test(device, DR1_a_stopped_device_is_reset_and_off_the_bus)
{
    static const uint8_t bytes[][2] = {
        {0x41, 0x60},                                        /* the list goes on at */
        {0x60, 0x09}, {0x61, 0x80}, {0x63, 1}, {0x64, 4},    /* the common structure: BAR 4, */
        {0x69, 0x01},                                        /* offset 0x100 */
        {0x80, 0x09}, {0x81, 0x50}, {0x83, 5}, {0x90, 0xaa}, /* the window */
    };
    world_start();
    world_install_pci();
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        world.config[bytes[i][0]] = bytes[i][1];
    }
    pci_config_stop_devices();
    cr_assert_eq(world.config[0x04], 0x02, "it still answers, and masters no more");
    cr_assert_eq(world.config[0x84], 4);
    cr_assert_eq(world.config[0x88] | world.config[0x89] << 8, 0x114, "its status");
    cr_assert_eq(world.config[0x8c], 1);
    cr_assert_eq(world.config[0x90], 0, "0: reset");
    world.config[0x04] = 0x06;
    world.config[0x0b] = 0x06;
    pci_config_stop_devices();
    cr_assert_eq(world.config[0x04], 0x06, "a bridge goes on serving those behind it");
}
