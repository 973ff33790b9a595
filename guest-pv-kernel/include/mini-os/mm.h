/* SPDX-License-Identifier: MIT */
/*
 * Memory: pages as numbers, and the frames behind them. `unsigned long` addresses are what alloc_pages()
 * gave; mfn is a machine frame.
 */
#ifndef MINI_OS_MM_H
#define MINI_OS_MM_H

#include <public/xen.h>
#include <mini-os/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAGE_SHIFT         12
#define PAGE_SIZE          (1ul << PAGE_SHIFT)
#define PAGE_MASK          (~(PAGE_SIZE - 1))
#define L1_PAGETABLE_SHIFT PAGE_SHIFT

#define PFN_UP(x)       (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)     ((x) >> PAGE_SHIFT)
#define PFN_PHYS(x)     ((uint64_t)(x) << PAGE_SHIFT)
#define round_pgdown(x) ((x)&PAGE_MASK)
#define round_pgup(x)   (((x) + (PAGE_SIZE - 1)) & PAGE_MASK)

/* What map_frames_ex() takes as protection: the second is read-only. */
#define L1_PROT    0x63ul
#define L1_PROT_RO 0x61ul

/* 2^order pages; 0 when there are none. */
unsigned long alloc_pages(int order);
#define alloc_page() alloc_pages(0)
void free_pages(void *pages, int order);
#define free_page(page) free_pages(page, 0)

static inline int get_order(unsigned long bytes)
{
    int order = 0;

    while ((PAGE_SIZE << order) < bytes) {
        order++;
    }
    return order;
}

unsigned long mini_os_mfn_of(const void *address);
unsigned long mini_os_pfn_of_mfn(unsigned long mfn);
unsigned long mini_os_mfn_of_pfn(unsigned long pfn);

#define to_virt(physical)       ((void *)(unsigned long)(physical))
#define to_phys(address)        ((unsigned long)(address))
#define virt_to_pfn(address)    ((unsigned long)(address) >> PAGE_SHIFT)
#define pfn_to_virt(pfn)        ((void *)((unsigned long)(pfn) << PAGE_SHIFT))
#define pfn_to_mfn(pfn)         mini_os_mfn_of_pfn(pfn)
#define mfn_to_pfn(mfn)         mini_os_pfn_of_mfn(mfn)
#define mfn_to_virt(mfn)        pfn_to_virt(mfn_to_pfn(mfn))
#define virt_to_mfn(address)    mini_os_mfn_of((const void *)(unsigned long)(address))
#define virtual_to_mfn(address) virt_to_mfn(address)
#define virt_to_mach(address) \
    ((virt_to_mfn(address) << PAGE_SHIFT) | ((unsigned long)(address) & ~PAGE_MASK))
#define virtual_to_machine(address) virt_to_mach(address)

/* Frames side by side: frames[i * stride] + i * increment. `alignment` up to a page only. NULL: refused.
 * With `errors` a frame that cannot be mapped leaves a hole and its errno there. */
void *map_frames_ex(const unsigned long *frames, unsigned long count, unsigned long stride,
                    unsigned long increment, unsigned long alignment, domid_t domid, int *errors,
                    unsigned long protection);
#define map_frames(frames, count) map_frames_ex(frames, count, 1, 0, 1, DOMID_SELF, NULL, L1_PROT)
int unmap_frames(unsigned long address, unsigned long count);

#ifdef __cplusplus
}
#endif

#endif
