/* SPDX-License-Identifier: MIT */
/* The end of the machine's run: reset and power-off. */
#include "../boot/boot_info.h"
#include "machine.h"
#include "registers.h"

#define RESET_CONTROL   0xcf9 /* PIIX3 and its heirs */
#define RESET_HARD      0x06
#define KEYBOARD_STATUS 0x64
#define KEYBOARD_RESET  0xfe

#define PCI_ADDRESS     0xcf8
#define PCI_DATA        0xcfc
#define PM_DEVICE_PIIX4 0x71138086
#define PM_BASE         0x40 /* configuration register of the PIIX4 PM function */
#define PM_CONTROL      4
#define SLEEP_ENABLE    0x2000 /* SLP_EN, SLP_TYP 0: soft off on the PIIX4 */
#define Q35_PM_CONTROL  0x604

#define END_CODE_OK 0 /* isa-debug-exit ends QEMU with 2 * code + 1 */

void machine_stop(void)
{
    interrupts_disable();
    for (;;) {
        halt();
    }
}

void machine_reboot(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) no_table = {0, 0};

    port_out8(RESET_CONTROL, RESET_HARD & ~4);
    port_out8(RESET_CONTROL, RESET_HARD);
    port_out8(KEYBOARD_STATUS, KEYBOARD_RESET);
    /* An exception with no IDT resets any processor. */
    __asm__ volatile("lidt %0\n\tint3" : : "m"(no_table));
    machine_stop();
}

static uint32_t pci_config(uint32_t device, uint32_t reg)
{
    port_out32(PCI_ADDRESS,
               0x80000000 | device << 11 | 3u << 8 | reg); /* function 3 of the bridge */
    return port_in32(PCI_DATA);
}

void machine_power_off(void)
{
    if (boot_info.options.debug_exit_port != 0) {
        port_out8(boot_info.options.debug_exit_port, END_CODE_OK);
    }
    for (uint32_t device = 0; device < 32; device++) {
        if (pci_config(device, 0) == PM_DEVICE_PIIX4) {
            uint16_t base = (uint16_t)(pci_config(device, PM_BASE) & 0xffc0);
            if (base != 0) {
                port_out16((uint16_t)(base + PM_CONTROL), SLEEP_ENABLE);
            }
        }
    }
    port_out16(Q35_PM_CONTROL, SLEEP_ENABLE);
    machine_stop();
}
