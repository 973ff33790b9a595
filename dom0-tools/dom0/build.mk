# SPDX-License-Identifier: MIT
# dom0's image and its initial RAM disk. The image is what the other fragments put into
# DOM0_TOOLS_SOURCES, the store, the channel's frames, and this folder; it is made when all fragments
# have been read (dom0_rules, called by dom0-tools/build.mk).

DOM0_IMAGE  := $(BUILD)/dom0-tools/dom0.elf
DOM0_INITRD := $(BUILD)/dom0-tools/initrd.cpio

DOM0_SOURCES := $(sort $(wildcard dom0-tools/dom0/*.c)) dom0-tools/host/channel.c
# Back ends from elsewhere, linked into dom0: make DOM0_BACKENDS=/path/to/back.c
DOM0_BACKENDS ?=
DOM0_ADDED    := $(DOM0_IMAGE).added
ifneq ($(shell cat $(DOM0_ADDED) 2>/dev/null),$(strip $(DOM0_BACKENDS)))
.PHONY: $(DOM0_ADDED)
endif
$(DOM0_ADDED):
	@mkdir -p $(dir $@)
	@echo '$(strip $(DOM0_BACKENDS))' > $@

define dom0_rules
$(call guest_image,$(DOM0_IMAGE),$(DOM0_SOURCES) $(DOM0_TOOLS_SOURCES) $(XENSTORED_SOURCES) $(DOM0_BACKENDS),-Idom0-tools -isystem $(CODECS)/include)
$(GUEST_BUILD)/dom0-tools/dom0/main.o $(GUEST_BUILD)/dom0-tools/dom0/script.o: $(BUILD_ID_HEADER)
$(DOM0_IMAGE): $(DOM0_ADDED)
dom0: $(DOM0_IMAGE) $(DOM0_INITRD)
endef

# The examples with the images that they name, so that `create /examples/hello.cfg` works in dom0's own
# shell: paths below build/guest become paths in the RAM disk.
# Those that name a file of the user's are not for there.
DOM0_EXAMPLES := $(filter-out $(patsubst %,examples/%.cfg,disk web echo linux grub),$(sort $(wildcard examples/*.cfg)))

$(DOM0_INITRD): $(DOM0_EXAMPLES) $(GUEST_BUILD)/hello.elf dom0-tools/dom0/build.mk
	@echo "  CPIO    $@"
	@rm -rf $@.d && mkdir -p $@.d/examples
	@cp $(GUEST_BUILD)/hello.elf $@.d/examples/
	@for example in $(DOM0_EXAMPLES); do \
	    sed 's,build/guest/,/examples/,' $$example > $@.d/examples/$${example##*/}; done
	@cd $@.d && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc > $(abspath $@)
	@rm -rf $@.d
