/* SPDX-License-Identifier: MIT */
/* xen_version(cmd, arg): who the hypervisor is and what it offers. */
#ifndef __XEN_PUBLIC_VERSION_H__
#define __XEN_PUBLIC_VERSION_H__

#include "xen.h"

/* No arg; major << 16 | minor is the result. */
#define XENVER_version 0

/* arg: xen_extraversion_t, what follows "4.17". */
#define XENVER_extraversion 1
typedef char xen_extraversion_t[16];
#define XEN_EXTRAVERSION_LEN (sizeof(xen_extraversion_t))

#define XENVER_compile_info 2
struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};
typedef struct xen_compile_info xen_compile_info_t;

/* arg: xen_capabilities_info_t, kinds of guest separated by spaces: "xen-3.0-x86_64 ". */
#define XENVER_capabilities 3
typedef char xen_capabilities_info_t[1024];
#define XEN_CAPABILITIES_INFO_LEN (sizeof(xen_capabilities_info_t))

#define XENVER_changeset 4
typedef char xen_changeset_info_t[64];
#define XEN_CHANGESET_INFO_LEN (sizeof(xen_changeset_info_t))

/* arg: struct xen_platform_parameters: where the hypervisor's part of the address space starts. */
#define XENVER_platform_parameters 5
struct xen_platform_parameters {
    xen_ulong_t virt_start;
};
typedef struct xen_platform_parameters xen_platform_parameters_t;

#define XENVER_get_features 6
struct xen_feature_info {
    unsigned int submap_idx; /* in: which 32 features */
    uint32_t submap;         /* out: XENFEAT_* bits */
};
typedef struct xen_feature_info xen_feature_info_t;
#include "features.h"

/* arg must be NULL; the page size in bytes is the result. */
#define XENVER_pagesize 7

/* arg: xen_domain_handle_t, the caller's. */
#define XENVER_guest_handle 8

#define XENVER_commandline 9
typedef char xen_commandline_t[1024];

/* arg: struct xen_build_id, or NULL to ask for the length, which is the result. */
#define XENVER_build_id 10
struct xen_build_id {
    uint32_t len; /* in: size of buf */
    unsigned char buf[];
};
typedef struct xen_build_id xen_build_id_t;

#endif
