/* SPDX-License-Identifier: MIT */
/*
 * memory_op: maps and tables. What RAM there is, where the machine-to-physical table lies, a domain's memory map, frames of its objects.
 *
 * Owns: d->memory_map. Locks: the domain's lock for its map. Guest ABI: docs/abi/memory_op.md. Read next: hc_memory_op.c.
 */
#include "memory_ops.h"

#include "../boot/boot_info.h"
#include "../comm/grant_table.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/guest_access.h"
#include "../mm/page_table.h"

#define MAX_MAP_ENTRIES 128

/* An entry of a memory map, as the PC BIOS has it. */
struct map_entry {
    uint64_t start, size;
    uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct map_entry) == 20, "the BIOS's layout");

struct memory_map {
    uint32_t nr_entries;
    struct map_entry entries[MAX_MAP_ENTRIES];
};

int64_t memory_maps_maximum_ram_page(uint32_t op, uint32_t start, gva_t argument)
{
    (void)op;
    (void)start;
    (void)argument;
    return (int64_t)frame_table_end - 1;
}

int64_t memory_maps_maximum_gpfn(uint32_t op, uint32_t start, gva_t argument)
{
    struct xen_memory_domain which;
    struct domain *d;
    int64_t last;
    int result;

    (void)op;
    (void)start;
    if (guest_access_read(&which, argument, sizeof(which)) != 0) {
        return -XEN_EFAULT;
    }
    result = domain_get_for_caller(which.domid, &d);
    if (result != 0) {
        return result;
    }
    /* What the guest itself says: nobody else knows its numbering. */
    last = (int64_t)(READ_ONCE(d->shared_info->arch.max_pfn) & (INT64_MAX >> PAGE_SHIFT)) - 1;
    domain_put(d);
    return last;
}

int64_t memory_maps_m2p(uint32_t op, uint32_t start, gva_t argument)
{
    struct xen_machphys_mapping mapping = {
        .v_start = MACH2PHYS_VIRT_START,
        .v_end = MACH2PHYS_VIRT_END,
        .max_mfn = MACH2PHYS_NR_ENTRIES - 1,
    };

    (void)op;
    (void)start;
    return guest_access_write(argument, &mapping, sizeof(mapping));
}

/* The frame behind a 2 MiB piece of the machine-to-physical table; 0: none. */
static uint64_t m2p_frame(uint64_t address)
{
    pte_t l4 = page_table_hypervisor_slots[pt_index(address, 4) - HV_L4_FIRST_SLOT];

    if ((l4 & PTE_PRESENT) == 0) {
        return 0;
    }
    pte_t l3 = ((const pte_t *)machine_frame(pte_mfn(l4)))[pt_index(address, 3)];

    if ((l3 & PTE_PRESENT) == 0) {
        return 0;
    }
    pte_t l2 = ((const pte_t *)machine_frame(pte_mfn(l3)))[pt_index(address, 2)];

    return (l2 & PTE_PRESENT) == 0 ? 0 : pte_mfn(l2).n;
}

int64_t memory_maps_m2p_frames(uint32_t op, uint32_t start, gva_t argument)
{
    struct xen_machphys_mfn_list list;
    uint64_t bytes = frame_table_end * sizeof(uint64_t);
    uint64_t pieces = (bytes + (UINT64_C(2) << 20) - 1) >> 21;

    (void)op;
    (void)start;
    if (guest_access_read(&list, argument, sizeof(list)) != 0) {
        return -XEN_EFAULT;
    }
    list.nr_extents = (unsigned int)min_u64(pieces, list.max_extents);
    for (uint32_t i = 0; i < list.nr_extents; i++) {
        xen_pfn_t mfn = m2p_frame(M2P_START + ((uint64_t)i << 21));

        if (copy_to_guest_offset(list.extent_start, i, &mfn) != 0) {
            return -XEN_EFAULT;
        }
    }
    return guest_access_write(argument, &list, sizeof(list));
}

/* Copies a map out, and how many entries it has. -EINVAL: no room for all. */
static int put_map(gva_t argument, struct xen_memory_map *request, const struct map_entry *entries,
                   uint32_t nr_entries)
{
    if (request->buffer.p != NULL) {
        if (request->nr_entries < nr_entries) {
            return -XEN_EINVAL;
        }
        if (guest_access_write(GVA((uint64_t)request->buffer.p), entries,
                               nr_entries * sizeof(*entries)) != 0) {
            return -XEN_EFAULT;
        }
    }
    request->nr_entries = nr_entries;
    return guest_access_write(argument, request, sizeof(*request));
}

int64_t memory_maps_get(uint32_t op, uint32_t start, gva_t argument)
{
    struct domain *d = current_domain();
    struct xen_memory_map request;
    const struct memory_map *map = READ_ONCE(d->memory_map);

    (void)op;
    (void)start;
    if (map == NULL) {
        return -XEN_ENOSYS;
    }
    if (guest_access_read(&request, argument, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    /* The guest's own map may be cut where its room ends. */
    return put_map(argument, &request, map->entries,
                   (uint32_t)min_u64(map->nr_entries, request.nr_entries));
}

static int set_map(struct domain *d, const struct xen_memory_map *request)
{
    struct memory_map *map = hv_alloc(sizeof(*map));
    int result = 0;

    if (map == NULL) {
        return -XEN_ENOMEM;
    }
    map->nr_entries = request->nr_entries;
    if (guest_access_read(map->entries, GVA((uint64_t)request->buffer.p),
                          request->nr_entries * sizeof(map->entries[0])) != 0) {
        result = -XEN_EFAULT;
    }
    spin_lock(&d->lock);
    if (result == 0 && d->life != DOMAIN_ALIVE) {
        result = -XEN_EINVAL;
    }
    if (result == 0 && d->memory_map != NULL) {
        *d->memory_map = *map;
    } else if (result == 0) {
        d->memory_map = map;
        map = NULL;
    }
    spin_unlock(&d->lock);
    hv_free(map);
    return result;
}

int64_t memory_maps_set(uint32_t op, uint32_t start, gva_t argument)
{
    struct xen_foreign_memory_map request;
    struct domain *d;
    int result;

    (void)op;
    (void)start;
    if (guest_access_read(&request, argument, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    if (request.map.nr_entries > MAX_MAP_ENTRIES) {
        return -XEN_EINVAL;
    }
    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    result = domain_get_for_caller(request.domid, &d);
    if (result == 0) {
        result = set_map(d, &request.map);
        domain_put(d);
    }
    return result;
}

int64_t memory_maps_machine(uint32_t op, uint32_t start, gva_t argument)
{
    struct xen_memory_map request;
    uint32_t n = boot_info.nr_ranges;
    struct map_entry entries[BOOT_MAX_RANGES / 2];

    (void)op;
    (void)start;
    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    if (guest_access_read(&request, argument, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    n = (uint32_t)min_u64(n, ARRAY_SIZE(entries));
    for (uint32_t i = 0; i < n; i++) {
        entries[i].start = boot_info.ranges[i].start;
        entries[i].size = boot_info.ranges[i].size;
        entries[i].type = boot_info.ranges[i].type;
    }
    return put_map(argument, &request, entries, n);
}

static int acquire_grant_frames(struct domain *d, struct xen_mem_acquire_resource *request)
{
    if (request->id != XENMEM_resource_grant_table_id_shared) {
        return -XEN_EINVAL;
    }
    for (uint32_t i = 0; i < request->nr_frames; i++) {
        uint64_t index = request->frame + i;
        mfn_t mfn = index > UINT32_MAX ? INVALID_MFN : grant_table_frame(d, (uint32_t)index);
        xen_pfn_t result = mfn.n;

        if (!mfn_valid_value(mfn)) {
            return -XEN_EINVAL;
        }
        if (copy_to_guest_offset(request->frame_list, i, &result) != 0) {
            return -XEN_EFAULT;
        }
    }
    return 0;
}

int64_t memory_maps_acquire(uint32_t op, uint32_t start, gva_t argument)
{
    struct xen_mem_acquire_resource request;
    struct domain *d;
    int result;

    (void)op;
    (void)start;
    if (guest_access_read(&request, argument, sizeof(request)) != 0) {
        return -XEN_EFAULT;
    }
    if (request.pad != 0) {
        return -XEN_EINVAL;
    }
    result = domain_get_for_caller(request.domid, &d);
    if (result != 0) {
        return result;
    }
    if (request.type != XENMEM_resource_grant_table) {
        result = -XEN_EOPNOTSUPP;
    } else if (!current_domain()->is_privileged) {
        result = -XEN_EPERM;
    } else if (request.nr_frames == 0 && request.frame_list.p == NULL) {
        request.nr_frames = grant_table_limit(d);
        result = guest_access_write(argument, &request, sizeof(request));
    } else {
        result = acquire_grant_frames(d, &request);
    }
    domain_put(d);
    return result;
}

/* Only a guest with a translated physical map has one to be changed. */
int64_t memory_maps_translated_only(uint32_t op, uint32_t start, gva_t argument)
{
    (void)op;
    (void)start;
    (void)argument;
    return -XEN_EACCES;
}
