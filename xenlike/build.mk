# SPDX-License-Identifier: MIT
.PHONY: hypervisor
hypervisor:
