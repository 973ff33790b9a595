/* SPDX-License-Identifier: MIT */
/*
 * Memory. All of a domain's memory is mapped at VA = PFN << 12 (the direct map); page 0 is unmapped
 * so that NULL faults. Foreign frames, MMIO and grants are mapped in windows far above it.
 * A PFN is our number of a page, an MFN the machine's: page tables and devices want MFNs.
 * Owns: the page allocator, the page tables, the p2m array.
 * Invariant MM1: a page that the allocator hands out is mapped writable exactly once, in the direct
 * map. Read next: arch-pv/memory.c
 */
#ifndef PVK_MEMORY_H
#define PVK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEMORY_PAGE_SHIFT 12
#define MEMORY_PAGE_SIZE  4096ul

/* Protection of a mapping. */
#define MEMORY_READ     0x0u
#define MEMORY_WRITE    0x1u
#define MEMORY_EXECUTE  0x2u
#define MEMORY_UNCACHED 0x4u

/* 2^order contiguous pages of the direct map, uninitialised; NULL when there are none. */
void *memory_alloc_pages(unsigned int order);
void memory_free_pages(void *pages, unsigned int order);
/* One zeroed page. */
void *memory_alloc_page(void);
void memory_free_page(void *page);
size_t memory_nr_free_pages(void);
/* Pages the domain was given. */
size_t memory_nr_pages(void);

/* 2^order pages, contiguous in machine memory too, below `limit` (machine address; 0: anywhere).
 * NULL when no such run can be found or made. */
void *memory_alloc_dma(unsigned int order, uint64_t limit);
void memory_free_dma(void *pages, unsigned int order);

/* Direct map only. */
unsigned long memory_pfn_of(const void *address);
void *memory_address_of_pfn(unsigned long pfn);
unsigned long memory_mfn_of_pfn(unsigned long pfn);
/* Of one of our frames; ~0ul when the frame is not ours. */
unsigned long memory_pfn_of_mfn(unsigned long mfn);
/* Records that `pfn` is now backed by `mfn` (after XENMEM_exchange or a page flip). */
void memory_set_p2m(unsigned long pfn, unsigned long mfn);

/* Any mapped address, malloc's and windows' too; ~0 when nothing is mapped there. */
unsigned long memory_mfn_of(const void *address);
uint64_t memory_machine_address_of(const void *address);

/* Address space with no mapping yet, its page tables made: for grants and for mapping frames.
 * NULL when out of memory. */
void *memory_window_alloc(size_t nr_pages);
void memory_window_free(void *window, size_t nr_pages);

/* Maps frames side by side in a new window. `domid` owns them: DOMID_SELF, another domain (for a
 * privileged caller), DOMID_IO for MMIO. With `errors` (nr_frames of them) a frame that cannot be
 * mapped leaves its errno there and a hole; without, it fails the whole call.
 * Returns NULL when out of memory or refused. */
void *memory_map_frames(const unsigned long *mfns, size_t nr_frames, unsigned int protection,
                        uint16_t domid, int *errors);
void memory_unmap_frames(void *address, size_t nr_frames);

/* Device memory at a machine address (dom0); the offset in the page is kept. Uncached. */
void *memory_map_io(uint64_t machine_address, size_t bytes);
void memory_unmap_io(void *address, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
