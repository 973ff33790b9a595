/* SPDX-License-Identifier: MIT */
/*
 * memory_op: maps and tables. What RAM there is, where the machine-to-physical table lies, a domain's memory map, frames of its objects.
 *
 * Owns: d->memory_map. Locks: the domain's lock for its map. Guest ABI: docs/abi/memory_op.md. Read next: hc_memory_op.c.
 */
#include "memory_ops.h"

#include "../boot/boot_info.h"
#include "../comm/grant_table.h"
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

int64_t memory_maps_maximum_ram_page(struct memory_call *call)
{
    return (int64_t)frame_table_end - 1;
}

int64_t memory_maps_m2p(struct memory_call *call)
{
    struct xen_machphys_mapping mapping = {
        .v_start = MACH2PHYS_VIRT_START,
        .v_end = MACH2PHYS_VIRT_END,
        .max_mfn = MACH2PHYS_NR_ENTRIES - 1,
    };

    return guest_access_write(call->argument, &mapping, sizeof(mapping));
}

/* The frame behind a 2 MiB piece of the machine-to-physical table; 0: none. */
static uint64_t m2p_frame(uint64_t address)
{
    pte_t pte = page_table_hypervisor_slots[pt_index(address, 4) - HV_L4_FIRST_SLOT];

    for (unsigned int level = 3; level >= 2 && (pte & PTE_PRESENT) != 0; level--) {
        pte = ((const pte_t *)machine_frame(pte_mfn(pte)))[pt_index(address, level)];
    }
    return (pte & PTE_PRESENT) != 0 ? pte_mfn(pte).n : 0;
}

int64_t memory_maps_m2p_frames(struct memory_call *call)
{
    struct xen_machphys_mfn_list *list = &call->u.m2p_frames;
    uint64_t bytes = frame_table_end * sizeof(uint64_t);

    list->nr_extents =
        (unsigned int)min_u64((bytes + (UINT64_C(2) << 20) - 1) >> 21, list->max_extents);
    for (uint32_t i = 0; i < list->nr_extents; i++) {
        xen_pfn_t mfn = m2p_frame(M2P_START + ((uint64_t)i << 21));

        if (copy_to_guest_offset(list->extent_start, i, &mfn) != 0) {
            return -XEN_EFAULT;
        }
    }
    return guest_access_write(call->argument, list, sizeof(*list));
}

/* Copies a map out, and how many entries it has. -EINVAL: no room for all. */
static int put_map(struct memory_call *call, const struct map_entry *entries, uint32_t nr_entries)
{
    struct xen_memory_map *request = &call->u.map;

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
    return guest_access_write(call->argument, request, sizeof(*request));
}

int64_t memory_maps_get(struct memory_call *call)
{
    const struct memory_map *map = READ_ONCE(current_domain()->memory_map);

    if (map == NULL) {
        return -XEN_ENOSYS;
    }
    /* The guest's own map may be cut where its room ends. */
    return put_map(call, map->entries, (uint32_t)min_u64(map->nr_entries, call->u.map.nr_entries));
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

int64_t memory_maps_set(struct memory_call *call)
{
    struct domain *d;

    if (call->u.foreign_map.map.nr_entries > MAX_MAP_ENTRIES) {
        return -XEN_EINVAL;
    }
    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    int result = domain_get_for_caller(call->u.foreign_map.domid, &d);
    if (result == 0) {
        result = set_map(d, &call->u.foreign_map.map);
        domain_put(d);
    }
    return result;
}

int64_t memory_maps_machine(struct memory_call *call)
{
    struct map_entry entries[BOOT_MAX_RANGES / 2];
    uint32_t n = (uint32_t)min_u64(boot_info.nr_ranges, ARRAY_SIZE(entries));

    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    for (uint32_t i = 0; i < n; i++) {
        entries[i].start = boot_info.ranges[i].start;
        entries[i].size = boot_info.ranges[i].size;
        entries[i].type = boot_info.ranges[i].type;
    }
    return put_map(call, entries, n);
}

static int acquire_grant_frames(struct domain *d, const struct xen_mem_acquire_resource *request)
{
    for (uint32_t i = 0; i < request->nr_frames; i++) {
        uint64_t index = request->frame + i;
        mfn_t mfn = index > UINT32_MAX ? INVALID_MFN
                    : request->id == XENMEM_resource_grant_table_id_shared
                        ? grant_table_frame(d, (uint32_t)index)
                    : request->id == XENMEM_resource_grant_table_id_status
                        ? grant_table_status_frame(d, (uint32_t)index)
                        : INVALID_MFN;
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

int64_t memory_maps_acquire(struct memory_call *call)
{
    struct xen_mem_acquire_resource *request = &call->u.resource;
    struct domain *d = domain_get(request->domid);
    int result = -XEN_EPERM;

    if (d == NULL || request->pad != 0) {
        return request->pad != 0 ? -XEN_EINVAL : -XEN_ESRCH;
    }
    if (d == current_domain() || !current_domain()->is_privileged) {
        result = -XEN_EPERM;
    } else if (request->type != XENMEM_resource_grant_table) {
        result = -XEN_EOPNOTSUPP;
    } else if (request->nr_frames == 0 && request->frame_list.p == NULL) {
        request->nr_frames = grant_table_limit(d);
        result = guest_access_write(call->argument, request, sizeof(*request));
    } else {
        result = acquire_grant_frames(d, request);
    }
    domain_put(d);
    return result;
}

/* Only a guest with a translated physical map has one to be changed. */
int64_t memory_maps_translated_only(struct memory_call *call)
{
    return -XEN_EACCES;
}
