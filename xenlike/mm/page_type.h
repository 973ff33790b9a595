/* SPDX-License-Identifier: MIT */
/*
 * Type references inside mm/. Everybody else uses frame_table.h and page_table.h.
 *
 * A page table is in one of three states: untyped (no type reference), valid (any number of them), or partial: entries
 * [0, progress) hold their references, the others hold nothing, and the one type reference, with a general one, is the
 * table's own. Preempted validation leaves a partial table, and whoever asks for the type again goes on upwards.
 * A table whose last reference goes, or whose validation failed, becomes partial, is listed in d->page_pending and goes
 * downwards; each operation on d's tables first empties that list (page_type_drain).
 * Locks: functions on tables need the owner's page_lock. Read next: page_type.c, pt_entry.c.
 */
#pragma once

#include "frame_word.h"
#include "../domain/domain.h"

static inline bool page_type_is_table(enum frame_type type)
{
    return type >= FRAME_L1 && type <= FRAME_L4;
}
static inline enum frame_type page_type_of_level(unsigned int level)
{
    return (enum frame_type)level; /* FRAME_L1 is 1 */
}
static inline pte_t *page_type_entries(mfn_t table)
{
    return machine_frame(table);
}

/* To be called before the last reference of a type goes: from here on a flush is owed (PT7). */
static inline void page_type_stamp(struct frame *frame)
{
    frame->aux = (frame->aux & ~FRAME_AUX_STAMP_MASK) | machine_flush_clock();
}

/* The ordinary case of page_type_get_writable, and of what it undoes: the frame is writable by type already, and stays in use. False: nothing was
 * done, ask the whole function. */
static inline bool page_type_try_get_writable(mfn_t mfn, const struct domain *d)
{
    const uint64_t mask = (~UINT64_C(0) << FRAME_OWNER_SHIFT) | FRAME_TYPE_MASK |
                          FRAME_COUNT_LIMIT | FRAME_TYPE_COUNT_LIMIT;
    uint64_t wanted =
        FRAME_OWNED_BY(FRAME_OWNER_OF(d)) | ((uint64_t)FRAME_WRITABLE << FRAME_TYPE_SHIFT);

    if (unlikely(mfn.n >= frame_table_end)) {
        return false;
    }
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    return likely(((state ^ wanted) & mask) == 0) && likely((state & FRAME_COUNT_MASK) != 0) &&
           likely(frame_swap(frame, &state, state + FRAME_COUNT_ONE + FRAME_TYPE_COUNT_ONE));
}
static inline bool page_type_try_put_writable(mfn_t mfn)
{
    if (unlikely(mfn.n >= frame_table_end)) {
        return false;
    }
    struct frame *frame = frame_of(mfn);
    uint64_t state = frame_load(frame);

    if (unlikely(frame_word_type(state) != FRAME_WRITABLE) ||
        unlikely((state & (FRAME_COUNT_MASK - 1)) == 0)) {
        return false;
    }
    if ((state & (FRAME_TYPE_COUNT_MASK - FRAME_TYPE_COUNT_ONE)) == 0) {
        page_type_stamp(frame);
    }
    return likely(frame_swap(frame, &state, state - FRAME_COUNT_ONE - FRAME_TYPE_COUNT_ONE));
}

/* A general and a writable reference to a frame of d in one step; the reverse for any frame.
 * 0; -EINVAL not d's; -EBUSY otherwise typed or at the limit. */
int page_type_get_writable(mfn_t mfn, const struct domain *d);
void page_type_put_writable(mfn_t mfn);

/* A type reference for a caller that holds a general one and d->page_lock; d owns the frame. -EBUSY otherwise typed or at the
 * limit; -EINVAL, -EPERM, -EBUSY from its contents; -ERESTART. */
int page_type_take(mfn_t mfn, enum frame_type type, struct domain *d);
/* Never fails, and never takes long: a table left without references is listed. */
void page_type_drop(mfn_t mfn, struct domain *d);
/* Takes listed tables apart. 0: the list is empty; -ERESTART. */
int page_type_drain_list(struct domain *d);
static inline int page_type_drain(struct domain *d)
{
    return likely(d->page_pending == 0) ? 0 : page_type_drain_list(d);
}

/* A partial table that nobody will finish (its domain dies) goes downwards. Anything else is left alone. */
void page_type_abandon(mfn_t mfn, struct domain *d);

/* Valid table of that type, or any table with FRAME_NONE? For a caller that holds a reference. */
bool page_type_is_valid(mfn_t mfn, enum frame_type type);

/* Signed counts of linear entries (frame_word.h). */
int page_type_linear(const struct frame *frame);
void page_type_linear_add(struct frame *frame, int amount);
/* One more reference to a valid table, for a linear entry. False at the limit. */
bool page_type_take_valid(mfn_t mfn);

/* --- pt_entry.c: what one entry holds --------------------------------------------------------- */

/* The references that a present entry of an L1 of d needs, to a frame of frame_owner (NULL: device memory only). The entry is brought into
 * the form in which it is stored. 0; -EINVAL bits that are not allowed; -EPERM device memory; -EBUSY the frame cannot be mapped so. */
int pt_entry_get_l1(struct domain *d, struct domain *frame_owner, pte_t *pte);
void pt_entry_put_l1(pte_t pte);
/* The same for levels 2 to 4 of table `self`. 0; -EINVAL; -ERESTART; and what the validation of the table below found. */
int pt_entry_get_upper(struct domain *d, mfn_t self, unsigned int level, pte_t *pte);
void pt_entry_put_upper(struct domain *d, mfn_t self, unsigned int level, pte_t pte);
/* The stored form of an L1 entry (abi T2). The guest kernel runs in ring 3, so all is user-accessible, and a kernel's entry is known by bit 52
 * alone. It must never be global: global entries survive the change to the user's base, and user mode would see them. Bit 62 is ours: a
 * guest's is dropped. */
static inline pte_t pt_entry_adjust_l1(pte_t pte)
{
    pte &= ~PTE_GRANT;
    if ((pte & PTE_USER) == 0) {
        pte |= PTE_USER | PTE_GUEST_KERNEL;
    }
    return (pte & PTE_GUEST_KERNEL) != 0 ? pte & ~PTE_GLOBAL : pte | PTE_GLOBAL;
}
/* Bits that no L1 entry of d may have: cache attributes are for those who drive devices. */
static inline pte_t pt_entry_refused_l1(const struct domain *d)
{
    return d->is_hardware ? 0 : PTE_PWT | PTE_PCD | PTE_PAT;
}

/* Of an L4: is the slot the hypervisor's? */
static inline bool pt_entry_is_hypervisor_slot(unsigned int level, unsigned int index)
{
    return level == 4 && index - HV_L4_FIRST_SLOT < HV_L4_SLOTS;
}

/* --- pt_validate.c: all entries of a table ------------------------------------------------------ */

/* Takes the references of entries from *progress on. 0 and *progress 512; -ERESTART, or an errno of the entry at *progress. */
int pt_validate_up(struct domain *d, mfn_t table, unsigned int level, unsigned int *progress);
/* Gives back entries below *progress, from the top, until none is left (0), or another table has been listed, or a preemption point
 * is reached with work waiting (-ERESTART: look at the list, then go on). */
int pt_validate_down(struct domain *d, mfn_t table, unsigned int level, unsigned int *progress);
/* Descriptors of a segment page, fixed where they must be. 0 or -EINVAL. */
int pt_validate_descriptors(const struct domain *d, mfn_t page);
