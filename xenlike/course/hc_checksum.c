/* SPDX-License-Identifier: MIT */
/*
 * checksum(request): the sum of a guest's bytes. It is here to be written again by those who learn how a hypercall copies.
 *
 * Owns: nothing. Invariant: CS1 the request is read once; CS2 no byte of the hypervisor's goes out, named by a member or not.
 * Locks: none. Guest ABI: docs/labs/1-hypercalls/checksum.md. Read next: ../mm/guest_access.h.
 */
#include "checksum.h"
#include "../lib/string.h"
#include "../mm/guest_access.h"
#include "../hypercall/hypercall.h"

#define ADLER_MODULUS 65521
#define PIECE_SIZE    256 /* copied at a time: the stack is small */

HYPERCALL_1(hc_checksum, request)
{
    /* LAB(1): sum up a guest's bytes: every errno of checksum.h, each argument fetched once */
    uint8_t piece[PIECE_SIZE];
    struct checksum_request asked;
    struct checksum_result result;
    uint32_t a = 1, b = 0;

    if (guest_access_read(&asked, GVA(request), sizeof(asked)) != 0) {
        return -XEN_EFAULT;
    }
    if (asked.length > CHECKSUM_LENGTH_MAX) {
        return -XEN_E2BIG;
    }
    if (asked.flags != 0) {
        return -XEN_EINVAL;
    }
    for (uint32_t done = 0, size; done < asked.length; done += size) {
        size = (uint32_t)min_u64(asked.length - done, PIECE_SIZE);
        if (guest_access_read(piece, GVA(asked.buffer + done), size) != 0) {
            return -XEN_EFAULT;
        }
        for (uint32_t i = 0; i < size; i++) {
            a = (a + piece[i]) % ADLER_MODULUS;
            b = (b + a) % ADLER_MODULUS;
        }
    }
    memset(&result, 0, sizeof(result));
    result.algorithm = CHECKSUM_ADLER32;
    result.sum = b << 16 | a;
    result.length = asked.length;
    return guest_access_write(GVA(asked.result), &result, sizeof(result));
    /* END LAB(1) */
}
