# SPDX-License-Identifier: MIT
$(eval $(call unit_suite,host_channel,tests/unit/host_channel.c dom0-tools/host/channel.c))
$(eval $(call unit_suite,host_punch,tests/unit/host_punch.c dom0-tools/host/punch.c,))
