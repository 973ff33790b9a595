/* SPDX-License-Identifier: MIT */
/* One-instruction wrappers. Only boot/ and cpu/ include this. */
#pragma once

#include "../lib/x86.h"

#define MSR_APIC_BASE      0x0000001b
#define MSR_PLATFORM       0x000000ce
#define MSR_FEATURES       0x00000140
#define MSR_SYSENTER_CS    0x00000174
#define MSR_PAT            0x00000277
#define MSR_X2APIC         0x00000800
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_SYSCALL_MASK   0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_KERNEL_GS_BASE 0xc0000102

/* read_<name>(), write_<name>(value), <name>(): one instruction each. */
#define READER(name, before)                         \
    static inline uint64_t read_##name(void)         \
    {                                                \
        uint64_t value;                              \
        __asm__ volatile(before "%0" : "=r"(value)); \
        return value;                                \
    }
#define WRITER(name, before, after)                                    \
    static inline void write_##name(uint64_t value)                    \
    {                                                                  \
        __asm__ volatile(before "%0" after : : "r"(value) : "memory"); \
    }
#define INSTRUCTION(name, mnemonic)                \
    static inline void name(void)                  \
    {                                              \
        __asm__ volatile(mnemonic : : : "memory"); \
    }

READER(cr0, "mov %%cr0, ")
READER(cr2, "mov %%cr2, ")
READER(cr3, "mov %%cr3, ")
READER(ds, "mov %%ds, ")
READER(es, "mov %%es, ")
READER(fs, "mov %%fs, ")
READER(gs, "mov %%gs, ")
WRITER(cr0, "mov ", ", %%cr0")
WRITER(cr3, "mov ", ", %%cr3")
WRITER(cr4, "mov ", ", %%cr4")
WRITER(debug_control, "mov ", ", %%dr7")
INSTRUCTION(clear_task_switched, "clts")
INSTRUCTION(interrupts_disable, "cli")
INSTRUCTION(halt, "hlt")
INSTRUCTION(cpu_pause, "pause")
INSTRUCTION(swap_gs, "swapgs")
/* The bases of FS and GS; GS is the one of the current mode. Needs CR4.FSGSBASE: see switch.c for machines without it. */
READER(fs_base, "rdfsbase ")
READER(gs_base, "rdgsbase ")
WRITER(fs_base, "wrfsbase ", "")
WRITER(gs_base, "wrgsbase ", "")

static inline void invalidate_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}
/* DR6, left as the processor wants to find it. */
static inline uint64_t read_debug_status(void)
{
    uint64_t value;
    __asm__ volatile("mov %%dr6, %0\n\tmov %1, %%dr6" : "=&r"(value) : "r"(UINT64_C(0xffff0ff0)));
    return value;
}
static inline void write_debug_addresses(const uint64_t address[4])
{
    __asm__ volatile("mov %0, %%dr0\n\tmov %1, %%dr1\n\tmov %2, %%dr2\n\tmov %3, %%dr3"
                     :
                     : "r"(address[0]), "r"(address[1]), "r"(address[2]), "r"(address[3]));
}

static inline uint64_t read_msr(uint32_t index)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return low | (uint64_t)high << 32;
}
static inline void write_msr(uint32_t index, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}
static inline void write_xcr0(uint64_t value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}
static inline uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (uint64_t)high << 32;
}
static inline void read_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(subleaf));
}

/* port_in8, port_out8 and so on. */
#define PORT(bits, suffix)                                                   \
    static inline uint##bits##_t port_in##bits(uint16_t port)                \
    {                                                                        \
        uint##bits##_t value;                                                \
        __asm__ volatile("in" suffix " %1, %0" : "=a"(value) : "Nd"(port));  \
        return value;                                                        \
    }                                                                        \
    static inline void port_out##bits(uint16_t port, uint##bits##_t value)   \
    {                                                                        \
        __asm__ volatile("out" suffix " %0, %1" : : "a"(value), "Nd"(port)); \
    }
PORT(8, "b")
PORT(16, "w")
PORT(32, "l")
