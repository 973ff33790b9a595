# SPDX-License-Identifier: MIT
# Path lengths in instructions, on xenlike and, where its package is there, on real Xen: the same image, QEMU and flags.

BENCH_IMAGE    := $(TEST_BUILD)/bench/paths.elf
BENCH_PLUGIN   := $(TEST_BUILD)/bench/counter.so
BENCH_BASELINE := tests/bench/baseline.txt
BENCH_RUN       = $(PYTHON) tests/bench/bench.py $(1) $(BENCH_IMAGE) $(HYPERVISOR_IMAGE) $(REAL_XEN) $(BENCH_PLUGIN) \
                  $(BENCH_BASELINE) "$(shell $(TARGET_CC) --version | head -n 1)"
ifneq ($(value guest_image),)
$(eval $(call guest_image,$(BENCH_IMAGE),tests/bench/paths/main.c $(GUEST_BUILD)/tests/bench/paths/paths.o,))
endif

# A QEMU with a newer plugin interface does without it: the columns of costly instructions are then not told.
$(BENCH_PLUGIN): tests/bench/counter.c
	@mkdir -p $(dir $@)
	@echo "  HOSTCC $<"
	@$(HOST_CC) -std=gnu11 -O2 -Wall -Wextra -Werror -shared -fPIC -DPLUGIN_VERSION=1 -o $@ $<

.PHONY: bench bench-check bench-baseline
bench: hypervisor $(BENCH_IMAGE) $(BENCH_PLUGIN) ## lengths of the hypervisor's paths, beside Xen's
	@$(call BENCH_RUN,)
bench-check: hypervisor $(BENCH_IMAGE) $(BENCH_PLUGIN) ## fails when a path is longer than tests/bench/baseline.txt says
	@$(call BENCH_RUN,--check)
bench-baseline: hypervisor $(BENCH_IMAGE) $(BENCH_PLUGIN) ## writes that file anew
	@$(call BENCH_RUN,--write)
