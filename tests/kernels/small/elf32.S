/* SPDX-License-Identifier: MIT */
/* A 32-bit kernel, to be refused with a word about what it is. */
    .globl _start
_start:
    jmp _start
    .section .note.Xen, "a", @note
    .long 4, 8, 6
    .asciz "Xen"
    .asciz "generic"
    .section .note.GNU-stack, "", @progbits
