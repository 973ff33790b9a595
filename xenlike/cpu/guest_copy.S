/* SPDX-License-Identifier: MIT */
/*
 * Copies to and from the running guest's memory. A fault goes on at the fix-up, which returns what is missing.
 * size_t machine_copy_from_guest(void *destination, gva_t source, size_t size): rdi, rsi, rdx; result rax.
 * size_t machine_copy_to_guest(gva_t destination, const void *source, size_t size): the same code, other way round.
 * size_t machine_clear_guest(gva_t destination, size_t size): rdi, rsi.
 */
.macro FIXUP instruction, continuation
    .pushsection .ex_table, "a"
    .long \instruction - .
    .long \continuation - .
    .popsection
.endm

    .text
    .balign 16
    .globl machine_copy_from_guest, machine_copy_to_guest
machine_copy_from_guest:
machine_copy_to_guest:
    mov %rdx, %rcx
    shr $3, %rcx
    and $7, %edx
copy_words:
    rep movsq
    mov %edx, %ecx
copy_bytes:
    rep movsb
    xor %eax, %eax
    ret
copy_words_fault:
    lea (%rdx, %rcx, 8), %rax
    ret
copy_bytes_fault:
    mov %rcx, %rax
    ret
    FIXUP copy_words, copy_words_fault
    FIXUP copy_bytes, copy_bytes_fault

    /* size_t machine_copy_words_from_guest(void *destination, gva_t source, size_t words), and to: as above; rax: words not copied. */
    .globl machine_copy_words_from_guest, machine_copy_words_to_guest
machine_copy_words_from_guest:
machine_copy_words_to_guest:
    mov %rdx, %rcx
copy_only_words:
    rep movsq
copy_only_words_end:
    mov %rcx, %rax
    ret
    FIXUP copy_only_words, copy_only_words_end

    .globl machine_clear_guest
machine_clear_guest:
    mov %rsi, %rcx
    mov %esi, %edx
    xor %eax, %eax
    shr $3, %rcx
    and $7, %edx
clear_words:
    rep stosq
    mov %edx, %ecx
clear_bytes:
    rep stosb
    ret
    FIXUP clear_words, copy_words_fault
    FIXUP clear_bytes, copy_bytes_fault

    /* bool machine_read_guest_u32(uint32_t *value, gva_t source): rdi, rsi. */
    .globl machine_read_guest_u32
machine_read_guest_u32:
read_word:
    mov (%rsi), %ecx
    mov %ecx, (%rdi)
    mov $1, %eax
    ret
read_word_fault:
    xor %eax, %eax
    ret
    FIXUP read_word, read_word_fault

    .section .note.GNU-stack, "", @progbits
