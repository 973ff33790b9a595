/* SPDX-License-Identifier: MIT */
/* mmu_update and update_va_mapping, one entry at a time. */
#include <string.h>

#include <public/xen.h>
#include <pvk/hypercall.h>

#include "compare.h"

static long update(uint64_t pointer, uint64_t value, unsigned int domid)
{
    struct mmu_update request = {pointer, value};
    unsigned int done = 77;
    return hypercall_mmu_update(&request, 1, &done, domid);
}

/* An L1 of our own, not attached to anything: pinned and unpinned around each case. */
static void own_table(void)
{
    struct spare_page table = spare_page(), data = spare_page();
    uint64_t entry = (uint64_t)table.mfn << 12;
    uint64_t target = (uint64_t)data.mfn << 12;
    memset(table.address, 0, 4096);
    show("l1.writable page is no table", update(entry, target | 1, DOMID_SELF));
    show("l1.make read-only", spare_map(table, ENTRY_PRESENT));
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = table.mfn};
    show("l1.pin", hypercall_mmuext_op(&pin, 1, NULL, DOMID_SELF));
    show("l1.entry", update(entry, target | 3, DOMID_SELF));
    show("l1.entry again", update(entry, target | 3, DOMID_SELF));
    show("l1.entry read-only", update(entry, target | 1, DOMID_SELF));
    show("l1.entry preserve A/D", update(entry | 2, target | 3, DOMID_SELF));
    show("l1.entry of itself read-only", update(entry + 8, entry | 1, DOMID_SELF));
    show("l1.entry of itself writable", update(entry + 8, entry | 3, DOMID_SELF));
    show("l1.entry global", update(entry + 16, target | 1 | ENTRY_GLOBAL, DOMID_SELF));
    show("l1.entry user", update(entry + 16, target | 5, DOMID_SELF));
    show("l1.entry no execute", update(entry + 16, target | 1 | 1ul << 63, DOMID_SELF));
    show("l1.entry bit 9..11", update(entry + 16, target | 1 | 7ul << 9, DOMID_SELF));
    show("l1.entry bit 52", update(entry + 16, target | 1 | 1ul << 52, DOMID_SELF));
    show("l1.entry bit 58", update(entry + 16, target | 1 | 1ul << 58, DOMID_SELF));
    show("l1.entry bit 62", update(entry + 16, target | 1 | 1ul << 62, DOMID_SELF));
    show("l1.entry of no frame", update(entry + 24, 0x00000ffffffff000ul | 1, DOMID_SELF));
    show("l1.entry not present keeps anything", update(entry + 24, 0x7ffffffffffff0fe, DOMID_SELF));
    show("l1.entry of hypervisor text", update(entry + 24, 0x200000ul | 1, DOMID_SELF));
    show("l1.clear", update(entry, 0, DOMID_SELF));
    show("l1.unaligned pointer is rounded", update(entry + 4, 0, DOMID_SELF));
    show("l1.no such domain", update(entry, 0, 999));
    show("l1.table owner no such domain", update(entry, 0, 1000u << 16));
    show("l1.make writable while pinned", spare_map(table, ENTRY_PRESENT | ENTRY_WRITE));
    struct mmuext_op unpin = {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = table.mfn};
    show("l1.unpin", hypercall_mmuext_op(&unpin, 1, NULL, DOMID_SELF));
    show("l1.make writable", spare_map(table, ENTRY_PRESENT | ENTRY_WRITE));
}

static void arguments(void)
{
    struct mmu_update request = {0, 0};
    struct spare_page data = spare_page();
    unsigned int done = 77;
    show("mmu.no requests", hypercall_mmu_update(&request, 0, &done, DOMID_SELF));
    show("mmu.hypervisor pointer",
         hypercall_mmu_update((void *)IN_HYPERVISOR, 1, &done, DOMID_SELF));
    show("mmu.not mapped", hypercall_mmu_update((void *)NOT_MAPPED, 1, &done, DOMID_SELF));
    show("mmu.count is reported", (long)done);
    show("mmu.no frame", update(0x00000ffffffff000ul, 0, DOMID_SELF));
    show("mmu.frame 0", update(0, 0, DOMID_SELF));
    show("mmu.command 7", update(((uint64_t)data.mfn << 12) | 7, 0, DOMID_SELF));
    show("mmu.command 4", update(((uint64_t)data.mfn << 12) | 4, 0, DOMID_SELF));
    show("mmu.machphys",
         update(((uint64_t)data.mfn << 12) | 1, (unsigned long)data.address >> 12, DOMID_SELF));
    show("mmu.machphys no frame", update(0x00000ffffffff000ul | 1, 0, DOMID_SELF));
}

static void by_address(void)
{
    struct spare_page data = spare_page();
    uint64_t frame = (uint64_t)data.mfn << 12;
    unsigned long address = (unsigned long)data.address;
    show("va.read-only", hypercall_update_va_mapping(address, frame | 1, UVMF_INVLPG));
    show("va.writable", hypercall_update_va_mapping(address, frame | 3, UVMF_INVLPG));
    show("va.none", hypercall_update_va_mapping(address, 0, UVMF_INVLPG));
    show("va.back", hypercall_update_va_mapping(address, frame | 3, UVMF_NONE));
    show("va.flush all",
         hypercall_update_va_mapping(address, frame | 3, UVMF_TLB_FLUSH | UVMF_ALL));
    show("va.flush type 3", hypercall_update_va_mapping(address, frame | 3, 3));
    show("va.bad mask pointer",
         hypercall_update_va_mapping(address, frame | 3, UVMF_TLB_FLUSH | (NOT_MAPPED & ~7ul)));
    show("va.no table", hypercall_update_va_mapping(NOT_MAPPED, frame | 1, UVMF_NONE));
    show("va.not canonical", hypercall_update_va_mapping(NOT_CANONICAL, frame | 1, UVMF_NONE));
    show("va.hypervisor", hypercall_update_va_mapping(IN_HYPERVISOR, frame | 1, UVMF_NONE));
    show("va.no frame", hypercall_update_va_mapping(address, 0x00000ffffffff000ul | 1, UVMF_NONE));
    show("va.still mapped", hypercall_update_va_mapping(address, frame | 3, UVMF_NONE));
    show("va.other domain self",
         hypercall_update_va_mapping_otherdomain(address, frame | 3, UVMF_NONE, DOMID_SELF));
    show("va.other domain none",
         hypercall_update_va_mapping_otherdomain(address, frame | 3, UVMF_NONE, 999));
}

void cases_page_tables(void)
{
    arguments();
    by_address();
    own_table();
}
