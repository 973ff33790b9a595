/* SPDX-License-Identifier: MIT */
/*
 * The trace buffers: one ring of records per CPU, filled by the hypervisor while XEN_SYSCTL_tbuf_op has it enabled, read by the
 * control domain, which maps their frames as DOMID_XEN's. The frame that tbuf_op names holds a struct t_info.
 */
#ifndef __XEN_PUBLIC_TRACE_H__
#define __XEN_PUBLIC_TRACE_H__

/* An event's class is what an event mask chooses by: bits 12 to 27. */
#define TRC_GEN   0x0001f000
#define TRC_SCHED 0x0002f000
#define TRC_PV    0x0020f000
#define TRC_ALL   0x0ffff000

#define TRACE_EXTRA_MAX   7
#define TRACE_EXTRA_SHIFT 28

#define TRC_LOST_RECORDS      (TRC_GEN + 1) /* word 0: how many found no room */
#define TRC_TRACE_WRAP_BUFFER (TRC_GEN + 2) /* fills the ring up to its end */

#define TRC_PV_ENTRY   0x00201000
#define TRC_PV_SUBCALL 0x00202000

#ifndef __ASSEMBLY__

#include "xen.h"

struct t_rec {
    uint32_t event : 28;
    uint32_t extra_u32 : 3;       /* words behind the stamp */
    uint32_t cycles_included : 1; /* whether there is a stamp */
    union {
        struct {
            uint32_t cycles_lo, cycles_hi;
            uint32_t extra_u32[7];
        } cycles;
        struct {
            uint32_t extra_u32[7];
        } nocycles;
    } u;
};

/* At the start of a ring; records follow. Both count bytes modulo twice the room for records. */
struct t_buf {
    uint32_t cons; /* written by the reader */
    uint32_t prod; /* written by the hypervisor */
};

struct t_info {
    uint16_t tbuf_size; /* pages of each ring */
    uint16_t mfn_offset
        []; /* per CPU: where, in 32-bit words from here, its list of 32-bit frame numbers is */
};

#endif

#endif
