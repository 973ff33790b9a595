/* SPDX-License-Identifier: MIT */
/*
 * seam_pvk_copy.c: grant copy in our own dom0: the hypervisor moves the bytes, nothing is mapped.
 * Owns: nothing. Guest ABI: grant_table_op, GNTTABOP_copy. Read next: seam.h.
 */
#include "dom0-tools/libpv/seam.h"

#include <public/errno.h>
#include <public/grant_table.h>
#include <public/xen.h>

#include <pvk/hypercall.h>
#include <pvk/memory.h>

#define BATCH 32u

struct batch {
    struct gnttab_copy operations[BATCH];
    unsigned int count;
};

static int batch_flush(struct batch *batch)
{
    long result = batch->count == 0
                      ? 0
                      : hypercall_grant_table_op(GNTTABOP_copy, batch->operations, batch->count);

    for (unsigned int i = 0; result == 0 && i < batch->count; i++) {
        result = batch->operations[i].status == GNTST_okay ? 0 : -XEN_EINVAL;
    }
    batch->count = 0;
    return result == 0 ? 0 : -XEN_EINVAL;
}

/* One operation: within a page on both sides. */
static void batch_add(struct batch *batch, uint16_t domid, const struct seam_copy *copy,
                      uint16_t done, uint16_t length)
{
    char *local = (char *)copy->local + done;
    struct gnttab_copy_ptr ours = {
        .u.gmfn = memory_mfn_of(local),
        .domid = DOMID_SELF,
        .offset = (uint16_t)((uintptr_t)local & (SEAM_PAGE_SIZE - 1)),
    };
    struct gnttab_copy_ptr theirs = {
        .u.ref = copy->reference,
        .domid = domid,
        .offset = (uint16_t)(copy->offset + done),
    };

    batch->operations[batch->count++] = (struct gnttab_copy){
        .source = copy->to_grant ? ours : theirs,
        .dest = copy->to_grant ? theirs : ours,
        .len = length,
        .flags = copy->to_grant ? GNTCOPY_dest_gref : GNTCOPY_source_gref,
    };
}

int seam_copy_grants(uint16_t domid, const struct seam_copy *copies, size_t nr_copies)
{
    struct batch batch = {.count = 0};

    for (size_t i = 0; i < nr_copies; i++) {
        uint16_t done = 0;

        while (done < copies[i].length) {
            uintptr_t at = (uintptr_t)copies[i].local + done;
            size_t room = SEAM_PAGE_SIZE - (at & (SEAM_PAGE_SIZE - 1));
            size_t left = (size_t)(copies[i].length - done);
            uint16_t length = (uint16_t)(left < room ? left : room);

            if (batch.count == BATCH && batch_flush(&batch) < 0) {
                return -XEN_EINVAL;
            }
            batch_add(&batch, domid, &copies[i], done, length);
            done = (uint16_t)(done + length);
        }
    }
    return batch_flush(&batch);
}
