# SPDX-License-Identifier: MIT
# Back ends: threads of dom0's image over libpv's seam.
DOM0_TOOLS_SOURCES += $(sort $(wildcard dom0-tools/backends/*.c))
