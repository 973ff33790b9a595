# SPDX-License-Identifier: MIT
# Kernels as people write them by hand, one file in four manners; tests/kernels/test_small.py boots them.
SMALL_STYLES  := mini-os unikraft legacy direct
SMALL_KERNELS := $(SMALL_STYLES:%=$(TEST_BUILD)/kernels/%.elf) $(TEST_BUILD)/kernels/elf32.elf
SMALL_BASE_legacy := 0x40000000
SMALL_BASE_direct := 0xffffffff80000000
SMALL_FLAGS   := -O2 -ffreestanding -fno-pic -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
                 -fno-asynchronous-unwind-tables -nostdlib -static -Wl,--build-id=none -Wl,-z,noexecstack \
                 -Wl,-z,max-page-size=4096

$(TEST_BUILD)/kernels/elf32.elf: tests/kernels/small/elf32.S
	@mkdir -p $(dir $@)
	@$(TARGET_CC) -m32 -nostdlib -static -Wl,--build-id=none -o $@ $<
$(TEST_BUILD)/kernels/%.elf: $(addprefix tests/kernels/small/,start.S small.c small.lds) | $(INCLUDE_LINK)
	@mkdir -p $(dir $@)
	@echo "  SMALL   $@"
	@$(TARGET_CC) $(SMALL_FLAGS) $(WARNINGS) $(ABI_INCLUDES) -DSTYLE_$(shell echo $* | tr a-z- A-Z_) -DSTYLE='"$*"' \
	    $(if $(filter direct,$*),-mcmodel=kernel) -DBASE=$(or $(SMALL_BASE_$*),0) -Wl,--defsym=BASE=$(or $(SMALL_BASE_$*),0) \
	    -Wl,--defsym=SHIFT=$(if $(filter direct,$*),$(SMALL_BASE_$*),0) -T tests/kernels/small/small.lds -o $@ $(filter %.S %.c,$^)
