# SPDX-License-Identifier: MIT
# libpv: everything but the seam's implementation is also linked into unit tests on the host.
LIBPV_PURE_SOURCES := $(addprefix dom0-tools/libpv/,error.c kernel_image.c kernel_notes.c domain_layout.c)
LIBPV_SOURCES      := $(sort $(wildcard dom0-tools/libpv/*.c))
DOM0_TOOLS_SOURCES += $(LIBPV_SOURCES)
