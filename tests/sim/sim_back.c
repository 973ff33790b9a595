/* SPDX-License-Identifier: MIT */
/* The back end's own handshakes; and its main, when the driver comes without one. */
#define SIM_END back
#include "tests/sim/sim_end.h"

#include "guest-pv-kernel/xenbus/device.c"

int back_main(void);
__attribute__((weak)) int back_main(void)
{
    (void)device_start();
    thread_sleep_until(THREAD_FOREVER);
    return 0;
}
