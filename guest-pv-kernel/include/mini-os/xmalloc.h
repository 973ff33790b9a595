/* SPDX-License-Identifier: MIT */
/*
 * Memory in bytes; from the same heap as malloc().
 */
#ifndef MINI_OS_XMALLOC_H
#define MINI_OS_XMALLOC_H

#include <stdlib.h>
#include <mini-os/types.h>

#ifdef __cplusplus
extern "C" {
#endif

void *_xmalloc(size_t size, size_t alignment);
#define xmalloc(type)              ((type *)_xmalloc(sizeof(type), __alignof__(type)))
#define xmalloc_array(type, count) ((type *)_xmalloc_array(sizeof(type), __alignof__(type), count))
#define xfree(pointer)             free(pointer)

static inline void *_xmalloc_array(size_t size, size_t alignment, size_t count)
{
    return count > 0 && size > (size_t)-1 / count ? NULL : _xmalloc(size * count, alignment);
}

#ifdef __cplusplus
}
#endif

#endif
