/* SPDX-License-Identifier: MIT */
/*
 * From the loader's data to the first guest instruction.
 *
 * Order: boot information, address space and heap, this CPU's own pages, processor, clock, dom0, schedule.
 * Read next: paging.c, cpu/percpu.c, domain/build_dom0.c.
 */
#include "../cpu/apic.h"
#include "../cpu/clock.h"
#include "../cpu/descriptors.h"
#include "../cpu/fpu.h"
#include "../cpu/irq.h"
#include "../cpu/machine.h"
#include "../cpu/percpu.h"
#include "../cpu/registers.h"
#include "../cpu/screen.h"
#include "../cpu/switch.h"
#include "../cpu/uart.h"
#include "../domain/build_dom0.h"
#include "../domain/schedule.h"
#include "../lib/check.h"
#include "../lib/print.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "boot_info.h"
#include "multiboot.h"
#include "paging.h"

#define MODULE_TEXT_SIZE 4096

NORETURN void start(uint32_t magic, uint32_t information);

static char module_text[MODULE_TEXT_SIZE];
static size_t module_text_used;

/* head.S's tables and paging.c's both map it. */
static const void *physical(uint32_t address)
{
    return machine_ram(MADDR(address));
}

/* QEMU gives "file arguments", GRUB the arguments alone or with a name that begins with a slash or a bracket. */
static const char *without_file_name(const char *text)
{
    const char *blank = strchr(text, ' ');

    while (*text == ' ') {
        text++;
    }
    if (blank == NULL) {
        return strchr(text, '=') != NULL ? text : text + strlen(text);
    }
    if (strchr(text, '=') != NULL && strchr(text, '=') < blank) {
        return text;
    }
    return blank + 1;
}

static void take_modules(const struct multiboot_info *info)
{
    const struct multiboot_module *modules = physical(info->modules);

    for (uint32_t i = 0; i < info->nr_modules && i < BOOT_MAX_MODULES; i++) {
        struct boot_module *module = &boot_info.modules[boot_info.nr_modules++];
        char *text = module_text + module_text_used;

        module->start = MADDR(modules[i].start);
        module->size = modules[i].end - modules[i].start;
        print_to_buffer(text, sizeof(module_text) - module_text_used, "%s",
                        without_file_name(physical(modules[i].command_line)));
        module->command_line = text;
        module_text_used += strlen(text) + 1;
        if (module_text_used >= sizeof(module_text)) {
            break;
        }
    }
}

static void take_ranges(const struct multiboot_info *info)
{
    uint32_t offset = 0;

    while (offset < info->memory_map_size && boot_info.nr_ranges < BOOT_MAX_RANGES) {
        const struct multiboot_range *range = physical(info->memory_map + offset);

        boot_info.ranges[boot_info.nr_ranges++] =
            (struct boot_range){range->start, range->length, range->type};
        offset += range->size + 4;
    }
}

static void take_boot_info(const struct multiboot_info *info)
{
    if ((info->flags & MULTIBOOT_INFO_COMMAND_LINE) != 0) {
        print_to_buffer(boot_info.command_line, sizeof(boot_info.command_line), "%s",
                        without_file_name(physical(info->command_line)));
    }
    boot_info_parse_options();
    if (boot_info.options.console_uart) {
        uart_init();
    }
    if (boot_info.options.console_vga) {
        bool is_picture = (info->flags & MULTIBOOT_INFO_FRAMEBUFFER) != 0 &&
                          info->framebuffer_type == MULTIBOOT_FRAMEBUFFER_RGB;

        screen_init(&(struct screen_pixels){is_picture ? info->framebuffer : 0, info->pitch,
                                            info->width, info->height, info->bits_per_pixel});
    }
    if ((info->flags & MULTIBOOT_INFO_MEMORY_MAP) == 0) {
        panic("the boot loader gave no memory map");
    }
    take_ranges(info);
    if ((info->flags & MULTIBOOT_INFO_MODULES) != 0) {
        take_modules(info);
    }
}

/* What the code takes for granted of a processor. */
static void processor_init(void)
{
    uint32_t basic[4], extended[4];
    uint64_t cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE | CR4_FSGSBASE;

    machine_cpuid(1, 0, basic);
    machine_cpuid(7, 0, extended);
    if ((basic[2] & 1u << 26) == 0 || (extended[1] & 1u) == 0) {
        panic("this processor lacks XSAVE or FSGSBASE");
    }
    if ((extended[1] & 1u << 7) != 0) {
        cr4 |= CR4_SMEP;
    }
    write_cr4(cr4);
    cpu_local()->cr4 = cr4;
    /* The layout of Xen's PAT, which guests are shown: WB, WT, UC-, UC, WC, WP, UC, UC. */
    write_msr(MSR_PAT, 0x050100070406);
    /* Intel's from this age on have the first register; where it says so, cpuid faults outside ring 0 (CI1). */
    machine_cpuid(0, 0, basic);
    if (basic[1] == 0x756e6547 && (read_msr(MSR_PLATFORM) & UINT64_C(1) << 31) != 0) {
        write_msr(MSR_FEATURES, 1);
    }
    fpu_init_cpu();
}

static void start_on_own_stack(void)
{
    processor_init();
    paging_open_heap();
    screen_open_pixels();
    switch_init_cpu();
    descriptors_init_cpu();
    apic_disable_pic();
    apic_init_cpu();
    cpu_local()->apic_id = irq_lapic_id();
    clock_init();
    uart_enable_interrupt();
    print("xenlike: %lu MiB of RAM free, %u modules, started in %lu us\n",
          (unsigned long)(frame_alloc_nr_free() >> (20 - PAGE_SHIFT)), boot_info.nr_modules,
          (unsigned long)(machine_ticks() * 1000 / machine_tick_frequency_khz()));
    build_dom0(&boot_info, boot_info.options.dom0_restart ? 0 : -1);
    schedule();
}

void start(uint32_t magic, uint32_t information)
{
    if (magic != MULTIBOOT_LOADED_MAGIC) {
        panic("not started by a Multiboot loader");
    }
    take_boot_info(physical(information));
    print("xenlike, a thin paravirtualization hypervisor\n");
    paging_init();
    percpu_create(0);
    percpu_enter(0, start_on_own_stack);
}
