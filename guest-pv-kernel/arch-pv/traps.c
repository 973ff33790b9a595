/* SPDX-License-Identifier: MIT */
/*
 * Traps: every exception is a bug of ours, so each prints what it knows and ends the domain. The
 * event upcall is the one entry that returns.
 * Guest ABI: set_trap_table, set_callbacks; cr2 is in vcpu_info, the control register is not ours.
 * Read next: event.c, ../core/trap_report.c
 */
#include <stddef.h>
#include <public/xen.h>
#include <pvk/event.h>
#include <pvk/hypercall.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>
#include "../core/trap_report.h"
#include "traps.h"

void trap_handle(struct trap_frame *frame);

void trap_event_callback(void);
void trap_failsafe_callback(void);

#define TRAP_INT3_DPL  3
#define TRAP_MASK_FLAG 4 /* mask events on entry, so that a report is not interleaved */

#define TRAP_TABLE(vector, entry, name) \
    {vector, (vector) == 3 ? TRAP_INT3_DPL : TRAP_MASK_FLAG, FLAT_KERNEL_CS, (unsigned long)entry},

void traps_init(void)
{
    static const struct trap_info table[] = {TRAP_ENTRIES(TRAP_TABLE){0, 0, 0, 0}};

    if (hypercall_set_trap_table(table) != 0) {
        panic("the hypervisor refuses our trap table");
    }
    if (hypercall_set_callbacks((unsigned long)trap_event_callback,
                                (unsigned long)trap_failsafe_callback, 0) != 0) {
        panic("the hypervisor refuses our event callback");
    }
}

void trap_handle(struct trap_frame *frame)
{
    if (frame->vector == TRAP_VECTOR_EVENT) {
        event_dispatch();
        return;
    }
    trap_report(frame, start_shared_info()->vcpu_info[0].arch.cr2,
                frame->vector == TRAP_VECTOR_FAILSAFE ? "failsafe callback" : NULL);
}
