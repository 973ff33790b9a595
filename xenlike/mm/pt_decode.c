/* SPDX-License-Identifier: MIT */
/*
 * Decoding and executing the stores of pt_decode.h (Intel SDM 2A, 2.1 and appendix A).
 *
 * Invariant: DC1 nothing here reads memory. Locks: none. Read next: pt_emulate.c.
 */
#include "pt_decode.h"

#define FLAG_CARRY     0x001u
#define FLAG_PARITY    0x004u
#define FLAG_AUXILIARY 0x010u
#define FLAG_ZERO      0x040u
#define FLAG_SIGN      0x080u
#define FLAG_OVERFLOW  0x800u

/* Where an opcode's source operand comes from, and for groups: the operation is chosen by the reg field. */
enum source { SOURCE_REGISTER, SOURCE_IMMEDIATE, SOURCE_IMMEDIATE_8 };
#define ANY 8

struct opcode {
    uint16_t code; /* with 0x0f00 for the two-byte map */
    uint8_t field; /* reg field that it needs, or ANY */
    uint8_t is_byte;
    uint8_t source;
    uint8_t operation;
};

static const struct opcode opcodes[] = {
    {0x0088, ANY, 1, SOURCE_REGISTER, PT_MOV},     {0x0089, ANY, 0, SOURCE_REGISTER, PT_MOV},
    {0x00c6, 0, 1, SOURCE_IMMEDIATE_8, PT_MOV},    {0x00c7, 0, 0, SOURCE_IMMEDIATE, PT_MOV},
    {0x0086, ANY, 1, SOURCE_REGISTER, PT_XCHG},    {0x0087, ANY, 0, SOURCE_REGISTER, PT_XCHG},
    {0x0fb0, ANY, 1, SOURCE_REGISTER, PT_CMPXCHG}, {0x0fb1, ANY, 0, SOURCE_REGISTER, PT_CMPXCHG},
    {0x0008, ANY, 1, SOURCE_REGISTER, PT_OR},      {0x0009, ANY, 0, SOURCE_REGISTER, PT_OR},
    {0x0020, ANY, 1, SOURCE_REGISTER, PT_AND},     {0x0021, ANY, 0, SOURCE_REGISTER, PT_AND},
    {0x0080, 1, 1, SOURCE_IMMEDIATE_8, PT_OR},     {0x0080, 4, 1, SOURCE_IMMEDIATE_8, PT_AND},
    {0x0081, 1, 0, SOURCE_IMMEDIATE, PT_OR},       {0x0081, 4, 0, SOURCE_IMMEDIATE, PT_AND},
    {0x0083, 1, 0, SOURCE_IMMEDIATE_8, PT_OR},     {0x0083, 4, 0, SOURCE_IMMEDIATE_8, PT_AND},
    {0x0fab, ANY, 0, SOURCE_REGISTER, PT_BTS},     {0x0fb3, ANY, 0, SOURCE_REGISTER, PT_BTR},
    {0x0fbb, ANY, 0, SOURCE_REGISTER, PT_BTC},     {0x0fba, 5, 0, SOURCE_IMMEDIATE_8, PT_BTS},
    {0x0fba, 6, 0, SOURCE_IMMEDIATE_8, PT_BTR},    {0x0fba, 7, 0, SOURCE_IMMEDIATE_8, PT_BTC},
};

/* The registers in the numbering of instructions. */
static const uint8_t register_offset[16] = {
    offsetof(struct cpu_user_regs, rax), offsetof(struct cpu_user_regs, rcx),
    offsetof(struct cpu_user_regs, rdx), offsetof(struct cpu_user_regs, rbx),
    offsetof(struct cpu_user_regs, rsp), offsetof(struct cpu_user_regs, rbp),
    offsetof(struct cpu_user_regs, rsi), offsetof(struct cpu_user_regs, rdi),
    offsetof(struct cpu_user_regs, r8),  offsetof(struct cpu_user_regs, r9),
    offsetof(struct cpu_user_regs, r10), offsetof(struct cpu_user_regs, r11),
    offsetof(struct cpu_user_regs, r12), offsetof(struct cpu_user_regs, r13),
    offsetof(struct cpu_user_regs, r14), offsetof(struct cpu_user_regs, r15),
};

uint64_t *pt_decode_register(struct cpu_user_regs *regs, unsigned int number)
{
    return (uint64_t *)(void *)((char *)regs + register_offset[number & 15]);
}

static uint64_t register_value(const struct cpu_user_regs *regs, unsigned int number)
{
    return *(const uint64_t *)(const void *)((const char *)regs + register_offset[number]);
}

/* Bytes of displacement and SIB after a ModRM byte that names memory. */
static size_t address_bytes(uint8_t modrm, uint8_t sib)
{
    unsigned int mode = modrm >> 6;
    unsigned int rm = modrm & 7;
    size_t bytes = rm == 4 ? 1 : 0;

    if (mode == 1) {
        return bytes + 1;
    }
    if (mode == 2) {
        return bytes + 4;
    }
    return bytes + (rm == 5 || (rm == 4 && (sib & 7) == 5) ? 4 : 0);
}

static const struct opcode *find(uint16_t code, unsigned int field)
{
    for (size_t i = 0; i < ARRAY_SIZE(opcodes); i++) {
        if (opcodes[i].code == code && (opcodes[i].field == ANY || opcodes[i].field == field)) {
            return &opcodes[i];
        }
    }
    return NULL;
}

/* Segment overrides and lock change neither value nor length of what is stored. Operand-size and repeat prefixes are not ours. */
static size_t skip_prefixes(const uint8_t *bytes, size_t length, uint8_t *rex)
{
    size_t at = 0;

    while (at < length &&
           (bytes[at] == 0xf0 || bytes[at] == 0x2e || bytes[at] == 0x36 || bytes[at] == 0x3e ||
            bytes[at] == 0x26 || bytes[at] == 0x64 || bytes[at] == 0x65)) {
        at++;
    }
    *rex = 0;
    if (at < length && (bytes[at] & 0xf0) == 0x40) {
        *rex = bytes[at++];
    }
    return at;
}

static uint64_t immediate(const uint8_t *bytes, size_t count)
{
    uint32_t value = 0;

    if (count == 1) {
        return (uint64_t)(int64_t)(int8_t)bytes[0];
    }
    for (size_t i = count; i-- > 0;) {
        value = (value << 8) | bytes[i];
    }
    return (uint64_t)(int64_t)(int32_t)value;
}

static void set_register_source(struct pt_store_instruction *instruction, uint8_t rex,
                                uint8_t modrm, const struct cpu_user_regs *regs)
{
    uint8_t reg = (uint8_t)(((modrm >> 3) & 7) | ((rex & 4) << 1));

    instruction->high_byte = instruction->bytes == 1 && rex == 0 && reg >= 4;
    instruction->reg = instruction->high_byte ? (uint8_t)(reg - 4) : reg;
    instruction->source = register_value(regs, instruction->reg);
    if (instruction->high_byte) {
        instruction->source >>= 8;
    }
}

bool pt_decode_store(const uint8_t *bytes, size_t length, const struct cpu_user_regs *regs,
                     struct pt_store_instruction *instruction)
{
    uint8_t rex;
    size_t at = skip_prefixes(bytes, length, &rex);
    uint16_t code = 0;

    if (at + 1 < length && bytes[at] == 0x0f) {
        code = 0x0f00;
        at++;
    }
    if (at + 1 >= length) {
        return false;
    }
    code |= bytes[at];

    uint8_t modrm = bytes[at + 1];
    uint8_t sib = at + 2 < length ? bytes[at + 2] : 0;
    const struct opcode *opcode = find(code, (modrm >> 3) & 7);

    if (opcode == NULL || modrm >> 6 == 3) {
        return false;
    }
    *instruction = (struct pt_store_instruction){.operation = opcode->operation};
    instruction->bytes = opcode->is_byte != 0 ? 1 : (rex & 8) != 0 ? 8 : 4;
    at += 2 + address_bytes(modrm, sib);
    if (opcode->source == SOURCE_REGISTER) {
        set_register_source(instruction, rex, modrm, regs);
    } else {
        size_t count = opcode->source == SOURCE_IMMEDIATE ? 4 : 1;

        if (at + count > length) {
            return false;
        }
        instruction->source = immediate(bytes + at, count);
        at += count;
    }
    instruction->source &= mask_of_bytes(instruction->bytes);
    instruction->length = (uint8_t)at;
    return at <= length;
}

static uint64_t logic_flags(uint64_t value, unsigned int bytes)
{
    uint64_t flags = value == 0 ? FLAG_ZERO : 0;

    flags |= (value >> (bytes * 8 - 1)) != 0 ? FLAG_SIGN : 0;
    flags |= __builtin_parity((unsigned int)(value & 0xff)) == 0 ? FLAG_PARITY : 0;
    return flags;
}

static void compare_exchange(const struct pt_store_instruction *instruction, uint64_t accumulator,
                             uint64_t old, struct pt_store_result *result)
{
    unsigned int bytes = instruction->bytes;
    uint64_t mask = mask_of_bytes(bytes);
    uint64_t difference = (accumulator - old) & mask;
    uint64_t sign = UINT64_C(1) << (bytes * 8 - 1);

    result->flag_mask =
        FLAG_CARRY | FLAG_PARITY | FLAG_AUXILIARY | FLAG_ZERO | FLAG_SIGN | FLAG_OVERFLOW;
    result->flags = logic_flags(difference, bytes) | (accumulator < old ? FLAG_CARRY : 0) |
                    ((accumulator ^ old ^ difference) & FLAG_AUXILIARY);
    if (((accumulator ^ old) & (accumulator ^ difference) & sign) != 0) {
        result->flags |= FLAG_OVERFLOW;
    }
    result->loads = difference != 0;
    result->loaded = old;
    result->stored = difference == 0 ? instruction->source : old;
}

static void bit_operation(const struct pt_store_instruction *instruction, uint64_t old,
                          struct pt_store_result *result)
{
    uint64_t bit = UINT64_C(1) << (instruction->source % (instruction->bytes * 8u));

    result->flag_mask = FLAG_CARRY;
    result->flags = (old & bit) != 0 ? FLAG_CARRY : 0;
    if (instruction->operation == PT_BTC) {
        result->stored = old ^ bit;
    } else {
        result->stored = instruction->operation == PT_BTS ? old | bit : old & ~bit;
    }
}

void pt_decode_execute(const struct pt_store_instruction *instruction,
                       const struct cpu_user_regs *regs, uint64_t old,
                       struct pt_store_result *result)
{
    *result = (struct pt_store_result){.stored = instruction->source};
    switch (instruction->operation) {
    case PT_MOV:
        break;
    case PT_XCHG:
        result->loads = true;
        result->loaded = old;
        break;
    case PT_CMPXCHG:
        compare_exchange(instruction, regs->rax & mask_of_bytes(instruction->bytes), old, result);
        break;
    case PT_OR:
    case PT_AND:
        result->stored =
            instruction->operation == PT_OR ? old | instruction->source : old & instruction->source;
        result->flag_mask = FLAG_CARRY | FLAG_PARITY | FLAG_ZERO | FLAG_SIGN | FLAG_OVERFLOW;
        result->flags = logic_flags(result->stored, instruction->bytes);
        break;
    default:
        bit_operation(instruction, old, result);
        break;
    }
}

void pt_decode_commit(const struct pt_store_instruction *instruction, struct cpu_user_regs *regs,
                      const struct pt_store_result *result)
{
    if (result->loads) {
        uint64_t *target = instruction->operation == PT_CMPXCHG
                               ? &regs->rax
                               : pt_decode_register(regs, instruction->reg);

        if (instruction->bytes >= 4) {
            *target = result->loaded; /* 32 bits: the upper half becomes zero */
        } else if (instruction->high_byte && instruction->operation != PT_CMPXCHG) {
            *target = (*target & ~UINT64_C(0xff00)) | ((result->loaded & 0xff) << 8);
        } else {
            *target = (*target & ~UINT64_C(0xff)) | (result->loaded & 0xff);
        }
    }
    regs->rflags = (regs->rflags & ~result->flag_mask) | (result->flags & result->flag_mask);
    regs->rip += instruction->length;
}
