# SPDX-License-Identifier: MIT
# The network: bridge, checksums, and both ends of the rings against each other and against liars.
NET_BACK := tests/unit/net_grants.c $(addprefix dom0-tools/backends/,net_ring.c net_ring_rx.c net_fault.c net_bridge.c net_checksum.c)
$(eval $(call unit_suite,net_bridge,tests/unit/net_bridge.c $(addprefix dom0-tools/backends/,net_bridge.c net_checksum.c),))
$(eval $(call unit_suite,net_back,tests/unit/net_back.c $(NET_BACK),-Iguest-pv-kernel/include))
$(eval $(call unit_suite,net_front,tests/unit/net_front.c guest-pv-kernel/drivers/netfront_rings.c $(NET_BACK),-Iguest-pv-kernel/include))
