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

static void side_release(struct grant_copy_side *side)
{
    if (side->claimed && side->by_reference) {
        grant_table_release(side->domain, (grant_ref_t)side->name, side->readonly);
    }
    if (side->claimed) {
        grant_table_unreference(side->frame, side->readonly);
    }
    if (side->domain != NULL) {
        domain_put(side->domain);
    }
    side->claimed = false;
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

static int16_t side_claim(struct grant_copy_side *side)
{
    grant_ref_t ref = (grant_ref_t)side->name;
    int16_t status = GNTST_okay;
    side->frame = MFN(side->name);
    if (side->by_reference) {
        status = grant_table_claim(side->domain, ref, current_domain()->id, side->readonly,
                                   &side->frame);
    }
    if (status == GNTST_okay) {
        status = grant_table_reference(side->domain, side->frame, side->readonly);
        if (status != GNTST_okay && side->by_reference) {
            grant_table_release(side->domain, ref, side->readonly);
        }
    }
    side->claimed = status == GNTST_okay;
    return status;
}

/* Both domains are looked up before either side is claimed: that is the order of the errors. */
static int16_t sides_claim(const struct gnttab_copy *op, struct grant_copy_state *state)
{
    int16_t status =
        side_resolve(&state->source, &op->source, (op->flags & GNTCOPY_source_gref) != 0);
    if (status == GNTST_okay) {
        status = side_resolve(&state->destination, &op->dest, (op->flags & GNTCOPY_dest_gref) != 0);
    }
    if (unlikely(status == GNTST_okay && !state->source.claimed)) {
        status = side_claim(&state->source);
    }
    if (unlikely(status == GNTST_okay && !state->destination.claimed)) {
        status = side_claim(&state->destination);
    }
    return status;
}

void grant_copy_begin(struct grant_copy_state *state)
{
    *state = (struct grant_copy_state){.source.readonly = true};
}

int16_t grant_copy(const struct gnttab_copy *op, struct grant_copy_state *state)
{
    /* LAB(5): copy between two sides, each a frame of ours or a grant: ranges, rights, both let go of
     * Skeleton: return (int16_t)lab_todo("copy through grants"); */
    int16_t status = sides_claim(op, state);
    if (unlikely(status != GNTST_okay)) {
        return status;
    }
    if (unlikely((uint32_t)op->source.offset + op->len > PAGE_SIZE ||
                 (uint32_t)op->dest.offset + op->len > PAGE_SIZE)) {
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
