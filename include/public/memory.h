/* SPDX-License-Identifier: MIT */
/*
 * memory_op: what a domain owns, and how it gives frames back and gets new ones.
 *
 * For a PV guest every frame number here is a machine frame, except the "place" numbers of
 * populate_physmap and exchange, which become the machine-to-physical entries of the new frames.
 * (G) written by the guest, (H) by the hypervisor. Batches may return the number of extents done.
 */
#ifndef __XEN_PUBLIC_MEMORY_H__
#define __XEN_PUBLIC_MEMORY_H__

#include "xen.h"

/* cmd: the operation in bits 5:0; the extents already done in the bits above (continuation). */
#define XENMEM_increase_reservation         0
#define XENMEM_decrease_reservation         1
#define XENMEM_maximum_ram_page             2
#define XENMEM_current_reservation          3
#define XENMEM_maximum_reservation          4
#define XENMEM_machphys_mfn_list            5
#define XENMEM_populate_physmap             6
#define XENMEM_add_to_physmap               7
#define XENMEM_memory_map                   9
#define XENMEM_machine_memory_map           10
#define XENMEM_exchange                     11
#define XENMEM_machphys_mapping             12
#define XENMEM_set_memory_map               13
#define XENMEM_maximum_gpfn                 14
#define XENMEM_remove_from_physmap          15
#define XENMEM_set_pod_target               16
#define XENMEM_get_pod_target               17
#define XENMEM_get_sharing_freed_pages      18
#define XENMEM_get_sharing_shared_pages     19
#define XENMEM_paging_op                    20
#define XENMEM_access_op                    21
#define XENMEM_sharing_op                   22
#define XENMEM_add_to_physmap_batch         23
#define XENMEM_claim_pages                  24
#define XENMEM_machphys_compat_mfn_list     25
#define XENMEM_get_vnumainfo                26
#define XENMEM_reserved_device_memory_map   27
#define XENMEM_acquire_resource             28

/* mem_flags. Address bits: machine addresses below 2^x; 0: anywhere. */
#define XENMEMF_address_bits(x)      (x)
#define XENMEMF_get_address_bits(x)  ((x)&0xffu)
#define XENMEMF_node(x)              (((x) + 1) << 8)
#define XENMEMF_get_node(x)          ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand   (1 << 16)
#define XENMEMF_exact_node_request   (1 << 17)
#define XENMEMF_exact_node(n)        (XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode                (1 << 18)

/* Where a frame comes from: add_to_physmap (for translated guests). */
#define XENMAPSPACE_shared_info  0
#define XENMAPSPACE_grant_table  1
#define XENMAPSPACE_gmfn         2
#define XENMAPSPACE_gmfn_range   3
#define XENMAPSPACE_gmfn_foreign 4
#define XENMAPSPACE_dev_mmio     5
#define XENMAPIDX_grant_table_status 0x80000000

/* acquire_resource: type, and id for a grant table. */
#define XENMEM_resource_ioreq_server          0
#define XENMEM_resource_grant_table           1
#define XENMEM_resource_vmtrace_buf           2
#define XENMEM_resource_grant_table_id_shared 0
#define XENMEM_resource_grant_table_id_status 1

#ifndef __ASSEMBLY__

/*
 * increase: extent_start receives the first machine frame of each new extent (or is NULL).
 * decrease: extent_start names the extents to give back.
 * populate: extent_start gives the places (pfns) and receives the machine frames.
 */
struct xen_memory_reservation {
    XEN_GUEST_HANDLE(xen_pfn_t) extent_start;
    xen_ulong_t nr_extents;    /* G */
    unsigned int extent_order; /* G: each extent has 2^order frames, aligned */
    unsigned int mem_flags;    /* G: XENMEMF_* */
    domid_t domid;             /* G: DOMID_SELF, or another by a privileged caller */
};
typedef struct xen_memory_reservation xen_memory_reservation_t;
DEFINE_XEN_GUEST_HANDLE(xen_memory_reservation_t);

/* Gives `in` back and takes `out` (the same number of frames, other sizes or addresses) in one step. */
struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out; /* extent_start: places in, machine frames out */
    xen_ulong_t nr_exchanged;          /* G: 0; H: extents of `in` done */
};
typedef struct xen_memory_exchange xen_memory_exchange_t;
DEFINE_XEN_GUEST_HANDLE(xen_memory_exchange_t);

/* current_reservation, maximum_reservation, maximum_gpfn: the result is the number. */
struct xen_memory_domain {
    domid_t domid;
};

/* The frames that hold the machine-to-physical table, one for each 2 MiB of it. */
struct xen_machphys_mfn_list {
    unsigned int max_extents; /* G: room in the array */
    XEN_GUEST_HANDLE(xen_pfn_t) extent_start;
    unsigned int nr_extents; /* H */
};
typedef struct xen_machphys_mfn_list xen_machphys_mfn_list_t;
DEFINE_XEN_GUEST_HANDLE(xen_machphys_mfn_list_t);

/* H: where the machine-to-physical table lies in the address space, and the last frame it knows. */
struct xen_machphys_mapping {
    xen_ulong_t v_start, v_end;
    xen_ulong_t max_mfn;
};
typedef struct xen_machphys_mapping xen_machphys_mapping_t;
DEFINE_XEN_GUEST_HANDLE(xen_machphys_mapping_t);

struct xen_add_to_physmap {
    domid_t domid;
    uint16_t size;      /* frames, for gmfn_range */
    unsigned int space; /* XENMAPSPACE_* */
    xen_ulong_t idx;
    xen_pfn_t gpfn;
};
typedef struct xen_add_to_physmap xen_add_to_physmap_t;
DEFINE_XEN_GUEST_HANDLE(xen_add_to_physmap_t);

struct xen_add_to_physmap_batch {
    domid_t domid;
    uint16_t space;
    uint16_t size;
    union xen_add_to_physmap_batch_extra {
        domid_t foreign_domid; /* for gmfn_foreign */
        uint16_t res0;
    } u;
    XEN_GUEST_HANDLE(xen_ulong_t) idxs;
    XEN_GUEST_HANDLE(xen_pfn_t) gpfns;
    XEN_GUEST_HANDLE(int) errs; /* H */
};
typedef struct xen_add_to_physmap_batch xen_add_to_physmap_batch_t;
DEFINE_XEN_GUEST_HANDLE(xen_add_to_physmap_batch_t);

struct xen_remove_from_physmap {
    domid_t domid;
    xen_pfn_t gpfn;
};
typedef struct xen_remove_from_physmap xen_remove_from_physmap_t;
DEFINE_XEN_GUEST_HANDLE(xen_remove_from_physmap_t);

/* A memory map in the form of the PC BIOS (20-byte entries: address, size, type). */
struct xen_memory_map {
    unsigned int nr_entries; /* G: room; H: entries stored */
    XEN_GUEST_HANDLE(void) buffer;
};
typedef struct xen_memory_map xen_memory_map_t;
DEFINE_XEN_GUEST_HANDLE(xen_memory_map_t);

struct xen_foreign_memory_map {
    domid_t domid;
    struct xen_memory_map map;
};
typedef struct xen_foreign_memory_map xen_foreign_memory_map_t;
DEFINE_XEN_GUEST_HANDLE(xen_foreign_memory_map_t);

struct xen_pod_target {
    uint64_t target_pages;    /* G */
    uint64_t tot_pages;       /* H */
    uint64_t pod_cache_pages; /* H */
    uint64_t pod_entries;     /* H */
    domid_t domid;            /* G */
};
typedef struct xen_pod_target xen_pod_target_t;

/* Machine frames of an object that the hypervisor keeps for another domain. nr_frames 0 and frame_list
 * NULL ask for its size. */
struct xen_mem_acquire_resource {
    domid_t domid;      /* G: whose */
    uint16_t type;      /* G: XENMEM_resource_* */
    uint32_t id;        /* G */
    uint32_t nr_frames; /* G, H */
    uint32_t pad;       /* G: 0 */
    uint64_t frame;     /* G: the first one wanted */
    XEN_GUEST_HANDLE(xen_pfn_t) frame_list; /* H */
};
typedef struct xen_mem_acquire_resource xen_mem_acquire_resource_t;
DEFINE_XEN_GUEST_HANDLE(xen_mem_acquire_resource_t);

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_MEMORY_H__ */
