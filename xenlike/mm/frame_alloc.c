/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator.
 *
 * Owns: free blocks (linked through their records), the counts of free frames and of each domain's.
 * Invariant: FA1 a free block is a head record with its order, and no two free buddies of one order exist;
 *            FA2 (PT7) a block carries the flush stamp of the last free in it; it leaves the heap flushed and zeroed.
 * A zone is the number of bits of a frame number, so "below 2^n" is a mask of zones; high zones are used first. Blocks are
 * taken from the head of a list and given back at its tail, so what was freed last (and needs a flush) is used last.
 * Locks: heap. Read next: frame_word.h, hv_alloc.c.
 */
#include "frame_alloc.h"
#include "frame_word.h"
#include "../domain/domain.h"
#include "../lib/check.h"
#include "../lib/string.h"

#define NR_ZONES 32

struct free_list {
    uint32_t head, tail; /* frame numbers; 0: empty (frame 0 is never in the heap) */
};

static spinlock_t heap_lock = SPINLOCK_INIT;
static struct free_list heap_list[NR_ZONES][FRAME_ORDER_MAX + 1];
static uint32_t heap_orders[NR_ZONES]; /* bit n: order n has a block */
static uint32_t heap_zones;            /* bit n: zone n has a block */
static uint64_t heap_nr_free, heap_nr_total;
/* Frames per bit of a domain's frame_chunks: 2^this. */
static unsigned int chunk_shift;

static unsigned int zone_of(uint64_t n)
{
    return n == 0 ? 0 : 64 - (unsigned int)__builtin_clzll(n);
}

static uint64_t free_state(unsigned int order, uint32_t stamp)
{
    return FRAME_STATE_FREE | FRAME_FREE_HEAD | ((uint64_t)order << FRAME_FREE_ORDER_SHIFT) | stamp;
}

static uint32_t link_next(uint64_t n)
{
    return (uint32_t)FRAME_TABLE[n].aux;
}

static uint32_t link_previous(uint64_t n)
{
    return (uint32_t)(FRAME_TABLE[n].aux >> 32);
}

static void link_set(uint64_t n, uint32_t next, uint32_t previous)
{
    FRAME_TABLE[n].aux = next | ((uint64_t)previous << 32);
}

static void block_append(uint64_t n, unsigned int order, uint32_t stamp)
{
    unsigned int zone = zone_of(n);
    struct free_list *list = &heap_list[zone][order];

    FRAME_TABLE[n].state = free_state(order, stamp);
    link_set(n, 0, list->tail);
    if (list->tail != 0) {
        link_set(list->tail, (uint32_t)n, link_previous(list->tail));
    } else {
        list->head = (uint32_t)n;
        heap_orders[zone] |= 1u << order;
        heap_zones |= 1u << zone;
    }
    list->tail = (uint32_t)n;
}

static void block_remove(uint64_t n, unsigned int order)
{
    unsigned int zone = zone_of(n);
    struct free_list *list = &heap_list[zone][order];
    uint32_t next = link_next(n);
    uint32_t previous = link_previous(n);

    if (previous != 0) {
        link_set(previous, next, link_previous(previous));
    } else {
        list->head = next;
    }
    if (next != 0) {
        link_set(next, link_next(next), previous);
    } else {
        list->tail = previous;
    }
    if (list->head == 0) {
        heap_orders[zone] &= ~(1u << order);
        if (heap_orders[zone] == 0) {
            heap_zones &= ~(1u << zone);
        }
    }
}

/* The flush clock wraps; of two stamps the later one is ahead by less than half of its range. */
static uint32_t later_stamp(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) >= 0 ? a : b;
}

static void block_give(uint64_t n, unsigned int order, uint32_t stamp)
{
    heap_nr_free += UINT64_C(1) << order;
    while (order < FRAME_ORDER_MAX) {
        uint64_t buddy = n ^ (UINT64_C(1) << order);
        uint64_t wanted = free_state(order, 0);

        if (buddy == 0 || buddy >= frame_table_end ||
            (FRAME_TABLE[buddy].state & ~FRAME_FREE_STAMP_MASK) != wanted) {
            break;
        }
        stamp = later_stamp(stamp, (uint32_t)FRAME_TABLE[buddy].state);
        block_remove(buddy, order);
        FRAME_TABLE[n | (UINT64_C(1) << order)].state = FRAME_STATE_FREE;
        n &= ~(UINT64_C(1) << order);
        order++;
    }
    block_append(n, order, stamp);
}

/* A block of the order in one of the zones, its stamp in *stamp; 0: none. */
static uint64_t block_take(unsigned int order, uint32_t zones, uint32_t *stamp)
{
    for (zones &= heap_zones; zones != 0;) {
        unsigned int zone = 31 - (unsigned int)__builtin_clz(zones);
        uint32_t orders = heap_orders[zone] >> order;

        if (orders == 0) {
            zones &= ~(1u << zone);
            continue;
        }
        unsigned int from = order + (unsigned int)__builtin_ctz(orders);
        uint64_t n = heap_list[zone][from].head;

        *stamp = (uint32_t)FRAME_TABLE[n].state;
        block_remove(n, from);
        heap_nr_free -= UINT64_C(1) << order;
        while (from > order) {
            from--;
            block_append(n, from, *stamp);
            n += UINT64_C(1) << from;
        }
        return n;
    }
    return 0;
}

/* FA2: after this no CPU can reach the frames by an old translation, and they hold zeros. */
static void block_make_clean(mfn_t mfn, unsigned int order, uint32_t stamp)
{
    cpumask_t stale = machine_flush_filter(machine_cpus_online(), stamp);

    if (stale != 0) {
        machine_flush_mask(stale, true);
    }
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
        memset(machine_frame(mfn_add(mfn, i)), 0, PAGE_SIZE);
    }
}

void frame_alloc_add_range(mfn_t start, mfn_t end)
{
    uint64_t n = start.n == 0 ? 1 : start.n;

    CHECK(end.n <= frame_table_end);
    while (frame_table_end >> chunk_shift > DOMAIN_FRAME_CHUNKS) {
        chunk_shift++;
    }
    spin_lock(&heap_lock);
    while (n < end.n) {
        unsigned int order = 0;

        while (order < FRAME_ORDER_MAX && (n & (UINT64_C(1) << order)) == 0 &&
               n + (UINT64_C(2) << order) <= end.n) {
            order++;
        }
        for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
            FRAME_TABLE[n + i].state = FRAME_STATE_FREE;
        }
        heap_nr_total += UINT64_C(1) << order;
        block_give(n, order, machine_flush_clock());
        n += UINT64_C(1) << order;
    }
    spin_unlock(&heap_lock);
}

/* Zones whose frames end below 2^address_bits; 0: none of them. */
static uint32_t zones_below(unsigned int address_bits)
{
    if (address_bits == 0 || address_bits >= PAGE_SHIFT + NR_ZONES - 1) {
        return ~0u;
    }
    if (address_bits <= PAGE_SHIFT) {
        return 0;
    }
    return (uint32_t)((UINT64_C(2) << (address_bits - PAGE_SHIFT)) - 1);
}

mfn_t frame_exchange_alloc(unsigned int order, unsigned int address_bits)
{
    uint32_t stamp = 0;

    if (order > FRAME_ORDER_MAX) {
        return INVALID_MFN;
    }
    spin_lock(&heap_lock);
    uint64_t n = block_take(order, zones_below(address_bits), &stamp);
    for (uint64_t i = 0; n != 0 && i < UINT64_C(1) << order; i++) {
        FRAME_TABLE[n + i].state = FRAME_STATE_OURS;
        FRAME_TABLE[n + i].aux = 0;
    }
    spin_unlock(&heap_lock);
    if (n == 0) {
        return INVALID_MFN;
    }
    block_make_clean(MFN(n), order, stamp);
    return MFN(n);
}

mfn_t frame_alloc_hypervisor(unsigned int order)
{
    return frame_exchange_alloc(order, 0);
}

void frame_free_hypervisor(mfn_t mfn, unsigned int order)
{
    spin_lock(&heap_lock);
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
        struct frame *frame = frame_of(mfn_add(mfn, i));

        CHECK(frame->state == FRAME_STATE_OURS);
        frame->state = FRAME_STATE_FREE;
    }
    block_give(mfn.n, order, machine_flush_clock());
    spin_unlock(&heap_lock);
}

static void note_chunks(struct domain *d, uint64_t n, uint64_t nr_frames)
{
    for (uint64_t i = n >> chunk_shift; i <= (n + nr_frames - 1) >> chunk_shift; i++) {
        d->frame_chunks[i / 64] |= UINT64_C(1) << (i % 64);
    }
}

/* Takes a block and charges it to d; 0: refused. */
static uint64_t take_for_domain(struct domain *d, unsigned int order, uint32_t zones,
                                uint32_t *stamp)
{
    uint64_t wanted = UINT64_C(1) << order;
    uint64_t spare = d->is_privileged ? 0 : FRAME_ALLOC_RESERVE;

    if (d->life != DOMAIN_ALIVE || d->nr_frames + wanted > d->max_frames ||
        heap_nr_free < wanted + spare) {
        return 0;
    }
    uint64_t n = block_take(order, zones, stamp);
    if (n == 0) {
        return 0;
    }
    if (d->nr_frames == 0) {
        __atomic_add_fetch(&d->references, 1, __ATOMIC_ACQ_REL);
    }
    d->nr_frames += (uint32_t)wanted;
    note_chunks(d, n, wanted);
    return n;
}

static void hand_over(uint64_t n, unsigned int order, const struct domain *d)
{
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
        struct frame *frame = frame_of(MFN(n + i));

        m2p_set(MFN(n + i), M2P_INVALID);
        frame->aux = 0;
        __atomic_store_n(&frame->state,
                         FRAME_OWNED_BY(FRAME_OWNER_OF(d)) | FRAME_ALLOCATED | FRAME_COUNT_ONE,
                         __ATOMIC_RELEASE);
    }
}

mfn_t frame_alloc_domain(struct domain *d, unsigned int order, unsigned int address_bits)
{
    uint32_t stamp = 0;

    if (order > FRAME_ORDER_MAX) {
        return INVALID_MFN;
    }
    spin_lock(&heap_lock);
    uint64_t n = take_for_domain(d, order, zones_below(address_bits), &stamp);
    spin_unlock(&heap_lock);
    if (n == 0) {
        return INVALID_MFN;
    }
    block_make_clean(MFN(n), order, stamp);
    hand_over(n, order, d);
    return MFN(n);
}

void frame_alloc_return(mfn_t mfn, uint64_t state)
{
    uint64_t owner = frame_word_owner(state);
    struct domain *emptied = NULL;

    CHECK(frame_word_count(state) == 0 && frame_word_type_count(state) == 0);
    CHECK((state & (FRAME_ALLOCATED | FRAME_PINNED)) == 0);
    m2p_set(mfn, M2P_INVALID);
    spin_lock(&heap_lock);
    if (owner >= FRAME_OWNER_FIRST_DOMAIN) {
        struct domain *d = domain_table[owner - FRAME_OWNER_FIRST_DOMAIN];

        CHECK(d != NULL && d->nr_frames != 0);
        d->nr_frames--;
        if (d->nr_frames == 0) {
            emptied = d;
        }
    }
    block_give(mfn.n, 0, machine_flush_clock());
    spin_unlock(&heap_lock);
    if (emptied != NULL) {
        domain_put(emptied);
    }
}

bool frame_exchange_take(mfn_t mfn, const struct domain *d)
{
    if (mfn.n >= frame_table_end) {
        return false;
    }
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);
    uint64_t wanted = FRAME_OWNED_BY(FRAME_OWNER_OF(d)) | FRAME_ALLOCATED | 1;

    /* Its last type stays on record: if the frame goes back, it may have to be flushed yet (PT7). */
    do {
        if ((state & ~(FRAME_TYPE_MASK | FRAME_VALIDATED)) != wanted) {
            return false;
        }
    } while (!frame_swap(frame, &state, (state & FRAME_TYPE_MASK) | FRAME_STATE_OURS));
    return true;
}

void frame_exchange_return(mfn_t mfn, const struct domain *d)
{
    struct frame *frame = frame_of(mfn);

    __atomic_store_n(&frame->state,
                     (frame->state & FRAME_TYPE_MASK) | FRAME_OWNED_BY(FRAME_OWNER_OF(d)) |
                         FRAME_ALLOCATED | 1,
                     __ATOMIC_RELEASE);
}

void frame_exchange_drop(mfn_t mfn)
{
    frame_of(mfn)->state = FRAME_STATE_OURS;
    m2p_set(mfn, M2P_INVALID);
    frame_free_hypervisor(mfn, 0);
}

void frame_exchange_give(mfn_t mfn, unsigned int order, struct domain *d)
{
    spin_lock(&heap_lock);
    note_chunks(d, mfn.n, UINT64_C(1) << order);
    spin_unlock(&heap_lock);
    hand_over(mfn.n, order, d);
}

/* Only parts of RAM that d ever had frames in are looked at. */
mfn_t frame_next_referenced(const struct domain *d, mfn_t from)
{
    uint64_t owner = FRAME_OWNER_OF(d);

    for (uint64_t n = from.n, end; n < frame_table_end; n = end) {
        uint64_t chunk = n >> chunk_shift;

        end = min_u64((chunk + 1) << chunk_shift, frame_table_end);
        if ((d->frame_chunks[chunk / 64] & (UINT64_C(1) << (chunk % 64))) == 0) {
            continue;
        }
        for (; n < end; n++) {
            uint64_t state = frame_load(frame_of(MFN(n)));

            if (frame_word_owner(state) == owner && frame_word_count(state) != 0) {
                return MFN(n);
            }
        }
    }
    return INVALID_MFN;
}

uint64_t frame_alloc_nr_free(void)
{
    return heap_nr_free;
}

uint64_t frame_alloc_nr_total(void)
{
    return heap_nr_total;
}
