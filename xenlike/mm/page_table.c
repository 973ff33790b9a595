/* SPDX-License-Identifier: MIT */
/*
 * Whole address spaces: base pointers, pins, looking up, taking apart a dead domain's memory.
 *
 * Invariant: PT5 a vCPU's base is a referenced L4. PT6 a pin is exactly one extra type reference (with its general one).
 *            PT8 the old base is given back after the new one is loaded, never before.
 * Locks: the domain's page_lock. Guest ABI: docs/abi/mmuext_op.md. Read next: pt_update.c, page_table_grant.c.
 */
#include "page_table.h"

#include <public/errno.h>

#include "../lib/check.h"
#include "frame_alloc.h"
#include "page_type.h"
#include "pt_update.h"

static void put_table(struct domain *d, mfn_t mfn)
{
    page_type_drop(mfn, d);
    frame_put(mfn);
}

/* Both references to a valid table of d. -EINVAL not d's or otherwise typed; -ERESTART; what is wrong inside. */
static int get_table(struct domain *d, mfn_t mfn, enum frame_type type)
{
    int result = page_type_drain(d);

    if (result != 0) {
        return result;
    }
    if (!frame_get(mfn, d)) {
        return -XEN_EINVAL;
    }
    enum frame_type now = frame_current_type(mfn);
    result = now == FRAME_NONE || now == type ? page_type_take(mfn, type, d) : -XEN_EINVAL;
    if (result != 0) {
        frame_put(mfn);
    }
    return result;
}

/* Puts l4 (MFN 0: none) in the place of *base, and loads it if asked to. */
static int replace_base(struct domain *d, mfn_t *base, mfn_t l4, bool load)
{
    mfn_t old = *base;
    bool is_new = !mfn_equal(old, l4);
    int result = 0;

    spin_lock(&d->page_lock);
    if (is_new && l4.n != 0) {
        result = get_table(d, l4, FRAME_L4);
    }
    if (result == 0) {
        *base = l4.n != 0 ? l4 : INVALID_MFN;
        if (load) {
            machine_load_base(l4, true);
        }
        if (is_new && mfn_valid_value(old)) {
            put_table(d, old);
        }
    }
    (void)page_type_drain(d);
    spin_unlock(&d->page_lock);
    return result;
}

int page_table_set_kernel_base(struct vcpu *v, mfn_t l4)
{
    return l4.n == 0 ? -XEN_EINVAL
                     : replace_base(v->domain, &v->kernel_base, l4, v == current_vcpu());
}

/* Nothing is loaded or flushed: the caller runs on its kernel base, and comes to user mode through a change of base. */
int page_table_set_user_base(struct vcpu *v, mfn_t l4)
{
    return mfn_equal(v->user_base, l4) ? 0 : replace_base(v->domain, &v->user_base, l4, false);
}

int page_table_drop_bases(struct vcpu *v)
{
    struct domain *d = v->domain;
    mfn_t *bases[] = {&v->kernel_base, &v->user_base};

    spin_lock(&d->page_lock);
    int result = page_type_drain(d);
    for (unsigned int i = 0; i < ARRAY_SIZE(bases) && result == 0; i++) {
        mfn_t old = *bases[i];

        *bases[i] = INVALID_MFN;
        if (mfn_valid_value(old)) {
            put_table(d, old);
            result = page_type_drain(d);
        }
    }
    spin_unlock(&d->page_lock);
    return result;
}

/* Sets or clears the pin; false: it was so already. */
static bool change_pin(mfn_t mfn, bool pinned)
{
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    do {
        if (((state & FRAME_PINNED) != 0) == pinned) {
            return false;
        }
    } while (!frame_swap(frame, &state, state ^ FRAME_PINNED));
    return true;
}

int page_table_pin(struct domain *d, mfn_t mfn, unsigned int level)
{
    spin_lock(&d->page_lock);
    int result = get_table(d, mfn, page_type_of_level(level));
    if (result == 0 && (d->life != DOMAIN_ALIVE || !change_pin(mfn, true))) {
        put_table(d, mfn);
        result = -XEN_EINVAL;
    }
    (void)page_type_drain(d);
    spin_unlock(&d->page_lock);
    return result;
}

int page_table_unpin(struct domain *d, mfn_t mfn)
{
    spin_lock(&d->page_lock);
    int result = page_type_drain(d);
    bool held = result == 0 && frame_get(mfn, d);
    if (held && change_pin(mfn, false)) {
        put_table(d, mfn);
    } else if (result == 0) {
        result = -XEN_EINVAL;
    }
    if (held) {
        frame_put(mfn);
    }
    (void)page_type_drain(d);
    spin_unlock(&d->page_lock);
    return result;
}

int page_table_settle_list(struct domain *d)
{
    spin_lock(&d->page_lock);
    int result = page_type_drain(d);
    spin_unlock(&d->page_lock);
    return result;
}

bool page_table_lookup(const struct vcpu *v, gva_t address, pte_t *pte)
{
    mfn_t table;
    unsigned int index;

    if (!pt_update_find_l1(v, address, &table, &index)) {
        return false;
    }
    *pte = READ_ONCE(page_type_entries(table)[index]);
    return (*pte & PTE_PRESENT) != 0;
}

/* One frame of a dying domain: its pin, its half-made table, its allocation. */
static int relinquish_frame(struct domain *d, mfn_t mfn)
{
    if (!frame_get(mfn, d)) {
        return 0;
    }
    if (change_pin(mfn, false)) {
        put_table(d, mfn);
    } else {
        page_type_abandon(mfn, d);
    }
    (void)frame_release_allocation(mfn, d);
    int result = page_type_drain(d);
    frame_put(mfn);
    return result;
}

int page_table_relinquish_memory(struct domain *d)
{
    unsigned int done = 0;

    CHECK(d->life != DOMAIN_ALIVE);
    spin_lock(&d->page_lock);
    int result = page_type_drain(d);
    while (result == 0) {
        mfn_t mfn = frame_next_referenced(d, MFN(d->relinquish_frame));

        if (!mfn_valid_value(mfn)) {
            break;
        }
        d->relinquish_frame = mfn.n + 1;
        result = relinquish_frame(d, mfn);
        if (result == 0 && ++done % 64 == 0 && machine_preempt_wanted()) {
            result = -XEN_ERESTART;
        }
    }
    if (result == 0) {
        hv_free(d->memory_map);
        d->memory_map = NULL;
    }
    spin_unlock(&d->page_lock);
    return result;
}
