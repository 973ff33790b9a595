/* SPDX-License-Identifier: MIT */
/*
 * An application begins at app_main(), in a thread. When that returns the domain goes on, for its other
 * threads: exit() of <stdlib.h>, or HYPERVISOR_shutdown(), ends it.
 */
#ifndef MINI_OS_KERNEL_H
#define MINI_OS_KERNEL_H

#include <mini-os/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `page` is the domain's start_info. */
int app_main(void *page);
void do_exit(void) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
