/* SPDX-License-Identifier: MIT */
/*
 * General references, owners, the machine-to-physical table, and frames the hypervisor shows to a guest.
 *
 * Owns: the owner field and the general count. Invariant: PT2 every type reference holds a general one;
 *       FT1 a frame with count 0 is in the heap or on its way there, and nobody gets a reference to it any more.
 * Locks: none; each change is one compare-exchange. Read next: page_type.c, frame_alloc.c.
 */
#include "frame_alloc.h"
#include "frame_word.h"
#include "../domain/domain.h"
#include "../lib/check.h"

#if __STDC_HOSTED__
struct frame *frame_table_base;
uint64_t *frame_table_m2p;
#endif
uint64_t frame_table_end;

#define MAX_CLAIMED_DEVICES 32
static struct {
    mfn_t start;
    uint64_t nr_frames;
} claimed_device[MAX_CLAIMED_DEVICES];
static unsigned int nr_claimed_devices;

void frame_table_add_ram(mfn_t start, mfn_t end)
{
    CHECK(end.n <= frame_table_end);
    for (uint64_t i = start.n; i < end.n; i++) {
        FRAME_TABLE[i].state = FRAME_STATE_OURS;
        FRAME_TABLE[i].aux = 0;
    }
}

bool frame_table_claim_device(mfn_t start, uint64_t nr_frames)
{
    if (nr_claimed_devices == MAX_CLAIMED_DEVICES) {
        return false;
    }
    claimed_device[nr_claimed_devices].start = start;
    claimed_device[nr_claimed_devices].nr_frames = nr_frames;
    nr_claimed_devices++;
    return true;
}

bool frame_table_device_claimed(mfn_t mfn)
{
    for (unsigned int i = 0; i < nr_claimed_devices; i++) {
        if (mfn.n - claimed_device[i].start.n < claimed_device[i].nr_frames) {
            return true;
        }
    }
    return false;
}

bool frame_is_ram(mfn_t mfn)
{
    return mfn.n < frame_table_end &&
           frame_word_owner(frame_load(frame_of(mfn))) != FRAME_OWNER_NONE;
}

struct domain *frame_word_domain(uint64_t state)
{
    uint64_t owner = frame_word_owner(state);

    return owner < FRAME_OWNER_FIRST_DOMAIN ? NULL : domain_table[owner - FRAME_OWNER_FIRST_DOMAIN];
}

bool frame_get(mfn_t mfn, const struct domain *d)
{
    if (mfn.n >= frame_table_end) {
        return false;
    }
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    do {
        if (frame_word_owner(state) != FRAME_OWNER_OF(d) || frame_word_count(state) == 0 ||
            (state & FRAME_COUNT_LIMIT) != 0) {
            return false;
        }
    } while (!frame_swap(frame, &state, state + FRAME_COUNT_ONE));
    return true;
}

void frame_put(mfn_t mfn)
{
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    do {
        CHECK(frame_word_count(state) > frame_word_type_count(state));
    } while (!frame_swap(frame, &state, state - FRAME_COUNT_ONE));
    if (frame_word_count(state) == 1) {
        frame_alloc_return(mfn, state - FRAME_COUNT_ONE);
    }
}

bool frame_release_allocation(mfn_t mfn, struct domain *d)
{
    if (mfn.n >= frame_table_end) {
        return false;
    }
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    do {
        if (frame_word_owner(state) != FRAME_OWNER_OF(d) || (state & FRAME_ALLOCATED) == 0) {
            return false;
        }
    } while (!frame_swap(frame, &state, state & ~FRAME_ALLOCATED));
    frame_put(mfn);
    return true;
}

enum frame_type frame_current_type(mfn_t mfn)
{
    uint64_t state = frame_load(frame_of(mfn));

    return frame_word_type_count(state) == 0 ? FRAME_NONE : frame_word_type(state);
}

void m2p_set(mfn_t mfn, uint64_t gpfn)
{
    CHECK(mfn.n < frame_table_end);
    M2P_TABLE[mfn.n] = gpfn;
}

uint64_t m2p_get(mfn_t mfn)
{
    return mfn.n < frame_table_end ? M2P_TABLE[mfn.n] : M2P_INVALID;
}

void frame_share_with_guest(mfn_t mfn, struct domain *d, bool readonly)
{
    struct frame *frame = frame_of(mfn);
    enum frame_type type = readonly ? FRAME_SHARED : FRAME_WRITABLE;

    CHECK(frame_word_owner(frame_load(frame)) == FRAME_OWNER_HYPERVISOR);
    m2p_set(mfn, M2P_SHARED);
    frame->aux = 0;
    /* The type reference that comes with the hypervisor's own keeps every other type away. */
    __atomic_store_n(&frame->state,
                     FRAME_OWNED_BY(FRAME_OWNER_OF(d)) | ((uint64_t)type << FRAME_TYPE_SHIFT) |
                         FRAME_TYPE_COUNT_ONE | FRAME_COUNT_ONE,
                     __ATOMIC_RELEASE);
}

bool frame_is_mapped(mfn_t mfn)
{
    return frame_word_count(frame_load(frame_of(mfn))) > 1;
}

void frame_unshare(mfn_t mfn)
{
    struct frame *frame = frame_of(mfn);
    uint64_t owner_mask = ~UINT64_C(0) << FRAME_OWNER_SHIFT;
    uint64_t state = frame_load(frame);
    uint64_t wanted;

    do {
        CHECK(frame_word_type_count(state) != 0 && (state & FRAME_ALLOCATED) == 0);
        wanted = (state & ~owner_mask) | FRAME_OWNED_BY(FRAME_OWNER_HYPERVISOR);
        wanted -= FRAME_TYPE_COUNT_ONE + FRAME_COUNT_ONE;
    } while (!frame_swap(frame, &state, wanted));
    m2p_set(mfn, M2P_INVALID);
    if (frame_word_count(wanted) == 0) {
        frame_alloc_return(mfn, wanted);
    }
}
