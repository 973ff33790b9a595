# SPDX-License-Identifier: MIT
# The guest kernel: newlib (built once, kept in the cache), libpvk.a, and one image per folder in apps/.
#
# An image is one line in anybody's fragment:
#
#   $(eval $(call guest_image,<output.elf>,<C sources>,<extra compiler flags>,<more archives>))
#
# It is linked twice: the first link gives the names for panic's backtrace, the second has them in.
# Its `main` runs in the first process; `const size_t core_main_stack` may set that stack's size.

GUEST_BUILD := $(BUILD)/guest

NEWLIB_SOURCE := $(firstword $(wildcard $(XENLIKE_CACHE)/newlib-*.tar.xz \
                   /usr/src/newlib/newlib-*.tar.xz /usr/src/newlib-*.tar.xz))
NEWLIB_CFLAGS := -O2 -g0 -mno-red-zone -fno-pic -fno-stack-protector -fcf-protection=none \
                 -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -ffunction-sections \
                 -fdata-sections
# clang would otherwise find the host's headers behind newlib's.
ifneq ($(findstring clang,$(TARGET_CC)),)
NEWLIB_CFLAGS += -nostdlibinc
endif
NEWLIB_KEY    := $(shell { $(TARGET_CC) --version 2>/dev/null | head -n 1; echo '$(NEWLIB_CFLAGS)'; \
                   cat guest-pv-kernel/build-newlib.sh; } | cksum | cut -d' ' -f1)
NEWLIB        := $(XENLIKE_CACHE)/$(basename $(basename $(notdir $(or $(NEWLIB_SOURCE),newlib.tar.xz))))-$(NEWLIB_KEY)

$(NEWLIB)/lib/libc.a:
	@test -n "$(NEWLIB_SOURCE)" || { echo "newlib's source is missing: install the package" \
	  "newlib-source, or put newlib-*.tar.xz into $(XENLIKE_CACHE)" >&2; exit 1; }
	@echo "  NEWLIB  $(NEWLIB) (half a minute, once)"
	@mkdir -p $(XENLIKE_CACHE)
	@guest-pv-kernel/build-newlib.sh $(NEWLIB_SOURCE) $(NEWLIB) "$(TARGET_CC)" "$(NEWLIB_CFLAGS)"

# The compiler's own headers (stddef.h ...) and newlib's; never the host's.
GUEST_CC_HEADERS := $(firstword $(wildcard $(shell $(TARGET_CC) -print-resource-dir 2>/dev/null)/include) \
                      $(shell $(TARGET_CC) -print-file-name=include 2>/dev/null))
GUEST_LIBGCC     := $(wildcard $(shell $(TARGET_CC) -print-libgcc-file-name 2>/dev/null))
GUEST_INCLUDES   := -I. $(ABI_INCLUDES) -Iguest-pv-kernel/include -Iguest-pv-kernel/include/libc \
                    -nostdinc -isystem $(NEWLIB)/include -isystem $(GUEST_CC_HEADERS)
GUEST_CFLAGS     := -std=gnu11 -O2 -g -ffreestanding -fno-builtin-malloc -mno-red-zone -fno-pic \
                    -fno-pie -fno-stack-protector -fcf-protection=none -fno-omit-frame-pointer \
                    -fno-asynchronous-unwind-tables -fno-strict-aliasing -ffunction-sections \
                    -fdata-sections -D_POSIX_TIMERS $(WARNINGS) $(LAB_FLAGS)
GUEST_LDFLAGS    := -nostdlib -static -Wl,--gc-sections -Wl,--build-id=none \
                    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack
ifneq ($(findstring clang,$(TARGET_CC)),)
GUEST_LDFLAGS    += -fuse-ld=lld
endif

$(GUEST_BUILD)/%.o: %.c | $(INCLUDE_LINK) $(NEWLIB)/lib/libc.a
	@mkdir -p $(dir $@)
	@echo "  GUESTCC $<"
	@$(TARGET_CC) $(GUEST_CFLAGS) $(GUEST_EXTRA) $(GUEST_INCLUDES) -MMD -MP -c -o $@ $<

$(GUEST_BUILD)/%.o: %.S | $(INCLUDE_LINK)
	@mkdir -p $(dir $@)
	@echo "  GUESTAS $<"
	@$(TARGET_CC) -g $(ABI_INCLUDES) -MMD -MP -c -o $@ $<

# libpvk.a for guests; libnative.a, the same core beside another architecture folder, for bare hardware.
pvk_objects    = $(addprefix $(GUEST_BUILD)/,$(addsuffix .o,$(basename $(wildcard \
                   $(foreach folder,$(1),guest-pv-kernel/$(folder)/*.S guest-pv-kernel/$(folder)/*.c)))))
PVK_OBJECTS    := $(call pvk_objects,arch-pv core newlib xenbus drivers)
NATIVE_OBJECTS := $(call pvk_objects,arch-native core newlib)
PVK_LIBRARY    := $(GUEST_BUILD)/libpvk.a
# Mini-OS's names over it (include/mini-os): for images that name this as guest_image's fourth argument.
MINI_OS_LIBRARY := $(GUEST_BUILD)/libminios.a
MINI_OS_OBJECTS := $(call pvk_objects,mini-os)
NATIVE_LIBRARY := $(GUEST_BUILD)/libnative.a

$(PVK_LIBRARY): $(PVK_OBJECTS)
$(NATIVE_LIBRARY): $(NATIVE_OBJECTS)
$(MINI_OS_LIBRARY): $(MINI_OS_OBJECTS)
$(PVK_LIBRARY) $(NATIVE_LIBRARY) $(MINI_OS_LIBRARY):
	@echo "  AR      $@"
	@rm -f $@
	@ar rcs $@ $^

-include $(sort $(MINI_OS_OBJECTS:.o=.d) $(PVK_OBJECTS:.o=.d) $(NATIVE_OBJECTS:.o=.d))

# (1) image, (2) C sources, (3) extra compiler flags, (4) more archives, (5) the kernel's
# unless libpvk.a. Those are searched in a group, since newlib calls us and we call newlib.
define guest_image
$(1)_OBJECTS := $(patsubst %.c,$(GUEST_BUILD)/%.o,$(2))
$$($(1)_OBJECTS): GUEST_EXTRA := $(3)
$(1): $$($(1)_OBJECTS) $(or $(5),$(PVK_LIBRARY)) $(4) guest-pv-kernel/guest.lds guest-pv-kernel/symbols.awk \
    guest-pv-kernel/build.mk | $(NEWLIB)/lib/libc.a
	@mkdir -p $$(dir $$@)
	@echo "  GUESTLD $$@"
	@awk -f guest-pv-kernel/symbols.awk /dev/null > $$@.symbols.S
	@$$(call guest_link,$$@.first,$$@.symbols.S $$($(1)_OBJECTS),$(4) $(or $(5),$(PVK_LIBRARY)))
	@nm -n $$@.first | awk -f guest-pv-kernel/symbols.awk > $$@.symbols.S
	@$$(call guest_link,$$@,$$@.symbols.S $$($(1)_OBJECTS),$(4) $(or $(5),$(PVK_LIBRARY)))
	@rm -f $$@.first
-include $$($(1)_OBJECTS:.o=.d)
endef
guest_link = $(TARGET_CC) $(GUEST_LDFLAGS) -T guest-pv-kernel/guest.lds -o $(1) $(2) \
             -Wl,--start-group $(3) $(NEWLIB)/lib/libc.a $(GUEST_LIBGCC) -Wl,--end-group

include guest-pv-kernel/net/build.mk
include guest-pv-kernel/ext2/build.mk

# These speak TCP/IP; these have file systems on their disks.
NETWORK_APPS := web echo
EXT2_APPS    := files web
app_libraries = $(if $(filter $(1),$(NETWORK_APPS)),$(NETWORK_LIBRARY)) $(if $(filter $(1),$(EXT2_APPS)),$(EXT2_LIBRARY))

GUEST_APPS   := $(notdir $(patsubst %/,%,$(wildcard guest-pv-kernel/apps/*/)))
GUEST_IMAGES := $(patsubst %,$(GUEST_BUILD)/%.elf,$(GUEST_APPS))
$(foreach app,$(GUEST_APPS),$(eval $(call guest_image,$(GUEST_BUILD)/$(app).elf,$(wildcard guest-pv-kernel/apps/$(app)/*.c),,$(call app_libraries,$(app)))))

# The same object files of an application, linked for a machine without a hypervisor.
NATIVE_IMAGE := $(GUEST_BUILD)/hello-native.elf
$(eval $(call guest_image,$(NATIVE_IMAGE),$(wildcard guest-pv-kernel/apps/hello/*.c),,,$(NATIVE_LIBRARY)))

.PHONY: guests native-demo native-diff
native-diff: ## what paravirtualization changed: arch-native against arch-pv
	@diff -ruN guest-pv-kernel/arch-native guest-pv-kernel/arch-pv || test $$? -eq 1

native-demo: $(NATIVE_IMAGE) ## hello on bare hardware: QEMU without xenlike ("exit" ends it)
	@echo "hello in ring 0, no hypervisor under it; type lines, \"exit\" ends it"
	@$(QEMU) -accel tcg -cpu max -m 64 -nodefaults -display none -no-reboot -serial stdio \
	    -kernel $(NATIVE_IMAGE) -append "on bare hardware"

guests: $(GUEST_IMAGES) $(NATIVE_IMAGE) $(MINI_OS_LIBRARY) ## guest images (build/guest/<app>.elf)

include guest-pv-kernel/install.mk
