# SPDX-License-Identifier: MIT
# Decoders for compressed kernels: third-party sources, fetched once, built once, never in this tree.
# The folder's fragment also gives the host's unit tests their copy (tests/unit/tools.mk).
CODECS      := $(BUILD)/codecs
CODECS_HOST := $(BUILD)/codecs-host
CODECS_CFLAGS = $(filter-out -W%,$(GUEST_CFLAGS)) $(GUEST_INCLUDES)

# dom0's image takes the object as it is, and its headers by an include path (dom0/build.mk).
DOM0_TOOLS_SOURCES += $(CODECS)/codecs.o

$(CODECS)/codecs.o: dom0-tools/codecs/build-codecs.sh | $(INCLUDE_LINK) $(NEWLIB)/lib/libc.a
	@echo "  CODECS  $@"
	@dom0-tools/codecs/build-codecs.sh $(CODECS) "$(TARGET_CC)" "$(CODECS_CFLAGS)"

$(CODECS_HOST)/codecs.o: dom0-tools/codecs/build-codecs.sh
	@echo "  CODECS  $@"
	@dom0-tools/codecs/build-codecs.sh $(CODECS_HOST) "$(HOST_CC)" "-O2 -g"

$(GUEST_BUILD)/dom0-tools/libpv/kernel_codec.o: $(CODECS)/codecs.o
