# SPDX-License-Identifier: MIT
$(eval $(call unit_suite,tools_config,tests/unit/tools_config.c $(addprefix dom0-tools/pvctl/,config.c \
    config_device.c config_devices.c config_keys.c config_lexer.c config_parser.c config_problem.c),))
$(eval $(call unit_suite,tools_image,tests/unit/tools_image.c $(addprefix dom0-tools/libpv/,error.c \
    kernel_image.c kernel_notes.c),))
$(eval $(call unit_suite,tools_payload,tests/unit/tools_payload.c $(CODECS_HOST)/codecs.o \
    $(addprefix dom0-tools/libpv/,error.c kernel_payload.c kernel_codec.c),-isystem $(CODECS_HOST)/include))
$(TEST_BUILD)/unit/tools_payload.d/dom0-tools/libpv/kernel_codec.o: $(CODECS_HOST)/codecs.o
$(eval $(call unit_suite,tools_symbols,tests/unit/tools_symbols.c \
    dom0-tools/libpv/kernel_symbols.c,))
$(eval $(call unit_suite,tools_layout,tests/unit/tools_layout.c $(addprefix dom0-tools/libpv/,error.c \
    domain_layout.c),))
$(eval $(call unit_suite,tools_console,tests/unit/tools_console.c $(addprefix dom0-tools/backends/, \
    console_log.c console_ring.c),))
$(eval $(call unit_suite,tools_build,tests/unit/tools_build.c tests/fake/fake_seam.c \
    $(addprefix dom0-tools/libpv/,error.c kernel_image.c kernel_notes.c domain_layout.c domctl.c \
    domain_build.c),))
$(eval $(call unit_suite,tools_commands,tests/unit/tools_commands.c \
    dom0-tools/pvctl/cpu_list.c $(PVCTL_PORTABLE_SOURCES),-DPVCTL_HOST))

# libFuzzer targets (clang). `make fuzz-tools FUZZ_SECONDS=60` runs each for a while; a new finding is
# left as crash-* below build/.
FUZZ_SECONDS ?= 20
FUZZ_FLAGS   := -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. $(ABI_INCLUDES)
FUZZ_BUILD   := $(TEST_BUILD)/fuzz
CLANG        ?= clang

$(FUZZ_BUILD)/kernel_image: tests/fuzz/kernel_image.c $(addprefix dom0-tools/libpv/,error.c \
    kernel_image.c kernel_notes.c domain_layout.c) | $(INCLUDE_LINK)
$(FUZZ_BUILD)/config: tests/fuzz/config.c $(addprefix dom0-tools/pvctl/,config.c config_device.c config_devices.c \
    config_keys.c config_lexer.c config_parser.c config_problem.c)
$(FUZZ_BUILD)/%:
	@mkdir -p $(dir $@)
	@echo "  FUZZ    $@"
	@$(CLANG) $(FUZZ_FLAGS) -o $@ $(filter %.c,$^)

.PHONY: fuzz-tools
fuzz-tools: $(FUZZ_BUILD)/kernel_image $(FUZZ_BUILD)/config guests ## fuzz the image and config parsers
	@mkdir -p $(FUZZ_BUILD)/kernel_image.corpus $(FUZZ_BUILD)/config.corpus
	@cp $(GUEST_IMAGES) $(FUZZ_BUILD)/kernel_image.corpus/
	@cp examples/*.cfg $(FUZZ_BUILD)/config.corpus/
	@cd $(FUZZ_BUILD) && for target in kernel_image config; do ./$$target -max_total_time=$(FUZZ_SECONDS) \
	    -print_final_stats=0 -verbosity=0 $$target.corpus || exit 1; done
$(eval $(call unit_suite,tools_keep,tests/unit/tools_keep.c dom0-tools/libpv/keep_pool.c,))
$(eval $(call unit_suite,tools_hypercalls,tests/unit/tools_hypercalls.c dom0-tools/pvctl/hypercall_names.c \
  dom0-tools/pvctl/hypercall_arguments.c dom0-tools/libpv/error.c,))
