/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions of a guest: a table of opcodes, no general emulator.
 *
 * Owns: nothing. Invariant: EM1 the instruction's bytes are fetched once, and everything is decoded from that copy; EM2 what is not
 * in the table, or not allowed in the guest's mode, is the guest's own #GP.
 * Locks: none; the running vCPU. Guest ABI: docs/abi/privileged.md. Read next: pv_registers.c, pv_io.c.
 */
#include "../lib/string.h"
#include "../mm/guest_access.h"
#include "../mm/pt_decode.h"
#include "pv_internal.h"

struct instruction {
    uint8_t bytes[GUEST_FETCH_SIZE];
    size_t available; /* bytes fetched */
    size_t length;    /* decoded so far; at the end the whole */
    uint8_t opcode;
    uint8_t modrm;
    uint8_t rex;
    bool operand_16, address_32, repeat;
};

/* True: carried out, rip moves on by i->length. */
typedef bool instruction_handler(struct vcpu *v, struct instruction *i);

static bool next_byte(struct instruction *i, uint8_t *byte)
{
    if (i->length >= i->available) {
        return false;
    }
    *byte = i->bytes[i->length++];
    return true;
}

/* Prefixes, REX, opcode. False: ends too early, or has a prefix these instructions must not have. */
static bool decode(struct instruction *i)
{
    uint8_t byte;

    while (next_byte(i, &byte)) {
        switch (byte) {
        case 0x66:
            i->operand_16 = true;
            break;
        case 0x67:
            i->address_32 = true;
            break;
        case 0xf2:
        case 0xf3:
            i->repeat = true;
            break;
        case 0x26: /* segment overrides mean nothing in 64-bit mode, but for fs and gs */
        case 0x2e:
        case 0x36:
        case 0x3e:
            break;
        case 0x40 ... 0x4f:
            i->rex = byte;
            return next_byte(i, &i->opcode);
        default:
            i->opcode = byte;
            return byte != 0xf0 && byte != 0x64 && byte != 0x65;
        }
    }
    return false;
}

/* 32-bit results clear the high half of their registers. */
static void store_halves(struct vcpu *v, uint64_t value)
{
    v->regs.rax = (uint32_t)value;
    v->regs.rdx = value >> 32;
}

/* --- Ports --------------------------------------------------------------------------------------------- */

static uint32_t port_size(const struct instruction *i)
{
    if ((i->opcode & 1) == 0) {
        return 1;
    }
    return i->operand_16 ? 2 : 4;
}

/* e4-e7: port in the instruction; ec-ef: in dx. Bit 1 of the opcode: out. */
static bool in_out(struct vcpu *v, struct instruction *i)
{
    struct cpu_user_regs *regs = &v->regs;
    uint32_t bytes = port_size(i), value;
    uint16_t port = (uint16_t)regs->rdx;

    if ((i->opcode & 8) == 0) {
        uint8_t immediate;

        if (!next_byte(i, &immediate)) {
            return false;
        }
        port = immediate;
    }
    if ((i->opcode & 2) != 0) {
        return pv_port_out(v, port, bytes, (uint32_t)(regs->rax & mask_of_bytes(bytes)));
    }
    if (!pv_port_in(v, port, bytes, &value)) {
        return false;
    }
    regs->rax = (bytes == 4 ? 0 : regs->rax & ~mask_of_bytes(bytes)) | value;
    return true;
}

/* 6c, 6d: ins; 6e, 6f: outs. One element; with a repeat prefix the instruction is executed again until rcx is 0. */
static bool string_in_out(struct vcpu *v, struct instruction *i)
{
    struct cpu_user_regs *regs = &v->regs;
    bool out = (i->opcode & 2) != 0;
    uint32_t bytes = port_size(i), value = 0;
    uint64_t *index = out ? &regs->rsi : &regs->rdi;
    gva_t memory = GVA(i->address_32 ? (uint32_t)*index : *index);
    uint64_t step = (regs->rflags & (1 << 10)) != 0 ? -(uint64_t)bytes : bytes;

    if (i->repeat && regs->rcx == 0) {
        return true;
    }
    if (out ? guest_access_read(&value, memory, bytes) != 0 ||
                  !pv_port_out(v, (uint16_t)regs->rdx, bytes, value)
            : !pv_port_in(v, (uint16_t)regs->rdx, bytes, &value) ||
                  guest_access_write(memory, &value, bytes) != 0) {
        return false;
    }
    *index += step;
    if (i->repeat && --regs->rcx != 0) {
        i->length = 0;
    }
    return true;
}

/* cli and sti touch nothing: events are masked in vcpu_info (abi T25). */
static bool interrupt_flag(struct vcpu *v, struct instruction *i)
{
    return pv_io_privileged(v);
}

/* --- Registers --------------------------------------------------------------------------------------------- */

/* 0f 20 to 0f 23: mov between a general register and a control (even) or debug register; bit 1: to it. */
static bool mov_special(struct vcpu *v, struct instruction *i)
{
    if (!next_byte(i, &i->modrm)) {
        return false;
    }
    /* The mode field is ignored by the processor: always a register. */
    uint32_t special = (i->modrm >> 3 & 7) | ((i->rex & 4) != 0 ? 8 : 0);
    uint64_t *general = pt_decode_register(&v->regs, (i->modrm & 7) | ((i->rex & 1) != 0 ? 8 : 0));
    if ((i->opcode & 1) == 0) {
        return (i->opcode & 2) != 0 ? pv_write_control(v, special, *general)
                                    : pv_read_control(v, special, general);
    }
    return (i->opcode & 2) != 0 ? pv_set_debug_register(v, special, *general) == 0
                                : pv_get_debug_register(v, special, general);
}

static bool clear_task_switched(struct vcpu *v, struct instruction *i)
{
    pv_set_task_switched(v, false);
    return true;
}

/* wbinvd: guests map no uncached RAM, so their caches are coherent without it. */
static bool nothing(struct vcpu *v, struct instruction *i)
{
    return true;
}

static bool read_msr(struct vcpu *v, struct instruction *i)
{
    uint64_t value;

    if (!pv_read_msr(v, (uint32_t)v->regs.rcx, &value)) {
        return false;
    }
    store_halves(v, value);
    return true;
}

static bool write_msr(struct vcpu *v, struct instruction *i)
{
    return pv_write_msr(v, (uint32_t)v->regs.rcx, v->regs.rdx << 32 | (uint32_t)v->regs.rax);
}

/* Raises #GP only with CR4.TSD, which a guest kernel sets against its user mode. */
static bool read_ticks(struct vcpu *v, struct instruction *i)
{
    store_halves(v, machine_ticks());
    return true;
}

static bool emulate_cpuid(struct vcpu *v, struct instruction *i)
{
    uint32_t out[4];

    pv_cpuid(v, (uint32_t)v->regs.rax, (uint32_t)v->regs.rcx, out);
    v->regs.rax = out[0];
    v->regs.rbx = out[1];
    v->regs.rcx = out[2];
    v->regs.rdx = out[3];
    return true;
}

/* 0f 01: only xsetbv, 0f 01 d1. */
static bool group_01(struct vcpu *v, struct instruction *i)
{
    return next_byte(i, &i->modrm) && i->modrm == 0xd1 &&
           pv_write_xcr(v, (uint32_t)v->regs.rcx, v->regs.rdx << 32 | (uint32_t)v->regs.rax);
}

/* --- The tables ---------------------------------------------------------------------------------------------- */

#define KERNEL_ONLY true
#define ANY_MODE    false

static const struct {
    uint8_t first, last;
    bool kernel_only;
    instruction_handler *handler;
} one_byte[] =
    {
        {0x6c, 0x6f, ANY_MODE, string_in_out},
        {0xe4, 0xe7, ANY_MODE, in_out},
        {0xec, 0xef, ANY_MODE, in_out},
        {0xfa, 0xfb, ANY_MODE, interrupt_flag},
},
  two_byte[] = {
      {0x01, 0x01, KERNEL_ONLY, group_01},  {0x06, 0x06, KERNEL_ONLY, clear_task_switched},
      {0x09, 0x09, KERNEL_ONLY, nothing},   {0x20, 0x23, KERNEL_ONLY, mov_special},
      {0x30, 0x30, KERNEL_ONLY, write_msr}, {0x31, 0x31, KERNEL_ONLY, read_ticks},
      {0x32, 0x32, KERNEL_ONLY, read_msr},  {0xa2, 0xa2, ANY_MODE, emulate_cpuid},
};

static instruction_handler *find(struct vcpu *v, struct instruction *i)
{
    bool is_two_byte = i->opcode == 0x0f;
    size_t count = is_two_byte ? ARRAY_SIZE(two_byte) : ARRAY_SIZE(one_byte);

    if (is_two_byte && !next_byte(i, &i->opcode)) {
        return NULL;
    }
    for (size_t n = 0; n < count; n++) {
        const __typeof__(one_byte[0]) *entry =
            is_two_byte ? (const void *)&two_byte[n] : &one_byte[n];

        if (i->opcode >= entry->first && i->opcode <= entry->last) {
            return entry->kernel_only && !v->pv.in_kernel ? NULL : entry->handler;
        }
    }
    return NULL;
}

bool pv_emulate_privileged(struct vcpu *v)
{
    struct instruction i;

    if (!pv_is_64_bit_code(v, v->regs.cs)) {
        return false; /* EXERCISE: 32-bit user code with I/O privilege; needs the segment's base and size. */
    }
    memset(&i, 0, sizeof(i));
    i.available = guest_access_fetch(i.bytes, v->regs.rip);
    instruction_handler *handler = decode(&i) ? find(v, &i) : NULL;
    if (handler == NULL || !handler(v, &i)) {
        return false;
    }
    v->regs.rip += i.length;
    v->regs.rflags &= ~(UINT64_C(1) << 16); /* RF, as after any instruction */
    return true;
}

bool pv_emulate_forced_cpuid(struct vcpu *v)
{
    static const uint8_t wanted[] = {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2};
    uint8_t bytes[sizeof(wanted)];

    if (guest_access_read(bytes, GVA(v->regs.rip), sizeof(bytes)) != 0 ||
        memcmp(bytes, wanted, sizeof(wanted)) != 0) {
        return false;
    }
    (void)emulate_cpuid(v, NULL);
    v->regs.rip += sizeof(wanted);
    return true;
}
