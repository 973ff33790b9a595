/* SPDX-License-Identifier: MIT */
/* mmuext_op: pins at every level, bases, flushes. */
#include <string.h>

#include <public/xen.h>
#include <pvk/hypercall.h>

#include "compare.h"

static long extended(unsigned int command, unsigned long argument)
{
    struct mmuext_op op = {.cmd = command, .arg1.mfn = argument};
    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

/* A page made read-only, with one entry in it. */
static struct spare_page table_with(uint64_t entry)
{
    struct spare_page page = spare_page();
    memset(page.address, 0, 4096);
    *(uint64_t *)page.address = entry;
    (void)spare_map(page, ENTRY_PRESENT);
    return page;
}

static void try_pin(const char *name, unsigned int level, uint64_t entry)
{
    struct spare_page page = table_with(entry);
    long result = extended(MMUEXT_PIN_L1_TABLE + level - 1, page.mfn);
    show(name, result);
    if (result == 0) {
        (void)extended(MMUEXT_UNPIN_TABLE, page.mfn);
    }
    (void)spare_map(page, ENTRY_PRESENT | ENTRY_WRITE);
}

static void levels(void)
{
    struct spare_page data = spare_page(), l1 = table_with(0), l2, l3;
    uint64_t leaf = (uint64_t)data.mfn << 12 | 7;
    try_pin("pin.l1 empty", 1, 0);
    try_pin("pin.l1 leaf", 1, leaf);
    try_pin("pin.l1 no frame", 1, 0x00000ffffffff001ul);
    try_pin("pin.l2 empty", 2, 0);
    try_pin("pin.l2 of a writable page", 2, leaf);
    try_pin("pin.l2 of l1", 2, (uint64_t)l1.mfn << 12 | 7);
    try_pin("pin.l2 PSE", 2, (uint64_t)data.mfn << 12 | 7 | ENTRY_PSE);
    try_pin("pin.l2 global", 2, (uint64_t)l1.mfn << 12 | 7 | ENTRY_GLOBAL);
    try_pin("pin.l2 bit 52", 2, (uint64_t)l1.mfn << 12 | 7 | 1ul << 52);
    try_pin("pin.l2 bit 62", 2, (uint64_t)l1.mfn << 12 | 7 | 1ul << 62);
    try_pin("pin.l2 NX", 2, (uint64_t)l1.mfn << 12 | 7 | 1ul << 63);
    try_pin("pin.l2 without user", 2, (uint64_t)l1.mfn << 12 | 3);
    l2 = table_with((uint64_t)l1.mfn << 12 | 7);
    try_pin("pin.l3 of l2", 3, (uint64_t)l2.mfn << 12 | 7);
    try_pin("pin.l3 of l1", 3, (uint64_t)l1.mfn << 12 | 7);
    l3 = table_with((uint64_t)l2.mfn << 12 | 7);
    try_pin("pin.l4 of l3", 4, (uint64_t)l3.mfn << 12 | 7);
    try_pin("pin.l4 of l2 and l1 as l2", 4, (uint64_t)l2.mfn << 12 | 7);
    show("pin.l1 twice, first", extended(MMUEXT_PIN_L1_TABLE, l1.mfn));
    show("pin.l1 twice, second", extended(MMUEXT_PIN_L1_TABLE, l1.mfn));
    show("pin.pinned l1 as l2", extended(MMUEXT_PIN_L2_TABLE, l1.mfn));
    show("pin.pinned l1 as base", extended(MMUEXT_NEW_BASEPTR, l1.mfn));
    show("pin.pinned l1 as user base", extended(MMUEXT_NEW_USER_BASEPTR, l1.mfn));
    show("unpin", extended(MMUEXT_UNPIN_TABLE, l1.mfn));
    show("unpin again", extended(MMUEXT_UNPIN_TABLE, l1.mfn));
}

static void linear(void)
{
    struct spare_page self = spare_page();
    memset(self.address, 0, 4096);
    for (unsigned int level = 1; level <= 4; level++) {
        static const char *const read_only[] = {"", "linear.l1 ro", "linear.l2 ro", "linear.l3 ro",
                                                "linear.l4 ro"};
        static const char *const writable[] = {"", "linear.l1 rw", "linear.l2 rw", "linear.l3 rw",
                                               "linear.l4 rw"};
        for (uint64_t rights = 5; rights <= 7; rights += 2) {
            (void)spare_map(self, ENTRY_PRESENT | ENTRY_WRITE);
            *(uint64_t *)self.address = (uint64_t)self.mfn << 12 | rights;
            (void)spare_map(self, ENTRY_PRESENT);
            long result = extended(MMUEXT_PIN_L1_TABLE + level - 1, self.mfn);
            show(rights == 5 ? read_only[level] : writable[level], result);
            if (result == 0) {
                show("linear.unpin", extended(MMUEXT_UNPIN_TABLE, self.mfn));
            }
        }
    }
    (void)spare_map(self, ENTRY_PRESENT | ENTRY_WRITE);
}

void cases_pins(void)
{
    struct spare_page data = spare_page(), slots = spare_page();
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_MULTI};
    levels();
    linear();
    show("pin.writable page", extended(MMUEXT_PIN_L1_TABLE, data.mfn));
    show("pin.no frame", extended(MMUEXT_PIN_L1_TABLE, ~0ul >> 12));
    show("unpin.ordinary page", extended(MMUEXT_UNPIN_TABLE, data.mfn));
    show("base.ordinary page", extended(MMUEXT_NEW_BASEPTR, data.mfn));
    show("base.no frame", extended(MMUEXT_NEW_BASEPTR, ~0ul >> 12));
    show("user base.none", extended(MMUEXT_NEW_USER_BASEPTR, 0));
    show("flush.local", extended(MMUEXT_TLB_FLUSH_LOCAL, 0));
    show("flush.all", extended(MMUEXT_TLB_FLUSH_ALL, 0));
    show("flush.page", extended(MMUEXT_INVLPG_LOCAL, 0x100000));
    show("flush.page all", extended(MMUEXT_INVLPG_ALL, 0x100000));
    show("flush.page hypervisor", extended(MMUEXT_INVLPG_LOCAL, IN_HYPERVISOR));
    show("flush.page not canonical", extended(MMUEXT_INVLPG_LOCAL, NOT_CANONICAL));
    op.arg2.vcpumask.p = (void *)NOT_MAPPED;
    show("flush.multi not mapped", hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF));
    show("cache.flush", extended(MMUEXT_FLUSH_CACHE, 0));
    show("cache.flush global", extended(MMUEXT_FLUSH_CACHE_GLOBAL, 0));
    show("clear page", extended(MMUEXT_CLEAR_PAGE, data.mfn));
    show("clear page.no frame", extended(MMUEXT_CLEAR_PAGE, ~0ul >> 12));
    show("mark super", extended(MMUEXT_MARK_SUPER, data.mfn));
    show("unmark super", extended(MMUEXT_UNMARK_SUPER, data.mfn));
    show("mmuext.14", extended(14, 0));
    show("mmuext.unknown", extended(99, 0));
    show("mmuext.none", hypercall_mmuext_op(&op, 0, NULL, DOMID_SELF));
    show("mmuext.hypervisor pointer",
         hypercall_mmuext_op((void *)IN_HYPERVISOR, 1, NULL, DOMID_SELF));
    show("mmuext.no such domain", hypercall_mmuext_op(&op, 1, NULL, 999));
    /* An L4 whose entries in the hypervisor's slots are the guest's: they are replaced. */
    memset(slots.address, 0, 4096);
    ((uint64_t *)slots.address)[256] = (uint64_t)data.mfn << 12 | 7;
    (void)spare_map(slots, ENTRY_PRESENT);
    show("pin.l4 with hypervisor slots", extended(MMUEXT_PIN_L4_TABLE, slots.mfn));
    show("pin.l4 slot is ours no more",
         ((uint64_t *)slots.address)[256] != ((uint64_t)data.mfn << 12 | 7));
    struct mmu_update request = {((uint64_t)slots.mfn << 12) + 256 * 8, 0};
    show("mmu.hypervisor slot", hypercall_mmu_update(&request, 1, NULL, DOMID_SELF));
    request.ptr = ((uint64_t)slots.mfn << 12) + 272 * 8;
    show("mmu.slot 272", hypercall_mmu_update(&request, 1, NULL, DOMID_SELF));
    (void)extended(MMUEXT_UNPIN_TABLE, slots.mfn);
    (void)spare_map(slots, ENTRY_PRESENT | ENTRY_WRITE);
}
