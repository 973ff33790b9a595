# SPDX-License-Identifier: MIT
$(eval $(call unit_suite,blk_xenbus_device,tests/unit/blk_xenbus_device.c \
  guest-pv-kernel/xenbus/xenbus_device.c,))
