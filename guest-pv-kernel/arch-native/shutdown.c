/* SPDX-License-Identifier: MIT */
/*
 * The end of a machine: QEMU's exit device when there is one (its status is 2 * status + 1), else
 * the power button of QEMU's chipset, else a halt. Beside it: ../arch-pv/shutdown.c
 */
#include <pvk/console.h>
#include <pvk/shutdown.h>
#include "ports.h"

#define EXIT_DEVICE    0xf4u
#define POWER_CONTROL  0x604u
#define POWER_OFF      0x2000u
#define RESET_PORT     0x64u
#define RESET_LINE     0xfeu
#define STATUS_CRASHED 127

static _Noreturn void halt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

void shutdown_poweroff(int status)
{
    console_flush();
    port_write(EXIT_DEVICE, (uint8_t)status);
    port_write16(POWER_CONTROL, POWER_OFF);
    halt();
}

void shutdown_reboot(void)
{
    console_flush();
    port_write(RESET_PORT, RESET_LINE);
    halt();
}

void shutdown_crash(void)
{
    shutdown_poweroff(STATUS_CRASHED);
}
