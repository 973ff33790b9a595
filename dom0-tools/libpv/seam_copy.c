/* SPDX-License-Identifier: MIT */
/*
 * seam_copy.c: copies of any length between our memory and granted pages, cut into pieces that cross no
 * page on either side. Owns: nothing. Read next: seam_pieces.c.
 */
#include "dom0-tools/libpv/seam.h"

#include <public/errno.h>

#define BATCH 32u

struct batch {
    struct seam_piece pieces[BATCH];
    size_t count;
};

static int batch_flush(struct batch *batch)
{
    int result = 0;

    if (batch->count > 0) {
        seam_copy_pieces(batch->pieces, batch->count);
    }
    for (size_t i = 0; i < batch->count; i++) {
        result = batch->pieces[i].status != 0 ? -XEN_EINVAL : result;
    }
    batch->count = 0;
    return result;
}

int seam_copy_grants(uint16_t domid, const struct seam_copy *copies, size_t nr_copies)
{
    struct batch batch = {.count = 0};

    for (size_t i = 0; i < nr_copies; i++) {
        const struct seam_copy *copy = &copies[i];
        uint16_t done = 0;

        while (done < copy->length) {
            char *local = (char *)copy->local + done;
            size_t room = SEAM_PAGE_SIZE - ((uintptr_t)local & (SEAM_PAGE_SIZE - 1));
            size_t left = (size_t)(copy->length - done);
            uint16_t length = (uint16_t)(left < room ? left : room);

            if (batch.count == BATCH && batch_flush(&batch) < 0) {
                return -XEN_EINVAL;
            }
            batch.pieces[batch.count++] = (struct seam_piece){
                .local = local,
                .domid = domid,
                .reference = copy->reference,
                .offset = (uint16_t)(copy->offset + done),
                .length = length,
                .to_guest = copy->to_grant != 0,
            };
            done = (uint16_t)(done + length);
        }
    }
    return batch_flush(&batch);
}
