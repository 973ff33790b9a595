/* SPDX-License-Identifier: MIT */
/*
 * Copying between frames of two domains, by reference or by frame.
 *
 * Owns: nothing that lasts; a side holds its domain, its frame (writable as a destination: PT3) and a claim on its entry.
 * Invariant: GC1 what is copied lies inside one frame on each side.
 * Locks: the granter's, while it claims. Guest ABI: docs/abi/grant_table_op.md. Read next: grant_table.c.
 */
#include "../lib/string.h"
#include "../mm/frame_table.h"
#include "grant_internal.h"

/* Ends the claims of a side by reference: of the owner's entry, and of the one that grants it on. */
static void references_release(struct grant_copy_side *side)
{
    if (unlikely(side->owner != side->domain)) {
        grant_table_release(side->owner, side->owner_ref, side->readonly);
        domain_put(side->owner);
    }
    grant_table_release(side->domain, (grant_ref_t)side->name, side->readonly);
}

static void side_release(struct grant_copy_side *side)
{
    if (side->claimed) {
        grant_table_unreference(side->frame, side->readonly);
    }
    if (side->claimed && side->by_reference) {
        references_release(side);
    }
    if (side->domain != NULL) {
        domain_put(side->domain);
    }
    side->claimed = side->whole = false;
    side->domain = NULL;
}

/* Looks up the domain that the pointer names, unless the side is claimed for just that already: inline, as it mostly is. */
static inline __attribute__((always_inline)) int16_t
side_resolve(struct grant_copy_side *side, const struct gnttab_copy_ptr *pointer, bool by_reference)
{
    uint64_t name = by_reference ? pointer->u.ref : pointer->u.gmfn;
    if (side->claimed && side->domid == pointer->domid && side->by_reference == by_reference &&
        side->name == name) {
        return GNTST_okay;
    }
    side_release(side);
    side->name = name;
    side->domid = pointer->domid;
    side->by_reference = by_reference;
    if (pointer->domid == DOMID_SELF) {
        side->domain = current_domain();
        domain_hold(side->domain);
        return GNTST_okay;
    }
    if (!by_reference) {
        return GNTST_permission_denied; /* frames are named only in one's own domain */
    }
    side->domain = domain_get(pointer->domid);
    return side->domain != NULL ? GNTST_okay : GNTST_bad_domain;
}

/* An entry may grant on what another domain granted to its own; that one's names a frame of its own, so the chain ends there. */
static int16_t claim_reference(struct grant_copy_side *side)
{
    grant_ref_t ref = (grant_ref_t)side->name;
    int16_t status = grant_table_claim(side->domain, ref, current_domain()->id, side->readonly,
                                       GRANT_PART | GRANT_THROUGH, &side->terms);
    if (unlikely(status == GNTST_okay && side->terms->through != DOMID_INVALID)) {
        struct domain *owner = side->owner = domain_get(side->terms->through);
        side->owner_ref = side->terms->frame;
        status = GNTST_general_error;
        if (owner != NULL && owner != side->domain) {
            status = grant_table_claim(owner, side->owner_ref, side->domain->id, side->readonly,
                                       GRANT_PART, &side->terms);
        }
        if (status != GNTST_okay) {
            grant_table_release(side->domain, ref, side->readonly);
        }
        if (status != GNTST_okay && owner != NULL) {
            domain_put(owner);
        }
    }
    if (likely(status == GNTST_okay)) {
        side->frame = MFN(side->terms->frame);
        side->whole = side->terms->start == 0 && side->terms->end == PAGE_SIZE;
    }
    return status;
}

static inline __attribute__((always_inline)) int16_t side_claim(struct grant_copy_side *side)
{
    side->owner = side->domain;
    side->frame = MFN(side->name);
    side->whole = true;
    int16_t status = side->by_reference ? claim_reference(side) : GNTST_okay;
    if (likely(status == GNTST_okay)) {
        status = grant_table_reference(side->owner, side->frame, side->readonly);
        if (unlikely(status != GNTST_okay && side->by_reference)) {
            references_release(side);
        }
    }
    side->claimed = status == GNTST_okay;
    side->whole &= side->claimed;
    return status;
}

static bool is_crossing(const struct gnttab_copy *op)
{
    return (uint32_t)op->source.offset + op->len > PAGE_SIZE ||
           (uint32_t)op->dest.offset + op->len > PAGE_SIZE;
}

static bool is_inside(const struct grant_copy_side *side, uint32_t offset, uint32_t length)
{
    return side->whole || (offset >= side->terms->start && offset + length <= side->terms->end);
}

/* Claims the sides that are not, and sees to it that parts of pages are kept to. */
static int16_t sides_claim(const struct gnttab_copy *op, struct grant_copy_state *state)
{
    int16_t status = state->source.claimed ? GNTST_okay : side_claim(&state->source);
    if (status == GNTST_okay && !state->destination.claimed) {
        status = side_claim(&state->destination);
    }
    if (status != GNTST_okay || is_crossing(op)) {
        return status;
    }
    return is_inside(&state->source, op->source.offset, op->len) &&
                   is_inside(&state->destination, op->dest.offset, op->len)
               ? GNTST_okay
               : GNTST_general_error;
}

int16_t grant_copy(const struct gnttab_copy *op, struct grant_copy_state *state)
{
    /* LAB(5): copy between two sides, each a frame of ours or a grant: ranges, rights, both let go of
     * Skeleton: return (int16_t)lab_todo("copy through grants"); */
    /* Both domains are looked up before either side is claimed: that is the order of the errors. */
    int16_t status =
        side_resolve(&state->source, &op->source, (op->flags & GNTCOPY_source_gref) != 0);
    if (status == GNTST_okay) {
        status = side_resolve(&state->destination, &op->dest, (op->flags & GNTCOPY_dest_gref) != 0);
    }
    if (unlikely(status == GNTST_okay && (!state->source.whole || !state->destination.whole))) {
        status = sides_claim(op, state);
    }
    if (unlikely(status != GNTST_okay)) {
        return status;
    }
    if (unlikely(is_crossing(op))) {
        return GNTST_bad_copy_arg;
    }
    const char *from = (const char *)machine_frame(state->source.frame) + op->source.offset;
    char *to = (char *)machine_frame(state->destination.frame) + op->dest.offset;
    if (unlikely(mfn_equal(state->source.frame, state->destination.frame))) {
        memmove(to, from, op->len);
    } else {
        memcpy(to, from, op->len);
    }
    return GNTST_okay;
    /* END LAB(5) */
}

void grant_copy_end(struct grant_copy_state *state)
{
    side_release(&state->source);
    side_release(&state->destination);
}
