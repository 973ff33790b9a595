/* SPDX-License-Identifier: MIT */
/*
 * seam_memory.c: the seam's large, short-lived memory over the guest kernel: pages that need no neighbours,
 * mapped side by side; and the table of machine frames.
 * Owns: the list of what was taken. The heap never gives pages back, and 32 MiB in one piece are found in it
 * at most once.
 * Read next: seam.h.
 */
#include "dom0-tools/libpv/seam.h"

#include <stdlib.h>

#include <public/errno.h>
#include <public/memory.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>

struct taken {
    struct taken *next;
    void *address;
    size_t nr_pages; /* of those that were had */
    void *pages[];
};

static struct taken *all;

static void give_pages(struct taken *taken)
{
    while (taken->nr_pages > 0) {
        memory_free_page(taken->pages[--taken->nr_pages]);
    }
    free(taken);
}

void *seam_memory_take(size_t bytes)
{
    size_t wanted = (bytes + SEAM_PAGE_SIZE - 1) / SEAM_PAGE_SIZE;
    struct taken *taken = calloc(1, sizeof(*taken) + wanted * sizeof(taken->pages[0]));
    unsigned long *mfns = calloc(wanted, sizeof(*mfns));

    while (taken != NULL && mfns != NULL && taken->nr_pages < wanted) {
        void *page = memory_alloc_page();

        if (page == NULL) {
            break;
        }
        mfns[taken->nr_pages] = memory_mfn_of_pfn(memory_pfn_of(page));
        taken->pages[taken->nr_pages++] = page;
    }
    if (taken != NULL && taken->nr_pages == wanted) {
        taken->address = memory_map_frames(mfns, wanted, MEMORY_WRITE, DOMID_SELF, NULL);
    }
    free(mfns);
    if (taken == NULL || taken->address == NULL) {
        if (taken != NULL) {
            give_pages(taken);
        }
        return NULL;
    }
    taken->next = all;
    all = taken;
    return taken->address;
}

void seam_memory_give(void *memory)
{
    for (struct taken **link = &all; *link != NULL; link = &(*link)->next) {
        struct taken *taken = *link;

        if (taken->address == memory) {
            *link = taken->next;
            memory_unmap_frames(memory, taken->nr_pages);
            give_pages(taken);
            return;
        }
    }
}

int seam_pfn_of_mfn(uint64_t mfn, uint64_t *pfn)
{
    static long end; /* the first frame that is no RAM for sure */

    if (end == 0) {
        end = hypercall_memory_op(XENMEM_maximum_ram_page, NULL);
    }
    if (end <= 0 || mfn >= (uint64_t)end) {
        return -XEN_EINVAL;
    }
    *pfn = machine_to_phys_mapping[mfn];
    return *pfn < (uint64_t)end ? 0 : -XEN_EINVAL;
}
