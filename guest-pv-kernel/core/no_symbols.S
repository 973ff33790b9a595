/* SPDX-License-Identifier: MIT */
/*
 * The table of function names of an image that was linked once: empty. Images of this tree are linked
 * twice and bring their own (guest-pv-kernel/symbols.awk), which the linker takes first.
 */
    .section .symbols, "a"
    .balign 4
    .globl symbols_table, symbols_count, symbols_names
symbols_table:
    .long 0, 0
symbols_count:
    .long 0
symbols_names:
    .asciz ""
    .section .note.GNU-stack, "", @progbits
