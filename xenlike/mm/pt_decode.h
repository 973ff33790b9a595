/* SPDX-License-Identifier: MIT */
/*
 * The instructions with which kernels write page-table entries: mov, xchg, cmpxchg, and, or, bts, btr, btc with a memory destination.
 * Pure: bytes and registers in, a value and registers out. Read next: pt_emulate.c.
 */
#pragma once

#include <public/xen.h>

#include "../lib/compiler.h"

enum pt_operation {
    PT_MOV,
    PT_XCHG,
    PT_CMPXCHG,
    PT_OR,
    PT_AND,
    PT_BTS,
    PT_BTR,
    PT_BTC,
};

struct pt_store_instruction {
    enum pt_operation operation;
    uint8_t bytes;   /* 1, 4 or 8 */
    uint8_t length;  /* of the instruction */
    uint8_t reg;     /* source register, 0 to 15 */
    bool high_byte;  /* ah, ch, dh, bh: reg is 0 to 3 */
    uint64_t source; /* its value, or the immediate */
};

struct pt_store_result {
    uint64_t stored;
    uint64_t loaded; /* xchg: into reg; cmpxchg: into rax when not equal */
    bool loads;
    uint64_t flags; /* new values of the status flags in flag_mask */
    uint64_t flag_mask;
};

/* False: not one of ours, or cut off. */
bool pt_decode_store(const uint8_t *bytes, size_t length, const struct cpu_user_regs *regs,
                     struct pt_store_instruction *instruction);
/* What it does to a destination that holds `old` (zero-extended from its size). */
void pt_decode_execute(const struct pt_store_instruction *instruction,
                       const struct cpu_user_regs *regs, uint64_t old,
                       struct pt_store_result *result);
/* Registers, flags and rip as after the instruction. */
void pt_decode_commit(const struct pt_store_instruction *instruction, struct cpu_user_regs *regs,
                      const struct pt_store_result *result);

/* The general register of that number (0 to 15) in instructions. */
uint64_t *pt_decode_register(struct cpu_user_regs *regs, unsigned int number);
