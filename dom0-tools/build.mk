# SPDX-License-Identifier: MIT
.PHONY: dom0 host-tools
dom0:
host-tools:
