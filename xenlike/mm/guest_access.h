/* SPDX-License-Identifier: MIT */
/*
 * The only door to the running guest's memory.
 *
 * Copy in once, decide on the copy, copy out once. A range that touches the hypervisor's half, wraps, is not canonical or faults is
 * refused: the functions return 0 or -EFAULT (XEN_EFAULT). They may leave a partial copy behind on failure; never re-read what was copied in.
 */
#pragma once

#include <public/errno.h>

#include "../cpu/machine.h"
#include "addr.h"

int guest_access_read_any(void *destination, gva_t source, size_t size);
int guest_access_write_any(gva_t destination, const void *source, size_t size);
int guest_access_clear(gva_t destination, size_t size);
/* The bytes of an instruction, as many as can be read: up to 15 (Intel SDM 2A, 2.3.11). */
#define GUEST_INSTRUCTION_MAX 15
#define GUEST_FETCH_SIZE      16 /* two words are copied faster than one and seven bytes */
size_t guest_access_fetch(uint8_t bytes[GUEST_FETCH_SIZE], uint64_t rip);

/* GA1 for what is smaller than the guest's lower half: it begins neither in the hypervisor's range nor in what is not canonical below it,
 * which lies next to it, nor so close in front that it reaches there. */
static inline bool guest_access_small_ok(gva_t start, size_t size)
{
    uint64_t forbidden = (UINT64_C(1) << 47) - size + 1;
    return start.v - forbidden >= HV_VIRT_END - forbidden;
}
/* One aligned or unaligned word, quickly: false is a fault. */
static inline bool guest_access_read_u32(uint32_t *value, gva_t source)
{
    return guest_access_small_ok(source, sizeof(*value)) && machine_read_guest_u32(value, source);
}
/* Structures of whole words go the short way: nearly all that hypercalls are given. */
#define IS_SHORT(size) (__builtin_constant_p(size) && (size) <= PAGE_SIZE && (size) % 8 == 0)
static inline __attribute__((always_inline)) int guest_access_read(void *destination, gva_t source,
                                                                   size_t size)
{
    if (!IS_SHORT(size)) {
        return guest_access_read_any(destination, source, size);
    }
    bool read = likely(guest_access_small_ok(source, size)) &&
                likely(machine_copy_words_from_guest(destination, source, size / 8) == 0);
    compiler_barrier(); /* as in the long way */
    return read ? 0 : -XEN_EFAULT;
}
static inline __attribute__((always_inline)) int guest_access_write(gva_t destination,
                                                                    const void *source, size_t size)
{
    if (!IS_SHORT(size)) {
        return guest_access_write_any(destination, source, size);
    }
    return likely(guest_access_small_ok(destination, size)) &&
                   likely(machine_copy_words_to_guest(destination, source, size / 8) == 0)
               ? 0
               : -XEN_EFAULT;
}
/* True when no byte of the range is the hypervisor's or non-canonical (it may still fault). */
bool guest_access_range_ok(gva_t start, size_t size);

/* Typed forms over public handles: element `index` of an array the guest named. The product index*size cannot wrap
 * unnoticed: it ends outside the guest's half and is refused. */
#define copy_from_guest_offset(object, handle, index) \
    guest_access_read((object), GVA((uint64_t)((handle).p + (index))), sizeof(*(object)))
#define copy_to_guest(handle, object) \
    guest_access_write(GVA((uint64_t)(handle).p), (object), sizeof(*(object)))
#define copy_to_guest_offset(handle, index, object) \
    guest_access_write(GVA((uint64_t)((handle).p + (index))), (object), sizeof(*(object)))
