/* SPDX-License-Identifier: MIT */
/* callback_op(cmd, arg): the entry points of a guest kernel that are not in its trap table. */
#ifndef __XEN_PUBLIC_CALLBACK_H__
#define __XEN_PUBLIC_CALLBACK_H__

#include "xen.h"

#define CALLBACKTYPE_event               0 /* upcall: an event channel is pending */
#define CALLBACKTYPE_failsafe            1 /* a selector of the guest's could not be loaded */
#define CALLBACKTYPE_syscall             2 /* 64-bit `syscall` in user mode */
#define CALLBACKTYPE_sysenter_deprecated 3 /* refused on x86-64 */
#define CALLBACKTYPE_nmi                 4
#define CALLBACKTYPE_sysenter            5
#define CALLBACKTYPE_syscall32           7 /* `syscall` in compatibility mode */

/* Upcalls are masked on entry. */
#define _CALLBACKF_mask_events 0
#define CALLBACKF_mask_events  (1U << _CALLBACKF_mask_events)

#define CALLBACKOP_register 0
struct callback_register {
    uint16_t type;  /* CALLBACKTYPE_* */
    uint16_t flags; /* CALLBACKF_* */
    xen_callback_t address;
};
typedef struct callback_register callback_register_t;
DEFINE_XEN_GUEST_HANDLE(callback_register_t);

/* Only nmi, and the like that a kernel can do without. */
#define CALLBACKOP_unregister 1
struct callback_unregister {
    uint16_t type;
    uint16_t _unused;
};
typedef struct callback_unregister callback_unregister_t;
DEFINE_XEN_GUEST_HANDLE(callback_unregister_t);

#endif
