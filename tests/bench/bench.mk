# SPDX-License-Identifier: MIT
# Path lengths in instructions, on xenlike and, where its package is there, on real Xen: the same image, QEMU and flags.

BENCH_IMAGE := $(TEST_BUILD)/bench/paths.elf
ifneq ($(value guest_image),)
$(eval $(call guest_image,$(BENCH_IMAGE),tests/bench/paths/main.c $(GUEST_BUILD)/tests/bench/paths/paths.o,))
endif

.PHONY: bench
bench: hypervisor $(BENCH_IMAGE) ## lengths of the hypervisor's paths, beside Xen's
	@$(PYTHON) tests/bench/bench.py $(BENCH_IMAGE) $(HYPERVISOR_IMAGE) $(REAL_XEN)

.PHONY: bench-block
bench-block: all ## what a disk's way through front end and back end costs, beside the device alone
	@$(PYTHON) tests/bench/block.py $(BUILD)

.PHONY: bench-network
bench-network: all ## what a frame costs from guest to guest and to the card, beside the card alone; TCP
	@$(PYTHON) tests/bench/bench_network.py
