/* SPDX-License-Identifier: MIT */
/* Attacks on page types, page tables and the domain's memory. */
#include "attack.h"

#include <stdio.h>
#include <string.h>

#include <public/grant_table.h>
#include <public/memory.h>
#include <pvk/grant.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/start.h>

static uint64_t base_address(void)
{
    return memory_machine_address_of((const void *)start_information()->pt_base);
}

static long update(uint64_t address, uint64_t entry)
{
    struct mmu_update request = {.ptr = address, .val = entry};

    return hypercall_mmu_update(&request, 1, NULL, DOMID_SELF);
}

/* The live tables on the way to a page: [0] = L1 ... [3] = L4. */
static void tables_of(const void *page, unsigned long mfns[4])
{
    const uint64_t *table = (const uint64_t *)start_information()->pt_base;

    mfns[3] = memory_mfn_of(table);
    for (int level = 2; level >= 0; level--) {
        mfns[level] = table[(unsigned long)page >> (21 + 9 * level) & 511] >> 12 & 0xfffffffffful;
        table = memory_address_of_pfn(memory_pfn_of_mfn(mfns[level]));
    }
}

void own_tables(void)
{
    struct victim window = victim_page();
    unsigned long mfns[4];

    tables_of(window.words, mfns);
    for (unsigned int level = 0; level < 4; level++) {
        uint64_t entry = mfns[level] << 12 | 7;

        attack_expect("a table writable, by address",
                      hypercall_update_va_mapping((unsigned long)window.words, entry, UVMF_INVLPG),
                      -16);
        attack_expect("a table writable, by entry", update(attack_entry_of(window.words), entry),
                      -16);
        attack_expect("with preserved bits", update(attack_entry_of(window.words) | 2, entry), -16);
        attack_expect(
            "pinned as another level",
            attack_mmuext(level == 0 ? MMUEXT_PIN_L2_TABLE : MMUEXT_PIN_L1_TABLE, mfns[level]),
            -22);
    }
    attack_expect("pin a writable page", attack_mmuext(MMUEXT_PIN_L1_TABLE, window.mfn), -22);
    attack_expect("read-only", victim_map(window, ENTRY_PRESENT), 0);
    attack_expect("pin it", attack_mmuext(MMUEXT_PIN_L1_TABLE, window.mfn), 0);
    attack_expect("pin it twice", attack_mmuext(MMUEXT_PIN_L1_TABLE, window.mfn), -22);
    attack_expect("write to it", victim_map(window, ENTRY_PRESENT | ENTRY_WRITE), -16);
    attack_expect("unpin it", attack_mmuext(MMUEXT_UNPIN_TABLE, window.mfn), 0);
    attack_expect("unpin it twice", attack_mmuext(MMUEXT_UNPIN_TABLE, window.mfn), -22);
    attack_expect("writable", victim_map(window, ENTRY_PRESENT | ENTRY_WRITE), 0);
}

/* Tables that name themselves and each other; some stay so, for the domain's end to untie. */
void linear_tables(void)
{
    static const unsigned int pin[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE,
                                       MMUEXT_PIN_L3_TABLE, MMUEXT_PIN_L4_TABLE};
    static const long read_only[] = {0, 0, 0, 0};

    for (unsigned int level = 0; level < 4; level++) {
        struct victim self = victim_page(), a = victim_page(), b = victim_page();

        self.words[5] = self.mfn << 12 | 7;
        (void)victim_map(self, ENTRY_PRESENT);
        attack_expect("names itself, writable", attack_mmuext(pin[level], self.mfn),
                      level == 0 ? -16 : -22);
        (void)victim_map(self, ENTRY_PRESENT | ENTRY_WRITE);
        self.words[5] = self.mfn << 12 | 5;
        (void)victim_map(self, ENTRY_PRESENT);
        attack_expect("names itself, read-only", attack_mmuext(pin[level], self.mfn),
                      read_only[level]);
        a.words[1] = b.mfn << 12 | 5;
        b.words[1] = a.mfn << 12 | 5;
        (void)victim_map(a, ENTRY_PRESENT);
        (void)victim_map(b, ENTRY_PRESENT);
        printf("level %u, each names the other: %ld %ld\n", level + 1,
               attack_mmuext(pin[level], a.mfn), attack_mmuext(pin[level], b.mfn));
    }
    uint64_t top = base_address();
    printf("the live base: itself %ld", update(top + 8 * 250, (top & ~4095ul) | 5));
    printf(", writable %ld\n", update(top + 8 * 251, (top & ~4095ul) | 7));
    attack_expect("the live base, writable", update(top + 8 * 251, (top & ~4095ul) | 7), -22);
}

void foreign_frames(void)
{
    struct victim window = victim_page();
    unsigned int mapped = 0;

    for (unsigned long mfn = 0; mfn < 0x40000; mfn += mfn < 0x2000 ? 1 : 97) {
        if (memory_pfn_of_mfn(mfn) == ~0ul) {
            long seen = hypercall_update_va_mapping((unsigned long)window.words, mfn << 12 | 7,
                                                    UVMF_INVLPG);

            mapped += seen == 0;
        }
    }
    attack_expect("frames of others that can be mapped", mapped, 0);
    for (unsigned int i = 0; i < 4; i++) {
        static const unsigned long special[] = {0xfee00, 0xfec00, 0xfed00, 0xb8};

        attack_expect("a device's frame",
                      hypercall_update_va_mapping((unsigned long)window.words, special[i] << 12 | 3,
                                                  UVMF_INVLPG),
                      -1);
        attack_expect("pin it", attack_mmuext(MMUEXT_PIN_L1_TABLE, special[i]), -22);
        attack_expect("as the base", attack_mmuext(MMUEXT_NEW_BASEPTR, special[i]), -22);
        attack_expect("a table in it", update(special[i] << 12, 0), -22);
    }
    attack_expect("in dom0's name",
                  hypercall_update_va_mapping_otherdomain((unsigned long)window.words, 0x1007,
                                                          UVMF_INVLPG, 0),
                  -1);
    attack_expect("as a device",
                  hypercall_update_va_mapping_otherdomain((unsigned long)window.words, 0xfee00007,
                                                          UVMF_INVLPG, DOMID_IO),
                  -1);
}

void hypervisor_slots(void)
{
    struct victim other = victim_page();
    unsigned long base = base_address() >> 12;

    for (unsigned int slot = 256; slot < 272; slot++) {
        attack_expect("write a slot of the hypervisor's",
                      update((base << 12) + 8ul * slot, other.mfn << 12 | 7), -22);
        attack_expect("clear it", update((base << 12) + 8ul * slot, 0), -22);
    }
    for (unsigned int slot = 256; slot < 272; slot++) {
        other.words[slot] = 0xdead000000000007;
    }
    (void)victim_map(other, ENTRY_PRESENT);
    attack_expect("a table with slots of its own", attack_mmuext(MMUEXT_PIN_L4_TABLE, other.mfn),
                  0);
    attack_expect("they are gone", other.words[257] == 0xdead000000000007, 0);
    attack_expect("as the user base", attack_mmuext(MMUEXT_NEW_USER_BASEPTR, other.mfn), 0);
}

static long reservation(unsigned int command, unsigned long *frames, unsigned long count,
                        unsigned int order)
{
    struct xen_memory_reservation op = {
        .nr_extents = count, .extent_order = order, .domid = DOMID_SELF};

    set_xen_guest_handle(op.extent_start, frames);
    return hypercall_memory_op(command, &op);
}

static void store(void *argument)
{
    *(volatile uint64_t *)argument = 0xbadbadbadbad;
}

/*
 * What the TLB remembers of a page that was given away may still be written (on real Xen, too): it is flushed and zeroed before
 * anybody has it again, which the witness sees. A page that becomes a table is flushed at once.
 */
void stale_tlb(void)
{
    struct victim page = victim_page(), table = victim_page();

    page.words[0] = 1;
    attack_expect("unmapped without a flush",
                  hypercall_update_va_mapping((unsigned long)page.words, 0, UVMF_NONE), 0);
    attack_expect("given back", reservation(XENMEM_decrease_reservation, &page.mfn, 1, 0), 1);
    (void)attack_try(store, page.words);
    table.words[0] = 0;
    attack_expect(
        "read-only without a flush",
        hypercall_update_va_mapping((unsigned long)table.words, table.mfn << 12 | 5, UVMF_NONE), 0);
    attack_expect("a table", attack_mmuext(MMUEXT_PIN_L1_TABLE, table.mfn), 0);
    attack_expect("written as a table", attack_try(store, table.words), VECTOR_PF);
    attack_expect("what it holds", (long)table.words[0], 0);
}

void balloon(void)
{
    static unsigned long frames[4096];
    unsigned long mfns[4], shared = start_information()->shared_info >> 12;
    struct victim table = victim_page();
    long got, all = 0;

    (void)victim_map(table, ENTRY_PRESENT);
    attack_expect("pin", attack_mmuext(MMUEXT_PIN_L1_TABLE, table.mfn), 0);
    attack_expect("give a pinned table", reservation(XENMEM_decrease_reservation, &table.mfn, 1, 0),
                  1);
    printf("give shared_info: %ld\n", reservation(XENMEM_decrease_reservation, &shared, 1, 0));
    tables_of(table.words, mfns);
    printf("give the live base: %ld\n", reservation(XENMEM_decrease_reservation, &mfns[3], 1, 0));
    attack_expect("order 64", reservation(XENMEM_populate_physmap, frames, 1, 64), 0);
    attack_expect("2^60 extents", reservation(XENMEM_populate_physmap, frames, 1ul << 60, 0) > 0,
                  0);
    attack_expect("start beyond the end",
                  reservation(XENMEM_populate_physmap | 100u << 6, frames, 50, 0), 100);
    for (unsigned int i = 0; i < 4096; i++) {
        frames[i] = i;
    }
    while ((got = reservation(XENMEM_increase_reservation, frames, 4096, 0)) > 0) {
        all += got;
        if (all > 1 << 20) {
            break;
        }
    }
    printf("%ld frames could be had, then %ld\n", all, got);
    attack_expect("less than a gigabyte", all < 1 << 18, 1);
    attack_expect(
        "in dom0's name",
        hypercall_memory_op(XENMEM_decrease_reservation,
                            &(struct xen_memory_reservation){.nr_extents = 1, .domid = 0}) <= 0,
        1);
}

void exchange(void)
{
    static unsigned long in[16], out[16];
    struct xen_memory_exchange op;

    for (unsigned int kind = 0; kind < 6; kind++) {
        memset(&op, 0, sizeof(op));
        op.in.nr_extents = op.out.nr_extents = 1;
        op.in.domid = op.out.domid = DOMID_SELF;
        in[0] = victim_page().mfn;
        set_xen_guest_handle(op.in.extent_start, in);
        set_xen_guest_handle(op.out.extent_start, out);
        switch (kind) {
        case 0:
            set_xen_guest_handle(op.out.extent_start, (unsigned long *)IN_HYPERVISOR);
            break;
        case 1:
            op.nr_exchanged = ~0ul;
            break;
        case 2:
            op.in.nr_extents = op.out.nr_extents = 1ul << 62;
            break;
        case 3:
            op.nr_exchanged = 1ul << 40;
            break;
        case 4:
            op.in.extent_order = op.out.extent_order = 64;
            break;
        default:
            op.out.nr_extents = 2;
            break;
        }
        printf("exchange %u: %ld\n", kind, hypercall_memory_op(XENMEM_exchange, &op));
    }
    attack_expect("in all", 0, 0);
}

/* With writable page tables, a store to a live one: odd sizes, odd places, hostile contents. */
static void store_partly(void *argument)
{
    __asm__ volatile("movb $0x67, (%0)" : : "r"(argument) : "memory");
}

static void store_unaligned(void *argument)
{
    __asm__ volatile("movq $0x67, 3(%0)" : : "r"(argument) : "memory");
}

static void store_across(void *argument)
{
    __asm__ volatile("movq $0x67, -3(%0)" : : "r"(argument) : "memory");
}

static void store_sse(void *argument)
{
    __asm__ volatile("movups %%xmm0, (%0)" : : "r"(argument) : "memory");
}

static void store_itself(void *argument)
{
    __asm__ volatile("movq %1, (%0)"
                     :
                     : "r"(argument), "r"((uint64_t)memory_mfn_of(argument) << 12 | 7)
                     : "memory");
}

static void store_string(void *argument)
{
    unsigned long count = 8;

    __asm__ volatile("rep stosq" : "+D"(argument), "+c"(count) : "a"(0ul) : "memory");
}

void writable_tables(void)
{
    static void (*const stores[])(void *) = {store_partly, store_unaligned, store_across,
                                             store_sse,    store_itself,    store_string};
    unsigned long mfns[4];

    attack_expect("vm_assist",
                  hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
    for (unsigned int level = 0; level < 4; level++) {
        struct victim table = victim_page();

        (void)victim_map(table, ENTRY_PRESENT);
        attack_expect("pin", attack_mmuext(MMUEXT_PIN_L1_TABLE + level, table.mfn), 0);
        for (unsigned int i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
            printf("level %u, store %u: %ld\n", level + 1, i,
                   attack_try(stores[i], &table.words[100]));
        }
        attack_expect("it does not map itself writable",
                      (table.words[100] & 3) == 3 && table.words[100] >> 12 == table.mfn, 0);
    }
    tables_of(&mfns, mfns);
    attack_expect("the live base",
                  attack_try(store_itself, memory_address_of_pfn(memory_pfn_of_mfn(mfns[3]))) !=
                      ATTACK_RETURNED,
                  1);
}

void descriptor_pages(void)
{
    struct victim table = victim_page();
    unsigned long frames[16];

    table.words[7] = 0x0000890000000067;
    (void)victim_map(table, ENTRY_PRESENT);
    for (unsigned int i = 0; i < 16; i++) {
        frames[i] = table.mfn;
    }
    attack_expect("a table that holds a tss", hypercall_set_gdt(frames, 512), -22);
    (void)victim_map(table, ENTRY_PRESENT | ENTRY_WRITE);
    table.words[7] = 0;
    (void)victim_map(table, ENTRY_PRESENT);
    attack_expect("fourteen times the same", hypercall_set_gdt(frames, 7168), 0);
    attack_expect("7169 entries", hypercall_set_gdt(frames, 7169), -22);
    frames[3] = 0xfee00;
    attack_expect("a device's frame", hypercall_set_gdt(frames, 7168), -22);
    frames[3] = 1ul << 52;
    attack_expect("no frame", hypercall_set_gdt(frames, 7168), -22);
    attack_expect("pin it as a table", attack_mmuext(MMUEXT_PIN_L1_TABLE, table.mfn), -22);
    attack_expect("write it", victim_map(table, ENTRY_PRESENT | ENTRY_WRITE), -16);
    attack_expect("give it back", reservation(XENMEM_decrease_reservation, &table.mfn, 1, 0), 1);
}

/*
 * A grant mapping that was used must be gone from the TLB when its unmap returns: through a second way to the same L1 table, and
 * after the guest cleared the entry's accessed bit itself.
 */
static void stale_grant(const char *what, bool by_alias)
{
    struct victim page = victim_page();
    struct gnttab_map_grant_ref map = {.flags = GNTMAP_host_map, .dom = start_domid()};
    struct gnttab_unmap_grant_ref unmap = {0};
    uint8_t *window = memory_window_alloc(1), *alias = window + (by_alias ? 100ul << 21 : 0);
    unsigned long mfns[4];

    map.ref = (uint32_t)grant_access(start_domid(), page.words, false);
    map.host_addr = (unsigned long)window;
    attack_expect("map", hypercall_grant_table_op(GNTTABOP_map_grant_ref, &map, 1), 0);
    attack_expect("its status", map.status, 0);
    tables_of(window, mfns);
    if (by_alias) {
        attack_expect(
            "alias",
            update((mfns[1] << 12) + ((unsigned long)alias >> 21 & 511) * 8, mfns[0] << 12 | 7), 0);
    }
    attack_expect("store", attack_try(store, alias), ATTACK_RETURNED);
    if (!by_alias) {
        attack_expect("accessed no more", update(attack_entry_of(window), page.mfn << 12 | 3), 0);
    }
    unmap.host_addr = map.host_addr;
    unmap.handle = map.handle;
    attack_expect("unmap", hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1), 0);
    attack_expect("its status", unmap.status, 0);
    attack_expect(what, attack_try(store, alias), VECTOR_PF);
}

void stale_grants(void)
{
    stale_grant("store by another way after the unmap", true);
    stale_grant("store after accessed was cleared and the unmap", false);
}
