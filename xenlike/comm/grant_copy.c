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
    if (side->domain == NULL) {
        return;
    }
    if (side->by_reference) {
        grant_table_release(side->domain, (grant_ref_t)side->name, side->readonly);
    }
    grant_table_unreference(side->frame, side->readonly);
    domain_put(side->domain);
    side->domain = NULL;
}

static int16_t side_resolve(domid_t domid, bool by_reference, struct domain **domain)
{
    if (domid == DOMID_SELF) {
        *domain = current_domain();
        domain_hold(*domain);
        return GNTST_okay;
    }
    if (!by_reference) {
        return GNTST_permission_denied; /* frames are named only in one's own domain */
    }
    *domain = domain_get(domid);
    return *domain != NULL ? GNTST_okay : GNTST_bad_domain;
}

/* Makes the side hold what the pointer names, unless it does already. On failure it holds nothing. */
static int16_t side_claim(struct grant_copy_side *side, const struct gnttab_copy_ptr *pointer,
                          struct domain *domain, bool by_reference)
{
    uint64_t name = by_reference ? pointer->u.ref : pointer->u.gmfn;
    mfn_t frame = MFN(name);
    int16_t status = GNTST_okay;
    if (by_reference) {
        status = grant_table_claim(domain, (grant_ref_t)name, current_domain()->id, side->readonly,
                                   &frame);
    }
    if (status == GNTST_okay) {
        status = grant_table_reference(domain, frame, side->readonly);
        if (status != GNTST_okay && by_reference) {
            grant_table_release(domain, (grant_ref_t)name, side->readonly);
        }
    }
    if (status != GNTST_okay) {
        domain_put(domain);
        return status;
    }
    side->domain = domain;
    side->frame = frame;
    side->name = name;
    side->domid = pointer->domid;
    side->by_reference = by_reference;
    return GNTST_okay;
}

static bool side_matches(const struct grant_copy_side *side, const struct gnttab_copy_ptr *pointer,
                         bool by_reference)
{
    return side->domain != NULL && side->domid == pointer->domid &&
           side->by_reference == by_reference &&
           side->name == (by_reference ? pointer->u.ref : pointer->u.gmfn);
}

static int16_t sides_claim(const struct gnttab_copy *op, struct grant_copy_state *state)
{
    bool source_by_reference = (op->flags & GNTCOPY_source_gref) != 0;
    bool destination_by_reference = (op->flags & GNTCOPY_dest_gref) != 0;
    bool new_source = !side_matches(&state->source, &op->source, source_by_reference);
    bool new_destination = !side_matches(&state->destination, &op->dest, destination_by_reference);
    struct domain *source_domain = NULL, *destination_domain = NULL;
    int16_t status = GNTST_okay;

    /* Both domains are looked up before either side is claimed: that is the order of the errors. */
    if (new_source) {
        side_release(&state->source);
        status = side_resolve(op->source.domid, source_by_reference, &source_domain);
    }
    if (status == GNTST_okay && new_destination) {
        side_release(&state->destination);
        status = side_resolve(op->dest.domid, destination_by_reference, &destination_domain);
    }
    if (status == GNTST_okay && new_source) {
        status = side_claim(&state->source, &op->source, source_domain, source_by_reference);
        source_domain = NULL;
    }
    if (status == GNTST_okay && new_destination) {
        status = side_claim(&state->destination, &op->dest, destination_domain,
                            destination_by_reference);
        destination_domain = NULL;
    }
    if (source_domain != NULL) {
        domain_put(source_domain);
    }
    if (destination_domain != NULL) {
        domain_put(destination_domain);
    }
    return status;
}

void grant_copy_begin(struct grant_copy_state *state)
{
    state->source.domain = NULL;
    state->source.readonly = true;
    state->destination.domain = NULL;
    state->destination.readonly = false;
}

int16_t grant_copy(const struct gnttab_copy *op, struct grant_copy_state *state)
{
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
}

void grant_copy_end(struct grant_copy_state *state)
{
    side_release(&state->source);
    side_release(&state->destination);
}
