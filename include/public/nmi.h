/* SPDX-License-Identifier: MIT */
/* nmi_op(cmd, arg): where a guest kernel takes non-maskable interrupts. Reasons: arch_shared_info. */
#ifndef __XEN_PUBLIC_NMI_H__
#define __XEN_PUBLIC_NMI_H__

#include "xen.h"

/* vCPU 0 only. */
#define XENNMI_register_callback 0
struct xennmi_callback {
    unsigned long handler_address;
    unsigned long pad;
};
typedef struct xennmi_callback xennmi_callback_t;
DEFINE_XEN_GUEST_HANDLE(xennmi_callback_t);

/* No arg. */
#define XENNMI_unregister_callback 1

#endif
