/* SPDX-License-Identifier: MIT */
/*
 * From the loader's 32-bit hand-over to C in long mode.
 *
 * In: eax = MULTIBOOT_LOADED_MAGIC, ebx = physical address of struct multiboot_info, paging off.
 * Builds tables that map the first 4 GiB three times: at 0 (only to get across), in the direct map, and the
 * image at HV_TEXT_START. paging.c replaces them. Read next: start.c.
 */
#include "../mm/layout.h"
#include "multiboot.h"

#define PHYSICAL(symbol) ((symbol) - HV_TEXT_START)
/* Indices of an address in L4, L3 and L2, as byte offsets. */
#define L4_OFFSET(address) ((((address) >> 39) & 511) * 8)
#define L3_OFFSET(address) ((((address) >> 30) & 511) * 8)

#define TABLE_FLAGS 0x3   /* present, writable */
#define LARGE_FLAGS 0x83  /* present, writable, 2 MiB */

    .section .head, "ax"
    .code32
    .globl head_start
head_start:
    cli
    cld
    jmp head_loaded

    .balign 4
multiboot_header:
    .set flags, MULTIBOOT_PAGE_ALIGN | MULTIBOOT_WANT_MEMORY | MULTIBOOT_HAS_ADDRESSES
    .long MULTIBOOT_HEADER_MAGIC
    .long flags
    .long -(MULTIBOOT_HEADER_MAGIC + flags)
    .long PHYSICAL(multiboot_header)
    .long PHYSICAL(image_start)
    .long PHYSICAL(image_load_end)
    .long PHYSICAL(image_end)
    .long PHYSICAL(head_start)
    .long 1, 80, 25, 0 /* text, or what there is: read with a flag that the ISO's copy sets, since QEMU's loader complains of it */

head_loaded:
    /* The loader's two values stay in esi and ebp; eax, ecx, edi are needed. */
    mov %eax, %esi
    mov %ebx, %ebp
    mov $PHYSICAL(image_load_end), %edi
    mov $PHYSICAL(image_end), %ecx
    sub %edi, %ecx
    shr $2, %ecx
    xor %eax, %eax
    rep stosl

    /* Four L2 tables of 2 MiB pages: 0 to 4 GiB. */
    mov $PHYSICAL(boot_l2), %edi
    mov $LARGE_FLAGS, %eax
    mov $2048, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 1b

    mov $PHYSICAL(boot_l3), %edi
    mov $(PHYSICAL(boot_l2) + TABLE_FLAGS), %eax
    mov $4, %ecx
2:  mov %eax, (%edi)
    add $0x1000, %eax
    add $8, %edi
    loop 2b
    movl $(PHYSICAL(boot_l2) + TABLE_FLAGS), PHYSICAL(boot_l3_text) + L3_OFFSET(HV_TEXT_START)

    mov $(PHYSICAL(boot_l3) + TABLE_FLAGS), %eax
    mov %eax, PHYSICAL(boot_l4)
    mov %eax, PHYSICAL(boot_l4) + L4_OFFSET(DIRECT_MAP_START)
    movl $(PHYSICAL(boot_l3_text) + TABLE_FLAGS), PHYSICAL(boot_l4) + L4_OFFSET(HV_TEXT_START)

    mov %cr4, %eax
    or $0x20, %eax /* PAE */
    mov %eax, %cr4
    mov $PHYSICAL(boot_l4), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx /* EFER: SCE, LME, NXE */
    rdmsr
    or $0x901, %eax
    wrmsr
    mov $0x80010023, %eax /* CR0: PG, WP, NE, MP, PE */
    mov %eax, %cr0
    lgdt PHYSICAL(boot_gdt_pointer)
    ljmp $8, $PHYSICAL(head_long)

    .code64
head_long:
    movabs $head_high, %rax
    jmp *%rax
head_high:
    lea boot_stack_end(%rip), %rsp
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov %eax, %ss
    mov %esi, %edi /* magic */
    mov %ebp, %esi /* information */
    xor %ebp, %ebp
    call start
    ud2

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 8: 64-bit code */
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long PHYSICAL(boot_gdt)

    .bss
    .balign 4096
boot_l4:
    .skip 4096
boot_l3:
    .skip 4096
boot_l3_text:
    .skip 4096
boot_l2:
    .skip 4 * 4096
    .skip 8192
boot_stack_end:

    .section .note.GNU-stack, "", @progbits
