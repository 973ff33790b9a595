/* SPDX-License-Identifier: MIT */
/*
 * Small objects of the hypervisor: pages cut into equal pieces, a page returned when its last piece is.
 *
 * Owns: slab pages (a header in the page's first 64 bytes). Invariant: SM1 an object of a slab never begins at a page's start, so a
 * page-aligned pointer is a run of whole frames, whose order its first record keeps. Locks: slab, then heap.
 */
#include "frame_alloc.h"
#include "frame_word.h"
#include "../lib/check.h"
#include "../lib/list.h"
#include "../lib/spinlock.h"
#include "../lib/string.h"

struct slab {
    struct list_node pages; /* of its class that have a free piece */
    void *free;             /* first free piece; each begins with a pointer to the next */
    uint32_t used;
    uint32_t size_class;
};
#define SLAB_HEADER 64
_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "the header fits before the first piece");

static const uint16_t class_size[] = {32, 64, 128, 192, 256, 512, 672, 992, 1344};
#define NR_CLASSES ARRAY_SIZE(class_size)

static struct list_node class_pages[NR_CLASSES];
static spinlock_t slab_lock = SPINLOCK_INIT;

static struct slab *slab_new(uint32_t size_class)
{
    mfn_t mfn = frame_alloc_one();
    size_t size = class_size[size_class];

    if (!mfn_valid_value(mfn)) {
        return NULL;
    }
    char *page = machine_frame(mfn);
    struct slab *slab = (struct slab *)(void *)page;

    slab->size_class = size_class;
    for (size_t offset = SLAB_HEADER; offset + size <= PAGE_SIZE; offset += size) {
        *(void **)(void *)(page + offset) = slab->free;
        slab->free = page + offset;
    }
    list_append(&class_pages[size_class], &slab->pages);
    return slab;
}

static void *slab_alloc(uint32_t size_class)
{
    struct list_node *head = &class_pages[size_class];
    struct slab *slab;
    void *object = NULL;

    spin_lock(&slab_lock);
    if (head->next == NULL) {
        list_init(head);
    }
    slab = list_is_empty(head) ? slab_new(size_class) : list_entry(head->next, struct slab, pages);
    if (slab != NULL) {
        object = slab->free;
        slab->free = *(void **)object;
        slab->used++;
        if (slab->free == NULL) {
            list_remove(&slab->pages);
        }
    }
    spin_unlock(&slab_lock);
    if (object != NULL) {
        memset(object, 0, class_size[size_class]);
    }
    return object;
}

static void *run_alloc(size_t size)
{
    unsigned int order = 0;

    while (PAGE_SIZE << order < size) {
        order++;
    }
    mfn_t mfn = frame_alloc_hypervisor(order);
    if (!mfn_valid_value(mfn)) {
        return NULL;
    }
    frame_of(mfn)->aux = order;
    return machine_frame(mfn);
}

void *hv_alloc(size_t size)
{
    CHECK(size != 0 && size <= 32768);
    for (uint32_t i = 0; i < NR_CLASSES; i++) {
        if (size <= class_size[i]) {
            return slab_alloc(i);
        }
    }
    return run_alloc(size);
}

void hv_free(void *pointer)
{
    if (pointer == NULL) {
        return;
    }
    mfn_t mfn = machine_frame_of(pointer);

    if ((machine_ram_address(pointer).a & (PAGE_SIZE - 1)) == 0) {
        frame_free_hypervisor(mfn, (unsigned int)frame_of(mfn)->aux);
        return;
    }
    struct slab *slab = machine_frame(mfn);

    spin_lock(&slab_lock);
    CHECK(slab->used != 0);
    if (slab->free == NULL) {
        list_append(&class_pages[slab->size_class], &slab->pages);
    }
    *(void **)pointer = slab->free;
    slab->free = pointer;
    slab->used--;
    if (slab->used == 0) {
        list_remove(&slab->pages);
    } else {
        slab = NULL;
    }
    spin_unlock(&slab_lock);
    if (slab != NULL) {
        frame_free_hypervisor(mfn, 0);
    }
}
