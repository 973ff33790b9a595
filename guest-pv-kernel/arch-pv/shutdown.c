/* SPDX-License-Identifier: MIT */
/*
 * SCHEDOP_shutdown, after the console has taken what was said.
 */
#include <public/xen.h>
#include <public/sched.h>
#include <pvk/console.h>
#include <pvk/hypercall.h>
#include <pvk/shutdown.h>
#include "../core/core.h"

static _Noreturn void shut_down(unsigned int reason)
{
    struct sched_shutdown shutdown = {.reason = reason};

    console_flush();
    for (;;) {
        (void)hypercall_sched_op(SCHEDOP_shutdown, &shutdown);
    }
}

void shutdown_poweroff(int status)
{
    core_report_exit(status);
    shut_down(SHUTDOWN_poweroff);
}

void shutdown_reboot(void)
{
    shut_down(SHUTDOWN_reboot);
}

void shutdown_crash(void)
{
    shut_down(SHUTDOWN_crash);
}
