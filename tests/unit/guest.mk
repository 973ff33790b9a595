# SPDX-License-Identifier: MIT
$(eval $(call unit_suite,guest_page_allocator,tests/unit/guest_page_allocator.c \
  guest-pv-kernel/core/page_allocator.c,))
$(eval $(call unit_suite,guest_cpio,tests/unit/guest_cpio.c guest-pv-kernel/core/cpio.c,))
$(eval $(call unit_suite,guest_wire,tests/unit/guest_wire.c guest-pv-kernel/xenbus/wire.c,))
$(eval $(call unit_suite,guest_ring,tests/unit/guest_ring.c,))
GUEST_UNIT_INCLUDES := -Iguest-pv-kernel/include
$(eval $(call unit_suite,guest_console,tests/unit/guest_console.c guest-pv-kernel/core/console.c,$(GUEST_UNIT_INCLUDES)))
$(eval $(call unit_suite,guest_paths,tests/unit/guest_paths.c guest-pv-kernel/core/file_mount.c,$(GUEST_UNIT_INCLUDES)))
