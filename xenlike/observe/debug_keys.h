/* SPDX-License-Identifier: MIT */
/* The debug keys. Read next: debug_keys.c. */
#pragma once

#include <public/sysctl.h>

/* Acts on up to 64 keys of the guest's text; unknown ones are ignored. 0, -EFAULT. */
int debug_keys_press(const struct xen_sysctl_debug_keys *pressed);
