# SPDX-License-Identifier: MIT
$(eval $(call unit_suite,blk_xenbus_device,tests/unit/blk_xenbus_device.c \
  guest-pv-kernel/xenbus/xenbus_device.c,))
$(eval $(call unit_suite,blk_request,tests/unit/blk_request.c dom0-tools/backends/block_request.c \
  dom0-tools/libpv/vbd.c tests/unit/blk_no_store.c,))
$(eval $(call unit_suite,blk_back,tests/unit/blk_back.c $(addprefix dom0-tools/backends/,\
  block_device.c block_fault.c block_grants.c block_request.c),))
$(eval $(call unit_suite,blk_front,tests/unit/blk_front.c guest-pv-kernel/drivers/blkfront.c,\
  -Iguest-pv-kernel/include))
$(eval $(call unit_suite,blk_ring,tests/unit/blk_ring.c,))
$(eval $(call unit_suite,blk_ring_macros,tests/unit/blk_ring_macros.c,))
$(eval $(call unit_suite,blk_handshake,tests/unit/blk_handshake.c \
  dom0-tools/backends/block_handshake.c guest-pv-kernel/xenbus/xenbus_device.c,))
