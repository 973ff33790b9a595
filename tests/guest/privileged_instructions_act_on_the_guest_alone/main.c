/* SPDX-License-Identifier: MIT */
/*
 * Claim: privileged instructions of the guest kernel are carried out on its own virtual state (control registers, TS, MSRs), or
 * fault; ports open and close with the virtual IOPL, which also follows from the assist that makes the kernel ring 0; cpuid behind
 * the forced-emulation prefix shows the hypervisor and hides what a guest cannot have.
 */
#include <stdint.h>
#include <string.h>
#include <public/physdev.h>
#include <pvk/memory.h>
#include <pvk/start.h>
#include "trap_try.h"

#define CR0_TS UINT64_C(8)

static uint64_t value; /* in and out */

#define INSTRUCTION(name, text, ...)          \
    static void name(void *argument)          \
    {                                         \
        (void)argument;                       \
        __asm__ volatile(text : __VA_ARGS__); \
    }

INSTRUCTION(read_cr0, "mov %%cr0, %0", "=r"(value))
INSTRUCTION(write_cr0, "mov %0, %%cr0", : "r"(value))
INSTRUCTION(read_cr2, "mov %%cr2, %0", "=r"(value))
INSTRUCTION(write_cr2, "mov %0, %%cr2", : "r"(value))
INSTRUCTION(read_cr3, "mov %%cr3, %0", "=r"(value))
INSTRUCTION(read_cr8, "mov %%cr8, %0", "=r"(value))
INSTRUCTION(clear_ts, "clts", )
INSTRUCTION(write_back, "wbinvd", )
INSTRUCTION(halt, "hlt", )
INSTRUCTION(load_idt, "lidt (%0)", : "r"(&value))
INSTRUCTION(use_fpu, "fldz; fstp %%st(0)", )
INSTRUCTION(port_in, "in $0x80, %%al", : : "rax")

static void read_msr(void *index)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"((uint32_t)(uintptr_t)index));
    value = low | (uint64_t)high << 32;
}

static void write_msr(void *index)
{
    __asm__ volatile("wrmsr"
                     :
                     : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)),
                       "c"((uint32_t)(uintptr_t)index));
}

static long msr(void (*access)(void *), uint32_t index)
{
    return trap_try(access, (void *)(uintptr_t)index);
}

static void control_registers(void)
{
    uint64_t cr0;

    OUTCOME_EXPECT_EQUAL(trap_try(read_cr0, NULL), TRAP_NONE);
    cr0 = value;
    OUTCOME_EXPECT((cr0 & 0x80000001) == 0x80000001 && (cr0 & CR0_TS) == 0);
    value = cr0 | CR0_TS;
    OUTCOME_EXPECT_EQUAL(trap_try(write_cr0, NULL), TRAP_NONE);
    OUTCOME_EXPECT_EQUAL(trap_try(use_fpu, NULL), 7);
    OUTCOME_EXPECT_EQUAL(trap_try(use_fpu, NULL), TRAP_NONE); /* #NM had cleared it */
    value = cr0 | CR0_TS;
    OUTCOME_EXPECT_EQUAL(trap_try(write_cr0, NULL), TRAP_NONE);
    OUTCOME_EXPECT_EQUAL(trap_try(clear_ts, NULL), TRAP_NONE);
    OUTCOME_EXPECT_EQUAL(trap_try(use_fpu, NULL), TRAP_NONE);
    value = cr0 & ~UINT64_C(1);
    OUTCOME_EXPECT_EQUAL(trap_try(write_cr0, NULL), 13);
    value = 0x1234567;
    OUTCOME_EXPECT_EQUAL(trap_try(write_cr2, NULL), TRAP_NONE);
    OUTCOME_EXPECT_EQUAL(start_shared_info()->vcpu_info[0].arch.cr2, 0x1234567);
    value = 0;
    OUTCOME_EXPECT_EQUAL(trap_try(read_cr2, NULL), TRAP_NONE);
    OUTCOME_EXPECT_EQUAL(value, 0x1234567);
    OUTCOME_EXPECT_EQUAL(trap_try(read_cr3, NULL), TRAP_NONE);
    OUTCOME_EXPECT_EQUAL(value >> 12, memory_mfn_of((const void *)start_information()->pt_base));
    OUTCOME_EXPECT_EQUAL(trap_try(read_cr8, NULL), 13);
    OUTCOME_EXPECT_EQUAL(trap_try(write_back, NULL), TRAP_NONE);
    OUTCOME_EXPECT_EQUAL(trap_try(halt, NULL), 13);
    OUTCOME_EXPECT_EQUAL(trap_try(load_idt, NULL), 13);
}

static void model_specific_registers(void)
{
    OUTCOME_EXPECT_EQUAL(msr(read_msr, 0x277), TRAP_NONE);
    OUTCOME_EXPECT(value == UINT64_C(0x050100070406)); /* WB WT UC- UC WC WP UC UC */
    OUTCOME_EXPECT_EQUAL(msr(read_msr, 0xc0000080), TRAP_NONE);
    OUTCOME_EXPECT((value & 0x500) == 0x500); /* long mode */
    value = 0x12345000;
    OUTCOME_EXPECT_EQUAL(msr(write_msr, 0xc0000100), TRAP_NONE); /* FS base */
    value = 0;
    OUTCOME_EXPECT_EQUAL(msr(read_msr, 0xc0000100), TRAP_NONE);
    OUTCOME_EXPECT_EQUAL(value, 0x12345000);
    value = UINT64_C(0x800000000000); /* not canonical */
    OUTCOME_EXPECT_EQUAL(msr(write_msr, 0xc0000100), 13);
    OUTCOME_EXPECT_EQUAL(msr(read_msr, 0xc0012345), 13);
}

static void ports(void)
{
    struct physdev_set_iopl iopl = {.iopl = 0};

    OUTCOME_EXPECT_EQUAL(hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    OUTCOME_EXPECT_EQUAL(trap_try(port_in, NULL), 13);
    iopl.iopl = 1; /* the kernel's ring */
    OUTCOME_EXPECT_EQUAL(hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    OUTCOME_EXPECT_EQUAL(trap_try(port_in, NULL), TRAP_NONE);
    iopl.iopl = 0;
    OUTCOME_EXPECT_EQUAL(hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    OUTCOME_EXPECT_EQUAL(trap_try(port_in, NULL), 13);
    iopl.iopl = 4;
    OUTCOME_EXPECT(hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl) != 0);
    OUTCOME_EXPECT_EQUAL(hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_architectural_iopl), 0);
    OUTCOME_EXPECT_EQUAL(trap_try(port_in, NULL), TRAP_NONE); /* ring 0 by the assist */
    OUTCOME_EXPECT_EQUAL(hypercall_vm_assist(VMASST_CMD_disable, VMASST_TYPE_architectural_iopl),
                         0);
    OUTCOME_EXPECT_EQUAL(trap_try(port_in, NULL), 13);
}

static uint32_t leaf[4];

static void forced_cpuid(void *number)
{
    __asm__ volatile("ud2; .ascii \"xen\"; cpuid"
                     : "=a"(leaf[0]), "=b"(leaf[1]), "=c"(leaf[2]), "=d"(leaf[3])
                     : "a"((uint32_t)(uintptr_t)number), "c"(0));
}

static void processor(void)
{
    OUTCOME_EXPECT_EQUAL(trap_try(forced_cpuid, (void *)0x40000000), TRAP_NONE);
    OUTCOME_EXPECT(memcmp(&leaf[1], "XenVMMXenVMM", 12) == 0);
    OUTCOME_EXPECT_EQUAL(trap_try(forced_cpuid, (void *)1), TRAP_NONE);
    OUTCOME_EXPECT((leaf[2] & 1u << 31) != 0); /* under a hypervisor */
    OUTCOME_EXPECT((leaf[2] & 1u << 5) == 0);  /* no VMX */
    OUTCOME_EXPECT((leaf[3] & 1u << 13) == 0); /* no global pages of its own */
    OUTCOME_EXPECT_EQUAL(trap_try(forced_cpuid, (void *)0x80000001), TRAP_NONE);
    OUTCOME_EXPECT((leaf[3] & 1u << 29) != 0 && (leaf[2] & 1u << 2) == 0); /* long mode, no SVM */
}

int main(void)
{
    control_registers();
    model_specific_registers();
    ports();
    processor();
    outcome_success();
}
