/* SPDX-License-Identifier: MIT */
/*
 * The one place where a frame's type changes.
 *
 * Owns: type, type count, validated; the list of tables to take apart.
 * Invariant: PT1 a type changes only when its count is zero. PT2 each type reference holds a general one.
 *            PT3 so a frame is never table (or descriptors) and writable at once. PT4 a valid table's entries hold their references.
 *            PT7 a frame that leaves a type is flushed from TLBs before the next type is used, after that type was taken.
 * Locks: writable references none (one compare-exchange); all other types the owner's page_lock.
 * Read next: pt_entry.c, pt_validate.c.
 */
#include "page_type.h"

#include <public/errno.h>

#include "../lib/check.h"

/* PT7. `before` is the state from which the type was taken with its count at zero. What has only ever been writable may stay in TLBs
 * when it becomes writable again; a table may stay when it becomes a table of the same level. */
static void flush_old_type(struct frame *frame, uint64_t before, enum frame_type type)
{
    enum frame_type old = frame_word_type(before);
    struct domain *d = frame_word_domain(before);

    if (old == type || old == FRAME_NONE || d == NULL) {
        return;
    }
    cpumask_t stale = machine_flush_filter(d->dirty_cpus, (uint32_t)frame->aux);

    if (stale != 0) {
        machine_flush_mask(stale, true);
    }
}

static uint64_t with_type(uint64_t state, enum frame_type type)
{
    return (state & ~(FRAME_TYPE_MASK | FRAME_VALIDATED)) | ((uint64_t)type << FRAME_TYPE_SHIFT);
}

int page_type_get_writable(mfn_t mfn, const struct domain *d)
{
    /* LAB(3): one more writable mapping of a frame: refused while it is a table or a descriptor page */
    if (unlikely(mfn.n >= frame_table_end)) {
        return -XEN_EINVAL;
    }
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);
    uint64_t wanted;

    do {
        if (unlikely(frame_word_owner(state) != FRAME_OWNER_OF(d)) ||
            unlikely(frame_word_count(state) == 0)) {
            return -XEN_EINVAL;
        }
        wanted = state;
        if ((state & FRAME_TYPE_COUNT_MASK) == 0) {
            wanted = with_type(state, FRAME_WRITABLE);
        }
        if (unlikely(frame_word_type(wanted) != FRAME_WRITABLE) ||
            unlikely((state & (FRAME_COUNT_LIMIT | FRAME_TYPE_COUNT_LIMIT)) != 0)) {
            return -XEN_EBUSY;
        }
        wanted += FRAME_COUNT_ONE + FRAME_TYPE_COUNT_ONE;
    } while (!frame_swap(frame, &state, wanted));
    if (unlikely(((state ^ wanted) & FRAME_TYPE_MASK) != 0)) {
        flush_old_type(frame, state, FRAME_WRITABLE);
    }
    return 0;
    /* END LAB(3) */
}

void page_type_put_writable(mfn_t mfn)
{
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    do {
        CHECK(frame_word_type(state) == FRAME_WRITABLE && frame_word_type_count(state) != 0);
        if (frame_word_type_count(state) == 1) {
            page_type_stamp(frame);
        }
    } while (!frame_swap(frame, &state, state - FRAME_COUNT_ONE - FRAME_TYPE_COUNT_ONE));
    if (unlikely(frame_word_count(state) == 1)) {
        frame_alloc_return(mfn, state - FRAME_COUNT_ONE - FRAME_TYPE_COUNT_ONE);
    }
}

static unsigned int progress_of(const struct frame *frame)
{
    return (unsigned int)((frame->aux & FRAME_AUX_PROGRESS_MASK) >> FRAME_AUX_PROGRESS_SHIFT);
}

static void set_progress(struct frame *frame, unsigned int progress)
{
    frame->aux =
        (frame->aux & ~FRAME_AUX_PROGRESS_MASK) | ((uint64_t)progress << FRAME_AUX_PROGRESS_SHIFT);
}

int page_type_linear(const struct frame *frame)
{
    return (int16_t)(frame->aux >> FRAME_AUX_LINEAR_SHIFT);
}

void page_type_linear_add(struct frame *frame, int amount)
{
    frame->aux += (uint64_t)(int64_t)amount << FRAME_AUX_LINEAR_SHIFT;
}

/* Adds to the state word what the caller knows to fit. */
static void adjust(struct frame *frame, uint64_t clear, uint64_t set, uint64_t add)
{
    uint64_t state = frame_load(frame);

    while (!frame_swap(frame, &state, ((state & ~clear) | set) + add)) {
    }
}

/* The pending list is linked through the stamp bits of aux: a partial table has references, hence no stamp yet. */
static void list_table(struct domain *d, mfn_t mfn)
{
    struct frame *frame = frame_of(mfn);

    frame->aux = (frame->aux & ~FRAME_AUX_STAMP_MASK) | d->page_pending | FRAME_AUX_LISTED;
    d->page_pending = (uint32_t)mfn.n;
}

/* Validates the entries of a table that is not valid: just claimed, or (own) partial. */
static int validate_table(mfn_t mfn, enum frame_type type, struct domain *d, bool own)
{
    struct frame *frame = frame_of(mfn);
    unsigned int progress = own ? progress_of(frame) : 0;
    int result = pt_validate_up(d, mfn, (unsigned int)type, &progress);

    set_progress(frame, progress);
    if (result == 0) {
        /* The type reference, which was the partial table's, is now the caller's. */
        adjust(frame, 0, FRAME_VALIDATED, own ? -FRAME_COUNT_ONE : 0);
        return 0;
    }
    if (!own) {
        adjust(frame, 0, 0, FRAME_COUNT_ONE);
    }
    if (result != -XEN_ERESTART) {
        list_table(d, mfn);
    }
    return result;
}

/* The first reference of a type. */
static int first_reference(mfn_t mfn, enum frame_type type, struct domain *d, uint64_t before)
{
    struct frame *frame = frame_of(mfn);
    int result = 0;

    if (frame_word_type(before) != type) {
        flush_old_type(frame, before, type);
    }
    if (page_type_is_table(type)) {
        frame->aux = 0;
        return validate_table(mfn, type, d, false);
    }
    if (type == FRAME_SEG_DESC) {
        result = pt_validate_descriptors(d, mfn);
        if (result != 0) {
            page_type_stamp(frame);
            adjust(frame, 0, 0, -FRAME_TYPE_COUNT_ONE);
        }
    }
    return result;
}

int page_type_take(mfn_t mfn, enum frame_type type, struct domain *d)
{
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    for (;;) {
        if ((state & FRAME_TYPE_COUNT_MASK) == 0) {
            if (frame_swap(frame, &state, with_type(state, type) + FRAME_TYPE_COUNT_ONE)) {
                return first_reference(mfn, type, d, state);
            }
            continue;
        }
        if (frame_word_type(state) != type || (state & FRAME_TYPE_COUNT_LIMIT) != 0) {
            return -XEN_EBUSY;
        }
        if (page_type_is_table(type) && (state & FRAME_VALIDATED) == 0) {
            if ((frame->aux & FRAME_AUX_LISTED) != 0) {
                return -XEN_EBUSY;
            }
            return validate_table(mfn, type, d, true);
        }
        if (frame_swap(frame, &state, state + FRAME_TYPE_COUNT_ONE)) {
            return 0;
        }
    }
}

bool page_type_take_valid(mfn_t mfn)
{
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    do {
        if ((state & FRAME_TYPE_COUNT_LIMIT) != 0) {
            return false;
        }
    } while (!frame_swap(frame, &state, state + FRAME_TYPE_COUNT_ONE));
    return true;
}

void page_type_drop(mfn_t mfn, struct domain *d)
{
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);
    uint64_t wanted;
    bool last_of_table;

    do {
        CHECK(frame_word_type_count(state) != 0);
        last_of_table =
            frame_word_type_count(state) == 1 && page_type_is_table(frame_word_type(state));
        if (last_of_table) {
            CHECK((state & FRAME_VALIDATED) != 0);
            /* The reference becomes the partial table's own, with a general one of its own. */
            wanted = (state & ~FRAME_VALIDATED) + FRAME_COUNT_ONE;
        } else {
            if (frame_word_type_count(state) == 1) {
                page_type_stamp(frame);
            }
            wanted = state - FRAME_TYPE_COUNT_ONE;
        }
    } while (!frame_swap(frame, &state, wanted));
    if (last_of_table) {
        set_progress(frame, PT_ENTRIES);
        list_table(d, mfn);
    }
}

/* The table at the head of the list holds no entry any more: it is untyped from here on. */
static void finish_table(struct domain *d)
{
    mfn_t mfn = MFN(d->page_pending);
    struct frame *frame = frame_of(mfn);

    CHECK(page_type_linear(frame) == 0);
    d->page_pending = (uint32_t)(frame->aux & FRAME_AUX_STAMP_MASK);
    frame->aux = machine_flush_clock();
    adjust(frame, 0, 0, -FRAME_TYPE_COUNT_ONE);
    frame_put(mfn);
}

int page_type_drain_list(struct domain *d)
{
    while (d->page_pending != 0) {
        mfn_t mfn = MFN(d->page_pending);
        struct frame *frame = frame_of(mfn);
        unsigned int progress = progress_of(frame);
        unsigned int level = (unsigned int)frame_word_type(frame_load(frame));
        int result = pt_validate_down(d, mfn, level, &progress);

        set_progress(frame, progress);
        if (result == 0) {
            finish_table(d);
        } else if (d->page_pending == mfn.n) {
            return result;
        }
    }
    return 0;
}

void page_type_abandon(mfn_t mfn, struct domain *d)
{
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    if (frame_word_type_count(state) != 0 && page_type_is_table(frame_word_type(state)) &&
        (state & FRAME_VALIDATED) == 0 && (frame->aux & FRAME_AUX_LISTED) == 0) {
        list_table(d, mfn);
    }
}

bool page_type_is_valid(mfn_t mfn, enum frame_type type)
{
    uint64_t state = frame_load(frame_of(mfn));

    return frame_word_type_count(state) != 0 && (state & FRAME_VALIDATED) != 0 &&
           (frame_word_type(state) == type ||
            (type == FRAME_NONE && page_type_is_table(frame_word_type(state))));
}

/* --- What the rest of the hypervisor uses -------------------------------------------------------- */

int frame_get_and_type(mfn_t mfn, struct domain *d, enum frame_type type)
{
    if (type == FRAME_WRITABLE) {
        return page_type_get_writable(mfn, d);
    }
    if (!frame_get(mfn, d)) {
        return -XEN_EINVAL;
    }
    spin_lock(&d->page_lock);
    int result = page_type_drain(d);
    if (result == 0) {
        result = page_type_take(mfn, type, d);
    }
    spin_unlock(&d->page_lock);
    if (result != 0) {
        frame_put(mfn);
    }
    return result;
}

void frame_put_and_type(mfn_t mfn)
{
    enum frame_type type = frame_current_type(mfn);
    struct domain *d = frame_word_domain(frame_load(frame_of(mfn)));

    if (type == FRAME_WRITABLE) {
        page_type_put_writable(mfn);
        return;
    }
    if (d == NULL || !page_type_is_table(type)) {
        page_type_drop(mfn, d);
    } else {
        spin_lock(&d->page_lock);
        page_type_drop(mfn, d);
        (void)page_type_drain(d);
        spin_unlock(&d->page_lock);
    }
    frame_put(mfn);
}
