# SPDX-License-Identifier: MIT
# dom0-tools: each folder has its own fragment; TARGET_* objects go into dom0's image, HOST_* ones into
# pvctl on the host and into unit tests.
.PHONY: dom0 host-tools
dom0:
host-tools:

# host last: it compiles what pvctl's fragment lists.
include $(filter-out dom0-tools/host/build.mk,$(wildcard dom0-tools/*/build.mk)) dom0-tools/host/build.mk

# dom0's image is made of all of them.
$(eval $(dom0_rules))
