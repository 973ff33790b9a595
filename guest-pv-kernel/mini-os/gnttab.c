/* SPDX-License-Identifier: MIT */
/*
 * Grants by Mini-OS's names. Owns: the list of what each gntmap mapped.
 * Read next: ../include/pvk/grant.h
 */
#include <mini-os/gnttab.h>

#include <errno.h>
#include <stdlib.h>

#include <mini-os/gntmap.h>
#include <mini-os/mm.h>
#include <pvk/grant.h>

struct gntmap_entry {
    struct gntmap_entry *next;
    struct grant_mapping mapping;
};

/* ---- lending ------------------------------------------------------------------------------------ */

grant_ref_t gnttab_grant_access(domid_t domid, unsigned long frame, int readonly)
{
    int reference = grant_access(domid, mfn_to_virt(frame), readonly != 0);

    if (reference < 0) {
        BUG(); /* the table is full; Mini-OS's drivers expect no failure */
    }
    return (grant_ref_t)reference;
}

grant_ref_t gnttab_alloc_and_grant(void **page)
{
    *page = (void *)alloc_page();
    if (*page == NULL) {
        BUG();
    }
    return gnttab_grant_access(0, virt_to_mfn(*page), 0);
}

int gnttab_end_access(grant_ref_t reference)
{
    return grant_end_access(reference) == 0;
}

const char *gnttabop_error(int16_t status)
{
    static const char *const words[] = {
        "okay",
        "undefined error",
        "unrecognised domain",
        "unrecognised or inappropriate grant reference",
        "unrecognised or inappropriate handle",
        "inappropriate virtual address to map",
        "inappropriate device address to unmap",
        "no spare room in the device's address space",
        "permission denied",
        "bad page",
        "copy arguments cross a page boundary",
        "page address too large",
        "operation not done; try again",
    };

    return status <= 0 && status > -(int)(sizeof(words) / sizeof(words[0])) ? words[-status]
                                                                            : "bad status";
}

/* ---- mapping ------------------------------------------------------------------------------------ */

void gntmap_init(struct gntmap *map)
{
    map->nentries = 0;
    map->entries = NULL;
}

void gntmap_fini(struct gntmap *map)
{
    while (map->entries != NULL) {
        (void)gntmap_munmap(map, (unsigned long)map->entries->mapping.address,
                            (int)map->entries->mapping.nr_pages);
    }
}

int gntmap_set_max_grants(struct gntmap *map, int count)
{
    if (map->entries != NULL) {
        return -EBUSY;
    }
    map->nentries = count;
    return 0;
}

static size_t pages_of(const struct gntmap *map)
{
    size_t count = 0;

    for (const struct gntmap_entry *entry = map->entries; entry != NULL; entry = entry->next) {
        count += entry->mapping.nr_pages;
    }
    return count;
}

void *gntmap_map_grant_refs(struct gntmap *map, uint32_t count, uint32_t *domids, int domids_stride,
                            uint32_t *references, int writable)
{
    struct gntmap_entry *entry;

    for (uint32_t i = 1; i < count && domids_stride != 0; i++) {
        if (domids[i * (uint32_t)domids_stride] != domids[0]) {
            return NULL;
        }
    }
    if (count == 0 || (map->nentries > 0 && pages_of(map) + count > (size_t)map->nentries)) {
        return NULL;
    }
    entry = calloc(1, sizeof(*entry));
    if (entry == NULL ||
        grant_map((uint16_t)domids[0], references, count, !writable, &entry->mapping) != 0) {
        free(entry);
        return NULL;
    }
    entry->next = map->entries;
    map->entries = entry;
    return entry->mapping.address;
}

int gntmap_munmap(struct gntmap *map, unsigned long start_address, int count)
{
    for (struct gntmap_entry **link = &map->entries; *link != NULL; link = &(*link)->next) {
        struct gntmap_entry *entry = *link;

        if (entry->mapping.address == (void *)start_address &&
            entry->mapping.nr_pages == (size_t)count) {
            *link = entry->next;
            grant_unmap(&entry->mapping);
            free(entry);
            return 0;
        }
    }
    return -EINVAL;
}
