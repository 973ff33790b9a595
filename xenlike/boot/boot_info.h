/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader said: RAM, modules, command line. Filled once in start.c, constant after that.
 * Owns: struct boot_info. Read next: start.c, paging.c.
 */
#pragma once

#include "../mm/addr.h"

#define BOOT_MAX_RANGES   64
#define BOOT_MAX_MODULES  8
#define BOOT_COMMAND_LINE 1024

/* A type of the BIOS memory map (ACPI 15.1). */
#define BOOT_RANGE_RAM 1

struct boot_range {
    uint64_t start; /* machine address */
    uint64_t size;  /* bytes */
    uint32_t type;  /* BOOT_RANGE_*, or another of the BIOS's numbers */
};

struct boot_module {
    maddr_t start;            /* page aligned; kept for as long as the machine runs */
    uint64_t size;            /* bytes */
    const char *command_line; /* arguments, without the loader's file name */
};

struct boot_options {
    uint64_t dom0_memory_bytes; /* dom0_mem=; 0: the builder's default */
    bool console_uart;  /* console=com1: the log and the console go to the first UART, too */
    bool console_vga;   /* console=vga: and to the text screen */
    bool dom0_restart;  /* dom0-restart: a dom0 that crashes is built again */
    bool stop_at_panic; /* noreboot: halt instead of a reset */
    uint16_t
        debug_exit_port; /* debug-exit[=port]: write an end code here (QEMU's isa-debug-exit); 0: none */
};

struct boot_info {
    uint32_t
        nr_ranges; /* the machine's map as the firmware gave it, for XENMEM_machine_memory_map */
    struct boot_range ranges[BOOT_MAX_RANGES];
    uint32_t nr_modules;
    struct boot_module modules[BOOT_MAX_MODULES];
    char command_line[BOOT_COMMAND_LINE];
    struct boot_options options;
};

extern struct boot_info boot_info;

/* True, and the text after "name=" (up to a blank) in value; "" for a bare word. False: not on the command line. */
bool boot_info_option(const char *name, char *value, size_t size);
/* Sets boot_info.options from boot_info.command_line. */
void boot_info_parse_options(void);
