# SPDX-License-Identifier: MIT
# FAKE: the fake machine; FAKE_DOMAINS: with its own domains, for suites that do not link domain.c.
FAKE         := $(addprefix tests/fake/,fake_machine.c fake_memory.c fake_vcpu.c fake_weak.c checker.c)
FAKE_DOMAINS := $(FAKE) tests/fake/fake_domain.c
MM_SOURCES   := $(wildcard xenlike/mm/*.c)
MM_HYPERCALLS := $(addprefix xenlike/hypercall/,hc_mmu_update.c hc_update_va_mapping.c \
                 hc_mmuext_op.c hc_memory_op.c mmu_domains.c mmu_flush.c memory_reservation.c \
                 memory_exchange.c memory_maps.c)

$(eval $(call unit_suite,mm_frames,tests/unit/mm_frames.c $(MM_SOURCES) $(FAKE_DOMAINS)))
$(eval $(call unit_suite,mm_page_type,tests/unit/mm_page_type.c tests/unit/mm_tables.c $(MM_SOURCES) $(MM_HYPERCALLS) $(FAKE_DOMAINS)))
$(eval $(call unit_suite,mm_sequences,tests/unit/mm_sequences.c tests/unit/mm_tables.c $(MM_SOURCES) $(MM_HYPERCALLS) $(FAKE_DOMAINS)))
$(eval $(call unit_suite,mm_hypercalls,tests/unit/mm_hypercalls.c tests/unit/mm_tables.c $(MM_SOURCES) $(MM_HYPERCALLS) $(FAKE_DOMAINS)))
$(eval $(call unit_suite,mm_memory_op,tests/unit/mm_memory_op.c tests/unit/mm_tables.c $(MM_SOURCES) $(MM_HYPERCALLS) $(FAKE_DOMAINS)))
$(eval $(call unit_suite,mm_direct_stores,tests/unit/mm_direct_stores.c tests/unit/mm_tables.c $(MM_SOURCES) $(MM_HYPERCALLS) $(FAKE_DOMAINS)))

# libFuzzer (clang): make fuzz-mm FUZZ_SECONDS=60
MM_FUZZ := $(TEST_BUILD)/fuzz/page_tables
$(MM_FUZZ): tests/fuzz/page_tables.c tests/unit/mm_tables.c $(MM_SOURCES) $(MM_HYPERCALLS) $(FAKE_DOMAINS) | $(INCLUDE_LINK)
	@mkdir -p $(dir $@)
	@clang -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. $(ABI_INCLUDES) -o $@ $(filter %.c,$^)

.PHONY: fuzz-mm
fuzz-mm: $(MM_FUZZ) ## fuzz the page types
	@mkdir -p $(BUILD)/corpus/page_tables
	@$(MM_FUZZ) -max_total_time=$(or $(FUZZ_SECONDS),60) -max_len=800 $(BUILD)/corpus/page_tables
