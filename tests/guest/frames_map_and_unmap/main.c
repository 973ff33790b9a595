/* SPDX-License-Identifier: MIT */
/*
 * Claim: a domain maps frames where it likes, a frame it has no right to is refused one by one, the
 * heap grows and is given back, and memory for devices is contiguous in the machine.
 */
#include <string.h>
#include <public/xen.h>
#include <pvk/memory.h>
#include "outcome.h"

#define NOBODYS_FRAME 0x7ffffffffful /* above what any processor addresses */
#define HEAP_BYTES    (16ul << 20)
/* 256 KiB in reserve, and page tables, which are kept for the next time. */
#define HEAP_KEPT_PAGES 256u
#define DMA_ORDER       7
#define LOW_LIMIT       (512ull << 20)

static void windows(void)
{
    char *page = memory_alloc_page();
    unsigned long mfns[3] = {memory_mfn_of(page), NOBODYS_FRAME, memory_mfn_of(page)};
    int errors[3];
    char *window;

    for (int round = 0; round < 100; round++) {
        strcpy(page, "mine");
        window = memory_map_frames(mfns, 3, MEMORY_WRITE, DOMID_SELF, errors);
        OUTCOME_EXPECT(window != NULL);
        OUTCOME_EXPECT(errors[0] == 0 && errors[1] < 0 && errors[2] == 0);
        OUTCOME_EXPECT_EQUAL(strcmp(window + 2 * MEMORY_PAGE_SIZE, "mine"), 0);
        window[0] = 'M';
        OUTCOME_EXPECT_EQUAL(page[0], 'M');
        OUTCOME_EXPECT_EQUAL(memory_mfn_of(window), mfns[0]);
        OUTCOME_EXPECT_EQUAL(memory_mfn_of(window + MEMORY_PAGE_SIZE), ~0ul);
        memory_unmap_frames(window, 3);
        OUTCOME_EXPECT(memory_map_frames(mfns, 3, MEMORY_READ, DOMID_SELF, NULL) == NULL);
    }
    memory_free_page(page);
}

/* Real Xen gives dom0 the highest memory there is: this needs XENMEM_exchange there. */
static void below(uint64_t limit)
{
    char *pages = memory_alloc_dma(3, limit);

    OUTCOME_EXPECT(pages != NULL);
    OUTCOME_EXPECT(memory_machine_address_of(pages) + 8 * MEMORY_PAGE_SIZE <= limit);
    memset(pages, 1, 8 * MEMORY_PAGE_SIZE);
    for (unsigned long i = 0; i < 8; i++) {
        OUTCOME_EXPECT_EQUAL(memory_pfn_of_mfn(memory_mfn_of(pages) + i), memory_pfn_of(pages) + i);
    }
    memory_free_dma(pages, 3);
}

/* What malloc no longer uses is the domain's again, and a malloc that fails costs nothing. */
static void heap_gives_back(void)
{
    size_t before = memory_nr_free_pages();
    char *heap = malloc(HEAP_BYTES);

    OUTCOME_EXPECT(heap != NULL);
    memset(heap, 0x5a, HEAP_BYTES);
    free(heap);
    OUTCOME_EXPECT(memory_nr_free_pages() + HEAP_KEPT_PAGES >= before);
    before = memory_nr_free_pages();
    OUTCOME_EXPECT(malloc(memory_nr_pages() * MEMORY_PAGE_SIZE - MEMORY_PAGE_SIZE) == NULL);
    OUTCOME_EXPECT(memory_nr_free_pages() + HEAP_KEPT_PAGES >= before);
}

int main(void)
{
    char *heap = malloc(HEAP_BYTES);
    char *device;

    OUTCOME_EXPECT(heap != NULL);
    memset(heap, 0x5a, HEAP_BYTES);
    free(heap);
    OUTCOME_EXPECT(malloc(HEAP_BYTES) == heap);
    free(heap);
    heap_gives_back();
    windows();
    device = memory_alloc_dma(DMA_ORDER, 1ull << 32);
    OUTCOME_EXPECT(device != NULL);
    for (unsigned long i = 0; i < 1ul << DMA_ORDER; i++) {
        OUTCOME_EXPECT_EQUAL(memory_mfn_of(device + i * MEMORY_PAGE_SIZE),
                             memory_mfn_of(device) + i);
    }
    memory_free_dma(device, DMA_ORDER);
    below(LOW_LIMIT);
    outcome_success();
}
