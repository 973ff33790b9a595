/* SPDX-License-Identifier: MIT */
/*
 * The console ring: one page that a guest shares with its console back end.
 * Indices run freely modulo 2^32; MASK_XENCONS_IDX turns one into an offset. Each index has a
 * single writer: the guest moves in_cons and out_prod, the back end in_prod and out_cons.
 */
#ifndef __XEN_PUBLIC_IO_CONSOLE_H__
#define __XEN_PUBLIC_IO_CONSOLE_H__

#include <stdint.h>

typedef uint32_t XENCONS_RING_IDX;

#define MASK_XENCONS_IDX(idx, ring) ((idx) & (sizeof(ring) - 1))

struct xencons_interface {
    char in[1024];  /* keys, towards the guest */
    char out[2048]; /* text, from the guest */
    XENCONS_RING_IDX in_cons, in_prod;
    XENCONS_RING_IDX out_cons, out_prod;
};

#endif
