# SPDX-License-Identifier: MIT
# File systems of the ext2 family for guests. Images that use them name $(EXT2_LIBRARY) as guest_image's
# fourth argument. libext2fs comes from Debian's source package e2fsprogs (build-library.sh).
EXT2         := $(BUILD)/ext2fs
EXT2_LIBRARY := $(GUEST_BUILD)/libext2.a
EXT2_SOURCES := $(wildcard guest-pv-kernel/ext2/*.c)
EXT2_OBJECTS := $(EXT2_SOURCES:%.c=$(GUEST_BUILD)/%.o)

$(EXT2)/libext2fs.o: guest-pv-kernel/ext2/build-library.sh $(wildcard guest-pv-kernel/ext2/port/*.h \
                     guest-pv-kernel/ext2/port/*/*.h) | $(INCLUDE_LINK) $(NEWLIB)/lib/libc.a
	@echo "  EXT2FS  $@ (half a minute, once)"
	@XENLIKE_CACHE=$(XENLIKE_CACHE) guest-pv-kernel/ext2/build-library.sh $(EXT2) "$(TARGET_CC)" \
	    "$(filter-out -W%,$(GUEST_CFLAGS)) $(GUEST_INCLUDES)" "$(HOST_CC)"

$(EXT2_OBJECTS): GUEST_EXTRA := -isystem $(EXT2)/include
$(EXT2_OBJECTS): $(EXT2)/libext2fs.o

$(EXT2_LIBRARY): $(EXT2_OBJECTS) $(EXT2)/libext2fs.o
	@echo "  AR      $@"
	@rm -f $@
	@ar rcs $@ $^

-include $(EXT2_OBJECTS:.o=.d)
