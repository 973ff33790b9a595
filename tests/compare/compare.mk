# SPDX-License-Identifier: MIT
# The differential image: the same calls on xenlike and on real Xen.
COMPARE_IMAGE := $(BUILD)/tests/compare.elf
COMPARE_XEN   := $(XENLIKE_CACHE)/xen-4.17-amd64
$(eval $(call guest_image,$(COMPARE_IMAGE),$(wildcard tests/compare/*.c),))

.PHONY: compare compare-xen
compare: $(COMPARE_IMAGE) hypervisor ## xenlike's answers against those recorded from Xen 4.17
	@tests/compare/compare-hypervisors.py $(COMPARE_IMAGE) --xenlike $(BUILD)/xenlike/xenlike

compare-xen: $(COMPARE_IMAGE) hypervisor ## xenlike against real Xen, both run now
	@if [ -f $(COMPARE_XEN) ]; then \
	  tests/compare/compare-hypervisors.py $(COMPARE_IMAGE) --xenlike $(BUILD)/xenlike/xenlike --xen $(COMPARE_XEN); \
	else echo "skipped: compare-xen needs $(COMPARE_XEN): make fetch brings it"; fi
