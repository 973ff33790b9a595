/* SPDX-License-Identifier: MIT */
/*
 * seam_pieces.c: copies between our memory and pages that guests granted, in our own dom0.
 * Owns: the array that the hypervisor reads; no other thread runs while it is filled and used.
 * Guest ABI: GNTTABOP_copy. Read next: seam.h.
 */
#include "dom0-tools/libpv/seam.h"

#include <public/grant_table.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>

void seam_copy_pieces(struct seam_piece *copies, size_t count)
{
    static struct gnttab_copy operations[SEAM_MAX_PIECES];
    long result;

    for (size_t i = 0; i < count; i++) {
        const struct seam_piece *copy = &copies[i];
        struct gnttab_copy *operation = &operations[i];
        struct gnttab_copy_ptr guest = {
            .u.ref = copy->reference, .domid = copy->domid, .offset = copy->offset};
        struct gnttab_copy_ptr local = {
            .u.gmfn = memory_mfn_of(copy->local),
            .domid = DOMID_SELF,
            .offset = (uint16_t)((uintptr_t)copy->local & (MEMORY_PAGE_SIZE - 1)),
        };

        *operation = (struct gnttab_copy){
            .source = copy->to_guest ? local : guest,
            .dest = copy->to_guest ? guest : local,
            .len = copy->length,
            .flags = copy->to_guest ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
            .status = GNTST_general_error,
        };
    }
    result = hypercall_grant_table_op(GNTTABOP_copy, operations, (unsigned int)count);
    for (size_t i = 0; i < count; i++) {
        copies[i].status = result != 0 ? (int16_t)GNTST_general_error : operations[i].status;
    }
}
