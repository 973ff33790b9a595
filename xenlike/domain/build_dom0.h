/* SPDX-License-Identifier: MIT */
/* The first domain, from the boot modules. */
#pragma once

struct boot_info;

/* Module 0 is the kernel, module 1 its initrd. The domain is runnable on return; panic() when it cannot be built.
 * restart: its command line says for the how manyth time it is built anew; negative: it says nothing. */
void build_dom0(const struct boot_info *info, int restart);
