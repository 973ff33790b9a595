# SPDX-License-Identifier: MIT
# The paravirtual CPU, the scheduler, timers and the ELF reader over the fake machine.
PV_FAKE  := tests/unit/pv_support.c $(addprefix tests/fake/,fake_machine.c fake_memory.c fake_vcpu.c \
            fake_domain.c fake_weak.c)
PV_MM    := $(wildcard xenlike/mm/*.c)
PV_CORE  := $(wildcard xenlike/domain/pv_*.c) $(addprefix xenlike/domain/,schedule.c \
            timer.c guest_time.c)  xenlike/observe/debugger.c xenlike/lib/heap.c
PV_CALLS := $(addprefix xenlike/hypercall/,hypercall.c hc_multicall.c hc_iret.c hc_set_trap_table.c \
            hc_xen_version.c hc_set_segment_base.c hc_sched_op.c operation.c)
$(eval $(call unit_suite,pv_frames,tests/unit/pv_frames.c $(PV_FAKE) $(PV_MM) $(PV_CORE)))
$(eval $(call unit_suite,pv_emulate,tests/unit/pv_emulate.c $(PV_FAKE) $(PV_MM) $(PV_CORE)))
$(eval $(call unit_suite,pv_schedule,tests/unit/pv_schedule.c $(PV_FAKE) $(PV_MM) $(PV_CORE)))
$(eval $(call unit_suite,pv_hypercalls,tests/unit/pv_hypercalls.c tests/unit/pv_table.c $(PV_FAKE) $(PV_MM) \
  $(PV_CORE) $(PV_CALLS)))
$(eval $(call unit_suite,pv_elf,tests/unit/pv_elf.c xenlike/domain/elf_image.c xenlike/domain/dom0_layout.c))
