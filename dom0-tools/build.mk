# SPDX-License-Identifier: MIT
# dom0-tools: each folder has its own fragment; TARGET_* objects go into dom0's image, HOST_* ones into
# pvctl on the host and into unit tests.
.PHONY: dom0 host-tools
dom0:
host-tools:

include $(wildcard dom0-tools/*/build.mk)
