# SPDX-License-Identifier: MIT
# dom0's parts that are pure: drivers' wire formats, the channel's sessions, the shell's editor.
$(eval $(call unit_suite,dom0_p9,tests/unit/dom0_p9.c guest-pv-kernel/drivers/p9_wire.c guest-pv-kernel/drivers/p9_client.c))
$(eval $(call unit_suite,dom0_virtio_queue,tests/unit/dom0_virtio_queue.c guest-pv-kernel/drivers/virtio_queue.c))
$(eval $(call unit_suite,dom0_channel,tests/unit/dom0_channel.c dom0-tools/dom0/channel_sessions.c dom0-tools/host/channel.c))
$(eval $(call unit_suite,dom0_shell,tests/unit/dom0_shell.c dom0-tools/dom0/line_editor.c dom0-tools/dom0/command_line.c))
