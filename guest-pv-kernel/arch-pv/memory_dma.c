/* SPDX-License-Identifier: MIT */
/*
 * Memory that a device can use: contiguous in the machine. Our pages mostly are already, since a
 * builder hands memory out in large runs; when they are not, XENMEM_exchange trades scattered pages
 * for a run.
 * Guest ABI: XENMEM_exchange (the pages must be mapped nowhere). Read next: page_table.c
 */
#include <errno.h>
#include <public/xen.h>
#include <public/memory.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include "page_table.h"

#define ATTEMPTS       64u
#define MAX_EXCHANGE   9u
#define ADDRESS_LIMITS 64u

static bool usable(const void *pages, unsigned int order, uint64_t limit)
{
    unsigned long pfn = memory_pfn_of(pages);
    unsigned long mfn = memory_mfn_of_pfn(pfn);

    for (unsigned long i = 1; i < 1ul << order; i++) {
        if (memory_mfn_of_pfn(pfn + i) != mfn + i) {
            return false;
        }
    }
    return limit == 0 || ((mfn + (1ul << order)) << MEMORY_PAGE_SHIFT) <= limit;
}

static unsigned int bits_of(uint64_t limit)
{
    unsigned int bits = 0;

    while (bits < ADDRESS_LIMITS && (limit >> bits) > 1) {
        bits++;
    }
    return limit == 0 ? 0 : bits;
}

/* Trades the block's frames for a contiguous run. The old ones must not be mapped meanwhile. */
static bool exchange(char *pages, unsigned int order, uint64_t limit)
{
    static xen_pfn_t in[1u << MAX_EXCHANGE];
    unsigned long pfn = memory_pfn_of(pages);
    unsigned long count = 1ul << order;
    xen_pfn_t out = pfn;
    struct xen_memory_exchange request = {
        .in = {.nr_extents = count, .extent_order = 0, .domid = DOMID_SELF},
        .out = {.nr_extents = 1,
                .extent_order = order,
                .mem_flags = XENMEMF_address_bits(bits_of(limit)),
                .domid = DOMID_SELF},
    };
    bool traded;

    if (order > MAX_EXCHANGE) {
        return false;
    }
    page_table_clear(pages, count);
    for (unsigned long i = 0; i < count; i++) {
        in[i] = memory_mfn_of_pfn(pfn + i);
    }
    set_xen_guest_handle(request.in.extent_start, in);
    set_xen_guest_handle(request.out.extent_start, &out);
    traded = hypercall_memory_op(XENMEM_exchange, &request) == 0 && request.nr_exchanged == count;
    for (unsigned long i = 0; i < count; i++) {
        unsigned long mfn = traded ? out + i : in[i];

        memory_set_p2m(pfn + i, mfn);
        if (page_table_set(pages + i * MEMORY_PAGE_SIZE,
                           ((uint64_t)mfn << MEMORY_PAGE_SHIFT) | PTE_KERNEL | PTE_NX) != 0) {
            panic("lost page %lx in an exchange", pfn + i);
        }
    }
    return traded;
}

void *memory_alloc_dma(unsigned int order, uint64_t limit)
{
    void *rejected[ATTEMPTS];
    unsigned int count = 0;
    void *found = NULL;

    while (found == NULL && count < ATTEMPTS) {
        void *pages = memory_alloc_pages(order);

        if (pages == NULL) {
            break;
        }
        if (usable(pages, order, limit)) {
            found = pages;
        } else {
            rejected[count++] = pages;
        }
    }
    if (found == NULL && count > 0 && exchange(rejected[count - 1], order, limit)) {
        found = rejected[--count];
    }
    while (count > 0) {
        memory_free_pages(rejected[--count], order);
    }
    return found;
}

void memory_free_dma(void *pages, unsigned int order)
{
    memory_free_pages(pages, order);
}
