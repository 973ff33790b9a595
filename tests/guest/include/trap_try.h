/* SPDX-License-Identifier: MIT */
/*
 * Runs a piece of code and says which exception ended it. The trap table is the test's own meanwhile.
 */
#ifndef TRAP_TRY_H
#define TRAP_TRY_H

#include <stdint.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include "outcome.h"

#define TRAP_NONE (-1L)

uint64_t trap_try_rsp, trap_try_error;

#define TRAP_TRY_STUB(n) "trap_try_" #n ": mov $" #n ", %eax\n\tjmp trap_try_caught\n"
__asm__(
    TRAP_TRY_STUB(0) TRAP_TRY_STUB(3) TRAP_TRY_STUB(6) TRAP_TRY_STUB(7) TRAP_TRY_STUB(128)
        TRAP_TRY_STUB(129) TRAP_TRY_STUB(130)
    /* rcx, r11, and then the error code that comes with these */
    "trap_try_13: mov 16(%rsp), %rcx\n\tmov %rcx, trap_try_error(%rip)\n\tmov $13, %eax\n\tjmp "
    "trap_try_caught\n"
    "trap_try_14: mov 16(%rsp), %rcx\n\tmov %rcx, trap_try_error(%rip)\n\tmov $14, %eax\n"
    "trap_try_caught: mov trap_try_rsp(%rip), %rsp\n\tjmp 1f\n"
    /* long trap_try_run(void (*code)(void *), void *argument) */
    "trap_try_run: push %rbx\n\tpush %rbp\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"
    "sub $8, %rsp\n\tmov %rsp, trap_try_rsp(%rip)\n\tmov %rdi, %rax\n\tmov %rsi, %rdi\n\tcall "
    "*%rax\n\t"
    "mov $-1, %rax\n1:\tadd $8, %rsp\n\tcltq\n\t"
    "pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbp\n\tpop %rbx\n\tret\n");

long trap_try_run(void (*code)(void *), void *argument);
extern char trap_try_0[], trap_try_3[], trap_try_6[], trap_try_7[], trap_try_13[], trap_try_14[],
    trap_try_128[], trap_try_129[], trap_try_130[];

/* The vector, or TRAP_NONE. */
static inline long trap_try(void (*code)(void *), void *argument)
{
    static const struct trap_info traps[] = {{0, 0, 0xe033, (unsigned long)trap_try_0},
                                             {3, 3, 0xe033, (unsigned long)trap_try_3},
                                             {6, 0, 0xe033, (unsigned long)trap_try_6},
                                             {7, 0, 0xe033, (unsigned long)trap_try_7},
                                             {13, 0, 0xe033, (unsigned long)trap_try_13},
                                             {14, 0, 0xe033, (unsigned long)trap_try_14},
                                             {128, 3, 0xe033, (unsigned long)trap_try_128},
                                             {129, 1, 0xe033, (unsigned long)trap_try_129},
                                             {130, 0, 0xe033, (unsigned long)trap_try_130},
                                             {0, 0, 0, 0}};

    OUTCOME_EXPECT_EQUAL(hypercall_set_trap_table(traps), 0);
    return trap_try_run(code, argument);
}

#endif
