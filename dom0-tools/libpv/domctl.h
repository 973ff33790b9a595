/* SPDX-License-Identifier: MIT */
/*
 * domctl.h: domain control, one function per operation, in plain types.
 * Owns: the interface version that is spoken (0x15, Xen 4.17's).
 * Every function returns 0 or the negative Xen errno of the hypercall unless it says otherwise:
 * -XEN_ESRCH no such domain, -XEN_EPERM not privileged, -XEN_EACCES other interface version,
 * -XEN_ENOMEM, -XEN_EINVAL.
 * Guest ABI: domctl.
 * Read next: domain_build.h.
 */
#ifndef LIBPV_DOMCTL_H
#define LIBPV_DOMCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOMCTL_DOMID_FIRST_RESERVED 0x7ff0u
#define DOMCTL_UUID_SIZE            16

/* Shutdown reasons, by the ABI's numbers; their names from domctl_reason_name. */
enum domctl_reason {
    DOMCTL_REASON_POWEROFF = 0,
    DOMCTL_REASON_REBOOT = 1,
    DOMCTL_REASON_SUSPEND = 2,
    DOMCTL_REASON_CRASH = 3,
    DOMCTL_REASON_WATCHDOG = 4,
    DOMCTL_REASON_SOFT_RESET = 5
};

struct domain_info {
    uint16_t domid;
    bool running, blocked, paused, shutdown, dying;
    unsigned int reason; /* when shutdown */
    uint64_t nr_pages, max_pages;
    uint64_t shared_info_frame;
    uint64_t cpu_time_ns;
    unsigned int nr_vcpus; /* online */
    unsigned int max_vcpu_id;
    uint8_t uuid[DOMCTL_UUID_SIZE];
};

struct domain_limits {
    uint32_t max_vcpus;
    uint32_t max_event_channels; /* highest port number */
    int32_t max_grant_frames;
    int32_t max_maptrack_frames;
};

/* Any operation, in a seam buffer: the interface's version is filled in. */
struct xen_domctl;
int domctl_call(struct xen_domctl *operation, uint32_t command, uint16_t domid);

/* A new, paused domain without memory; *domid receives its number. -XEN_ENOMEM: no domain left. */
int domctl_create(const uint8_t uuid[DOMCTL_UUID_SIZE], const struct domain_limits *limits,
                  uint16_t *domid);
/* The same with a number of the caller's choice; -XEN_EEXIST it is in use. */
int domctl_create_as(uint16_t domid, const uint8_t uuid[DOMCTL_UUID_SIZE],
                     const struct domain_limits *limits);
int domctl_set_handle(uint16_t domid, const uint8_t uuid[DOMCTL_UUID_SIZE]);
/* Takes all of the domain's resources back; continues as long as the hypervisor asks for it. */
int domctl_destroy(uint16_t domid);
int domctl_pause(uint16_t domid);
int domctl_unpause(uint16_t domid);
int domctl_max_memory(uint16_t domid, uint64_t kib);
/* Make the vCPUs, all down; exactly as many as the domain was created for. */
int domctl_make_vcpus(uint16_t domid, uint32_t count);
/* Its part of the CPU against others (256 is normal; 0: as it is), and at most so many percent of one
 * CPU (0: no limit). -XEN_EINVAL: the hypervisor's scheduler is another. */
int domctl_set_shares(uint16_t domid, uint16_t weight, uint16_t cap_percent);
/* -XEN_ESRCH also when only domains with higher numbers exist. */
int domctl_info(uint16_t domid, struct domain_info *info);
/* Up to `capacity` domains from number `first` on, ascending, without the one that keep.h owns (its number is the highest, so a list
 * that is not full is the last). Returns how many. */
int domctl_list(uint16_t first, struct domain_info *infos, size_t capacity);

/* Fill a page of the guest with hypercall stubs. */
int domctl_hypercall_page(uint16_t domid, uint64_t mfn);

/* vCPU 0's first state: a PV kernel's start of day. */
struct domctl_start {
    uint64_t entry, stack, start_info; /* guest virtual: rip, rsp, rsi */
    uint64_t root_mfn;                 /* cr3 */
};
int domctl_start_context(uint16_t domid, const struct domctl_start *start);

struct domctl_vcpu {
    bool online, blocked, running;
    uint64_t cpu_time_ns;
    uint32_t cpu;
};
int domctl_vcpu_info(uint16_t domid, uint32_t vcpu, struct domctl_vcpu *info);

/* Shut a domain down from outside, as if its kernel had asked (the hypervisor's remote_shutdown).
 */
int domctl_remote_shutdown(uint16_t domid, enum domctl_reason reason);

/* ---- what building a domain needs besides domctl ------------------------------------------------
 */

/*
 * Give a domain nr_frames frames and store their machine numbers; mfns[i] backs pfn first_pfn + i.
 * -XEN_ENOMEM: the hypervisor had fewer (those given stay with the domain).
 */
int domctl_populate(uint16_t domid, uint64_t first_pfn, uint64_t nr_frames, uint64_t *mfns);
/* Validate a page table and keep it so. */
int domctl_pin_root(uint16_t domid, uint64_t root_mfn);
/* A port of `domid` that `remote` may bind; the port's number or a negative errno. */
int domctl_event_for(uint16_t domid, uint16_t remote);
/* Set up a domain's grant table; *mfn is its first frame. */
int domctl_grant_frame(uint16_t domid, uint64_t *mfn);

const char *domctl_reason_name(unsigned int reason);

#endif
