# SPDX-License-Identifier: MIT
$(eval $(call unit_suite,cpu_text,tests/unit/cpu_text.c xenlike/boot/boot_info.c xenlike/lib/print.c,-D__XEN__))
