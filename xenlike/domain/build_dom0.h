/* SPDX-License-Identifier: MIT */
/* The first domain, from the boot modules. */
#ifndef XENLIKE_DOMAIN_BUILD_DOM0_H
#define XENLIKE_DOMAIN_BUILD_DOM0_H

struct boot_info;

/* Module 0 is the kernel, module 1 its initrd. The domain is runnable on return; panic() when it cannot be built. */
void build_dom0(const struct boot_info *info);

#endif
