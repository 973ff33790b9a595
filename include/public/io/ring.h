/* SPDX-License-Identifier: MIT */
/*
 * Shared rings: one page in which a front end puts requests and a back end puts responses into the
 * same slots. Indices run freely modulo 2^32, slots are index modulo the ring's size, a power of
 * two. The front end writes req_prod and rsp_event, the back end rsp_prod and req_event. An *_event
 * index says from which entry on its writer wants to be notified, so that a busy ring rings no
 * bell.
 *
 * Define xen_mb(), xen_rmb(), xen_wmb() before use where the compiler's own are not wanted.
 */
#ifndef __XEN_PUBLIC_IO_RING_H__
#define __XEN_PUBLIC_IO_RING_H__

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "../xen-compat.h"

#ifndef xen_mb
#define xen_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define xen_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define xen_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#endif

typedef unsigned int RING_IDX;

/* The largest power of two that is not above x (x < 2^32, a constant expression for a constant x):
 * spread the highest bit downwards, then keep only it. */
#define __RING_SPREAD1(x)  ((x) | ((x) >> 1))
#define __RING_SPREAD2(x)  (__RING_SPREAD1(x) | (__RING_SPREAD1(x) >> 2))
#define __RING_SPREAD4(x)  (__RING_SPREAD2(x) | (__RING_SPREAD2(x) >> 4))
#define __RING_SPREAD8(x)  (__RING_SPREAD4(x) | (__RING_SPREAD4(x) >> 8))
#define __RING_SPREAD16(x) (__RING_SPREAD8(x) | (__RING_SPREAD8(x) >> 16))
#define __RD32(x)          (__RING_SPREAD16(x) - (__RING_SPREAD16(x) >> 1))

/* Slots in a ring of _sz bytes: of a type by name, and of a ring that exists. */
#define __CONST_RING_SIZE(_s, _sz)                                \
    ((RING_IDX)__RD32(((_sz)-offsetof(struct _s##_sring, ring)) / \
                      sizeof(((struct _s##_sring *)0)->ring[0])))
#define __RING_SIZE(_s, _sz)                                                  \
    ((RING_IDX)__RD32(((_sz) - (size_t)((char *)(_s)->ring - (char *)(_s))) / \
                      sizeof((_s)->ring[0])))

/* Declares the ring `__name` with these request and response types: __name_sring_t (shared page),
 * __name_front_ring_t and __name_back_ring_t (each end's own state). */
#define DEFINE_RING_TYPES(__name, __req_t, __rsp_t)           \
    union __name##_sring_entry {                              \
        __req_t req;                                          \
        __rsp_t rsp;                                          \
    };                                                        \
    struct __name##_sring {                                   \
        RING_IDX req_prod, req_event;                         \
        RING_IDX rsp_prod, rsp_event;                         \
        union {                                               \
            struct {                                          \
                uint8_t smartpoll_active;                     \
            } netif;                                          \
            struct {                                          \
                uint8_t msg;                                  \
            } tapif_user;                                     \
            uint8_t pvt_pad[4];                               \
        } pvt;                                                \
        uint8_t __pad[44];                                    \
        union __name##_sring_entry ring[1];                   \
    };                                                        \
    struct __name##_front_ring {                              \
        RING_IDX req_prod_pvt; /* filled, not yet pushed */   \
        RING_IDX rsp_cons;                                    \
        unsigned int nr_ents;                                 \
        struct __name##_sring *sring;                         \
    };                                                        \
    struct __name##_back_ring {                               \
        RING_IDX rsp_prod_pvt;                                \
        RING_IDX req_cons;                                    \
        unsigned int nr_ents;                                 \
        struct __name##_sring *sring;                         \
    };                                                        \
    typedef struct __name##_sring __name##_sring_t;           \
    typedef struct __name##_front_ring __name##_front_ring_t; \
    typedef struct __name##_back_ring __name##_back_ring_t

/* An empty shared page: each end wants to hear of the first entry. */
#define SHARED_RING_INIT(_s)                                \
    do {                                                    \
        memset((_s), 0, offsetof(__typeof__(*(_s)), ring)); \
        (_s)->req_event = 1;                                \
        (_s)->rsp_event = 1;                                \
    } while (0)

#define FRONT_RING_ATTACH(_r, _s, _i, __size)    \
    do {                                         \
        (_r)->sring = (_s);                      \
        (_r)->nr_ents = __RING_SIZE(_s, __size); \
        (_r)->req_prod_pvt = (_i);               \
        (_r)->rsp_cons = (_i);                   \
    } while (0)
#define FRONT_RING_INIT(_r, _s, __size) FRONT_RING_ATTACH(_r, _s, 0, __size)
#define XEN_FRONT_RING_INIT(_r, _s, __size) \
    do {                                    \
        SHARED_RING_INIT(_s);               \
        FRONT_RING_INIT(_r, _s, __size);    \
    } while (0)

#define BACK_RING_ATTACH(_r, _s, _i, __size)     \
    do {                                         \
        (_r)->sring = (_s);                      \
        (_r)->nr_ents = __RING_SIZE(_s, __size); \
        (_r)->rsp_prod_pvt = (_i);               \
        (_r)->req_cons = (_i);                   \
    } while (0)
#define BACK_RING_INIT(_r, _s, __size) BACK_RING_ATTACH(_r, _s, 0, __size)

#define RING_SIZE(_r) ((_r)->nr_ents)

/* Front end: slots that hold neither a request nor an unread response. */
#define RING_FREE_REQUESTS(_r) (RING_SIZE(_r) - ((_r)->req_prod_pvt - (_r)->rsp_cons))
#define RING_FULL(_r)          (RING_FREE_REQUESTS(_r) == 0)

#define XEN_RING_NR_UNCONSUMED_RESPONSES(_r) ((_r)->sring->rsp_prod - (_r)->rsp_cons)
/* Back end: never more than the front end could have put, whatever it claims. */
#define XEN_RING_NR_UNCONSUMED_REQUESTS(_r)                                              \
    __extension__({                                                                      \
        unsigned int __claimed = (_r)->sring->req_prod - (_r)->req_cons;                 \
        unsigned int __possible = RING_SIZE(_r) - ((_r)->req_cons - (_r)->rsp_prod_pvt); \
        __claimed < __possible ? __claimed : __possible;                                 \
    })

#ifdef XEN_RING_HAS_UNCONSUMED_IS_BOOL
#define RING_HAS_UNCONSUMED_RESPONSES(_r) (XEN_RING_NR_UNCONSUMED_RESPONSES(_r) != 0)
#define RING_HAS_UNCONSUMED_REQUESTS(_r)  (XEN_RING_NR_UNCONSUMED_REQUESTS(_r) != 0)
#else
#define RING_HAS_UNCONSUMED_RESPONSES(_r) XEN_RING_NR_UNCONSUMED_RESPONSES(_r)
#define RING_HAS_UNCONSUMED_REQUESTS(_r)  XEN_RING_NR_UNCONSUMED_REQUESTS(_r)
#endif

#define RING_GET_REQUEST(_r, _idx)  (&((_r)->sring->ring[(_idx) & (RING_SIZE(_r) - 1)].req))
#define RING_GET_RESPONSE(_r, _idx) (&((_r)->sring->ring[(_idx) & (RING_SIZE(_r) - 1)].rsp))

/* One copy, then decide on the copy: the other end may change the slot at any time. */
#define RING_COPY_(_kind, _r, _idx, _dest)                                       \
    do {                                                                         \
        *(_dest) = *(volatile __typeof__(*(_dest)) *)RING_GET_##_kind(_r, _idx); \
    } while (0)
#define RING_COPY_REQUEST(_r, _idx, _req)  RING_COPY_(REQUEST, _r, _idx, _req)
#define RING_COPY_RESPONSE(_r, _idx, _rsp) RING_COPY_(RESPONSE, _r, _idx, _rsp)

/* Whether an index is one that an honest other end cannot have reached. */
#define RING_REQUEST_CONS_OVERFLOW(_r, _cons)  (((_cons) - (_r)->rsp_prod_pvt) >= RING_SIZE(_r))
#define RING_REQUEST_PROD_OVERFLOW(_r, _prod)  (((_prod) - (_r)->rsp_prod_pvt) > RING_SIZE(_r))
#define RING_RESPONSE_PROD_OVERFLOW(_r, _prod) (((_prod) - (_r)->rsp_cons) > RING_SIZE(_r))

/* Publishes what was filled: the entries are visible before the index is. */
#define RING_PUSH_REQUESTS(_r)                      \
    do {                                            \
        xen_wmb();                                  \
        (_r)->sring->req_prod = (_r)->req_prod_pvt; \
    } while (0)
#define RING_PUSH_RESPONSES(_r)                     \
    do {                                            \
        xen_wmb();                                  \
        (_r)->sring->rsp_prod = (_r)->rsp_prod_pvt; \
    } while (0)

/* Whether `event` is among the entries old+1 .. new, modulo 2^32. */
#define __RING_PASSED(_old, _new, _event) \
    ((RING_IDX)((_new) - (_event)) < (RING_IDX)((_new) - (_old)))

/* Publishes, and says in _notify whether the other end asked to be told. */
#define RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(_r, _notify)                                 \
    do {                                                                                 \
        RING_IDX __before = (_r)->sring->req_prod;                                       \
        RING_PUSH_REQUESTS(_r);                                                          \
        xen_mb(); /* the index is out before we look at what they want */                \
        (_notify) = __RING_PASSED(__before, (_r)->req_prod_pvt, (_r)->sring->req_event); \
    } while (0)
#define RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(_r, _notify)                                \
    do {                                                                                 \
        RING_IDX __before = (_r)->sring->rsp_prod;                                       \
        RING_PUSH_RESPONSES(_r);                                                         \
        xen_mb();                                                                        \
        (_notify) = __RING_PASSED(__before, (_r)->rsp_prod_pvt, (_r)->sring->rsp_event); \
    } while (0)

/* Before sleeping: asks for a notification of the next entry, then looks once more. */
#define RING_FINAL_CHECK_FOR_REQUESTS(_r, _work_to_do)        \
    do {                                                      \
        (_work_to_do) = RING_HAS_UNCONSUMED_REQUESTS(_r);     \
        if (!(_work_to_do)) {                                 \
            (_r)->sring->req_event = (_r)->req_cons + 1;      \
            xen_mb();                                         \
            (_work_to_do) = RING_HAS_UNCONSUMED_REQUESTS(_r); \
        }                                                     \
    } while (0)
#define RING_FINAL_CHECK_FOR_RESPONSES(_r, _work_to_do)        \
    do {                                                       \
        (_work_to_do) = RING_HAS_UNCONSUMED_RESPONSES(_r);     \
        if (!(_work_to_do)) {                                  \
            (_r)->sring->rsp_event = (_r)->rsp_cons + 1;       \
            xen_mb();                                          \
            (_work_to_do) = RING_HAS_UNCONSUMED_RESPONSES(_r); \
        }                                                      \
    } while (0)

#endif
