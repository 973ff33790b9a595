# SPDX-License-Identifier: MIT
# Domains, events, grants, control and devices: the real code over the fake machine (tests/unit/comm_world.h).
COMM_WORLD := tests/unit/comm_world.c $(addprefix tests/fake/,fake_machine.c fake_memory.c fake_vcpu.c fake_weak.c) \
  $(filter-out xenlike/mm/page_table_grant.c,$(wildcard xenlike/mm/*.c)) $(wildcard xenlike/comm/*.c) \
  xenlike/lib/print.c xenlike/domain/domain.c xenlike/domain/domain_crash.c xenlike/domain/domain_devices.c $(addprefix xenlike/observe/,debugger.c debug_keys.c vcpu_report.c domctl_debug.c trace.c) \
  $(addprefix xenlike/hypercall/hc_,event_channel_op.c grant_table_op.c domctl.c domctl_vcpu.c domctl_resources.c \
    sysctl.c physdev_op.c platform_op.c) xenlike/hypercall/hypercall_page.c xenlike/hypercall/operation.c

$(eval $(call unit_suite,comm,$(addprefix tests/unit/comm_,events.c fifo.c grants.c grants_v2.c domain.c control.c devices.c debugger.c trace.c) $(COMM_WORLD),))
