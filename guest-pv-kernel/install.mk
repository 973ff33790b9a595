# SPDX-License-Identifier: MIT
# What others build guests with, outside this tree: headers, libraries, linker script, and pkg-config's
# files that say how. `make install` copies all of it below PREFIX:
#
#   include/xenlike/{public,pvk,mini-os}   xen -> public
#   lib/xenlike/guest                      libraries, guest.lds, libc's headers
#   lib/pkgconfig/xenlike-{public,guest}.pc

KIT_INCLUDE := $(DESTDIR)$(PREFIX)/include/xenlike
KIT_LIB     := $(DESTDIR)$(PREFIX)/lib/xenlike/guest
KIT_PC      := $(DESTDIR)$(PREFIX)/lib/pkgconfig
KIT_ARCHIVES = $(PVK_LIBRARY) $(NETWORK_LIBRARY) $(MINI_OS_LIBRARY) $(NEWLIB)/lib/libc.a $(NEWLIB)/lib/libm.a

# The warnings are the user's own choice, and so is the place of the sources.
KIT_CFLAGS = $(filter-out -std=% -g -O2 $(WARNINGS),$(GUEST_CFLAGS)) -nostdinc -I$${includedir} \
             -isystem $${libdir}/include-more -isystem $${libdir}/include -isystem $(GUEST_CC_HEADERS)
KIT_LIBS   = $(GUEST_LDFLAGS) -Wl,-T,$${libdir}/guest.lds -Wl,--start-group \
             $(patsubst lib%.a,$${libdir}/lib%.a,$(notdir $(KIT_ARCHIVES))) $(GUEST_LIBGCC) -Wl,--end-group

define KIT_PUBLIC_PC
prefix=$(PREFIX)
includedir=$${prefix}/include/xenlike

Name: xenlike-public
Description: Xen's guest ABI: <public/xen.h>, or <xen/xen.h>
Version: $(BUILD_ID)
Cflags: -I$${includedir}
endef

define KIT_GUEST_PC
prefix=$(PREFIX)
includedir=$${prefix}/include/xenlike
libdir=$${prefix}/lib/xenlike/guest

Name: xenlike-guest
Description: The library kernel of paravirtual guests, with libc and TCP/IP: <pvk/xenbus.h> and others
Version: $(BUILD_ID)
Cflags: $(strip $(KIT_CFLAGS))
Libs: $(strip $(KIT_LIBS))
endef
export KIT_PUBLIC_PC KIT_GUEST_PC

.PHONY: install-kit
install: install-kit
install-kit: guests ## the part of `install` that guests are built with: headers, libraries, pkg-config
	@install -d $(KIT_INCLUDE) $(KIT_LIB)/include $(KIT_LIB)/include-more $(KIT_PC)
	@cp -R include/public guest-pv-kernel/include/pvk guest-pv-kernel/include/mini-os $(KIT_INCLUDE)/
	@ln -sfn public $(KIT_INCLUDE)/xen
	@cp -R $(NEWLIB)/include/. $(KIT_LIB)/include/
	@cp -R guest-pv-kernel/include/libc/. $(KIT_LIB)/include-more/
	@install -m 644 $(KIT_ARCHIVES) guest-pv-kernel/guest.lds $(KIT_LIB)/
	@printf '%s\n' "$$KIT_PUBLIC_PC" > $(KIT_PC)/xenlike-public.pc
	@printf '%s\n' "$$KIT_GUEST_PC" > $(KIT_PC)/xenlike-guest.pc
