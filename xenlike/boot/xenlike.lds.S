/* SPDX-License-Identifier: MIT */
/* Linked at HV_TEXT_START + 1 MiB, loaded at 1 MiB: an address minus HV_TEXT_START is where it is in RAM. */
#include "../mm/layout.h"

OUTPUT_FORMAT("elf64-x86-64")
ENTRY(head_start)

SECTIONS
{
    . = HV_TEXT_START + 0x100000;
    image_start = .;
    .text : AT(ADDR(.text) - HV_TEXT_START) {
        KEEP(*(.head))
        *(.text .text.*)
        . = ALIGN(4096);
    }
    image_text_end = .;
    .rodata : AT(ADDR(.rodata) - HV_TEXT_START) {
        *(.rodata .rodata.*)
        . = ALIGN(8);
        exception_table_start = .;
        *(.ex_table)
        exception_table_end = .;
        *(.got .got.*)
        *(.symbols)
        . = ALIGN(4096);
    }
    image_rodata_end = .;
    .data : AT(ADDR(.data) - HV_TEXT_START) {
        *(.data.rel.ro .data.rel.ro.*)
        *(.data .data.*)
        . = ALIGN(16);
    }
    image_load_end = .;
    .bss : AT(ADDR(.bss) - HV_TEXT_START) {
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
    }
    image_end = .;
    /DISCARD/ : {
        *(.note .note.* .comment .eh_frame .eh_frame.*)
    }
}
