# SPDX-License-Identifier: MIT
# The hypervisor: every .c and .S below xenlike/ becomes one image, linked at HV_TEXT_START.
#   $(BUILD)/xenlike/xenlike.elf  ELF64 with symbols, for debuggers
#   $(BUILD)/xenlike/xenlike      the same bytes as a flat multiboot image, for -kernel and GRUB
# The link runs twice: the first gives the addresses of the symbol table that panics print from.

comma     := ,
HV_DIR    := $(BUILD)/xenlike
# gcc optimises across files: handlers and what they call in mm/, comm/ and cpu/ become one function.
HV_LTO    := $(if $(findstring clang,$(TARGET_CC)),,-flto=2)
HV_CFLAGS := -std=c11 -O2 -g $(WARNINGS) -ffreestanding -fno-strict-aliasing -mno-red-zone \
             -mgeneral-regs-only -fpie -fvisibility=hidden -fno-stack-protector \
             -fno-asynchronous-unwind-tables -fcf-protection=none -fno-common \
             -Wno-unused-parameter -Wframe-larger-than=1024 -Iinclude -I$(HV_DIR)/include \
             -ffile-prefix-map=$(CURDIR)=. -D__XEN__ \
             -include xenlike/lib/hidden.h $(HV_LTO)
HV_ASFLAGS := -D__ASSEMBLY__ -g -fpie -Iinclude -I$(HV_DIR)/include

# COURSE=1 links what the labs add (docs/labs).
HV_CFLAGS  += $(if $(COURSE),-DCOURSE) $(LAB_FLAGS)
HV_SOURCES := $(filter-out xenlike/cpu/offsets.c $(if $(COURSE),,xenlike/course/%),$(wildcard xenlike/*/*.c)) $(wildcard xenlike/*/*.S)
HV_OBJECTS := $(HV_SOURCES:%=$(BUILD)/%.o)
HV_OFFSETS := $(HV_DIR)/include/offsets.h
HV_SCRIPT  := $(HV_DIR)/xenlike.lds
# clang has no linker of its own for bare x86-64.
HV_LINK    := $(if $(findstring clang,$(TARGET_CC)),ld.lld -static --no-pie,\
              $(TARGET_CC) -nostdlib -static -no-pie -Wl$(comma)--build-id=none -Wl$(comma)-z$(comma)noexecstack \
              -Wl$(comma)-z$(comma)max-page-size=4096) -T $(HV_SCRIPT)

$(BUILD)/xenlike/%.c.o: xenlike/%.c $(HV_OFFSETS) | $(INCLUDE_LINK)
	@mkdir -p $(dir $@)
	@echo "  CC $<"
	@$(TARGET_CC) $(HV_CFLAGS) -MMD -MP -c -o $@ $<

# The table of hypercalls is another one in a student's tree.
$(BUILD)/xenlike/hypercall/table.c.o: $(wildcard lab.mk)

$(BUILD)/xenlike/%.S.o: xenlike/%.S $(HV_OFFSETS)
	@mkdir -p $(dir $@)
	@echo "  AS $<"
	@$(TARGET_CC) $(HV_ASFLAGS) -MMD -MP -c -o $@ $<

# offsets.c is compiled, never linked: its assembly holds strings "@@ NAME VALUE".
$(HV_OFFSETS): xenlike/cpu/offsets.c
	@mkdir -p $(dir $@)
	@$(TARGET_CC) $(filter-out -flto%,$(HV_CFLAGS)) -MMD -MP -MT $@ -MF $@.d -S -o $@.s $<
	@sed -n 's/^[[:space:]]*\.ascii[[:space:]]*"@@ \([A-Z0-9_]*\) \(-*[0-9]*\)".*/#define \1 \2/p' $@.s > $@

$(HV_SCRIPT): xenlike/boot/linker.lds
	@mkdir -p $(dir $@)
	@$(TARGET_CC) -E -P -x c -D__ASSEMBLY__ -Iinclude -MMD -MP -MT $@ -MF $@.d -o $@ $<

$(HV_DIR)/%.S.o: $(HV_DIR)/%.S
	@$(TARGET_CC) -c -o $@ $<

$(HV_DIR)/symbols0.S:
	@mkdir -p $(dir $@)
	@printf '.section .symbols, "a"\n.globl symbol_table, symbol_table_count, symbol_names\n.balign 4\nsymbol_table_count: .long 0\nsymbol_table:\nsymbol_names:\n' > $@

# All code in one object; what is left to the links is addresses.
ifneq ($(HV_LTO),)
HV_LINKED := $(HV_DIR)/linked.o
$(HV_LINKED): $(HV_OBJECTS)
	@echo "  LTO $@"
	@$(TARGET_CC) $(HV_CFLAGS) -nostdlib -r -flinker-output=nolto-rel -o $@ $(HV_OBJECTS)
else
HV_LINKED := $(HV_OBJECTS)
endif

$(HV_DIR)/pass1.elf: $(HV_LINKED) $(HV_SCRIPT) $(HV_DIR)/symbols0.S.o
	@echo "  LD $@"
	@$(HV_LINK) -o $@ $(HV_LINKED) $(HV_DIR)/symbols0.S.o

$(HV_DIR)/symbols.S: $(HV_DIR)/pass1.elf xenlike/boot/symbols.awk
	@nm -n $< | awk -f xenlike/boot/symbols.awk > $@

$(HV_DIR)/xenlike.elf: $(HV_LINKED) $(HV_SCRIPT) $(HV_DIR)/symbols.S.o
	@echo "  LD $@"
	@$(HV_LINK) -o $@ $(HV_LINKED) $(HV_DIR)/symbols.S.o

$(HV_DIR)/xenlike: $(HV_DIR)/xenlike.elf
	@objcopy -O binary $< $@

-include $(HV_OBJECTS:.o=.d) $(HV_OFFSETS).d $(HV_SCRIPT).d

.PHONY: hypervisor
hypervisor: $(HV_DIR)/xenlike ## the hypervisor

# GDB starts QEMU and speaks with it through a pipe: no port is opened. The consoles go to files.
GDB        ?= gdb
QEMU_DEBUG  = exec $(QEMU) -nodefaults -display none -no-reboot -accel tcg -cpu max,-smap,-erms -m 512 -S -gdb stdio \
              -chardev file$(comma)id=log$(comma)path=$(HV_DIR)/qemu-gdb.log -device isa-debugcon$(comma)chardev=log \
              -serial file:$(HV_DIR)/qemu-gdb.serial -kernel $(HV_DIR)/xenlike \
              -initrd $(BUILD)/dom0-tools/dom0.elf$(comma)$(BUILD)/dom0-tools/initrd.cpio

.PHONY: qemu-gdb
qemu-gdb: all ## debug the hypervisor: GDB with its symbols, stopped where its C code begins
	@$(GDB) -q $(HV_DIR)/xenlike.elf -ex 'set architecture i386:x86-64' -ex 'set confirm off' \
	    -ex "target remote | $(QEMU_DEBUG)" -ex 'hbreak start' -ex continue $(GDB_ARGUMENTS)
