/* SPDX-License-Identifier: MIT */
/*
 * checksum(request): a hypercall that Xen does not have, for lab 1. Only an image made with COURSE=1 has it; any other answers -ENOSYS.
 *
 * The hypervisor reads `length` bytes at `buffer`, and writes a struct checksum_result to `result`. Any guest may call it.
 * Adler-32, RFC 1950: two sums modulo 65521, a of the bytes beginning with 1, b of the values of a; the sum is b << 16 | a.
 *   0        the whole result was written
 *   -E2BIG   length is above CHECKSUM_LENGTH_MAX
 *   -EINVAL  flags is not 0
 *   -EFAULT  the request or the buffer cannot be read, the result cannot be written
 * Guests include this file, too. Guest ABI: docs/labs/1-hypercalls/checksum.md.
 */
#pragma once

#include <stdint.h>

#define __HYPERVISOR_checksum 63 /* the last of the table: no call of Xen's */

#define CHECKSUM_LENGTH_MAX 4096
#define CHECKSUM_ADLER32    1

struct checksum_request {
    uint64_t buffer; /* guest virtual address of the bytes */
    uint64_t result; /* guest virtual address of a struct checksum_result */
    uint32_t length; /* bytes, 0 to CHECKSUM_LENGTH_MAX */
    uint32_t flags;  /* 0 */
};

struct checksum_result {
    uint8_t algorithm; /* CHECKSUM_ADLER32 */
    /* Three bytes that no member names. They go out as zeros. */
    uint32_t sum;
    uint64_t length; /* as in the request */
};
