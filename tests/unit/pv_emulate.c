/* SPDX-License-Identifier: MIT */
/* Privileged instructions: decoding, rights, and that the bytes are fetched once (EM1, EM2). */
#include "pv_support.h"

#define CODE(...)                                     \
    do {                                              \
        static const uint8_t bytes[] = {__VA_ARGS__}; \
        pv_put_code(bytes, sizeof(bytes));            \
    } while (0)

#define RAN(length)                                         \
    do {                                                    \
        uint64_t before = pv_vcpu->regs.rip;                \
        cr_expect(pv_emulate_privileged(pv_vcpu));          \
        cr_expect_eq(pv_vcpu->regs.rip, before + (length)); \
    } while (0)

Test(pv_emulate, rdmsr_gives_both_halves, .init = pv_setup)
{
    CODE(0x0f, 0x32);
    pv_vcpu->regs.rcx = 0xc0000080;
    pv_vcpu->regs.rax = pv_vcpu->regs.rdx = ~0ull;
    RAN(2);
    cr_expect_eq(pv_vcpu->regs.rax, 0xd01);
    cr_expect_eq(pv_vcpu->regs.rdx, 0);
}

Test(pv_emulate, the_attribute_table_is_the_one_guests_expect, .init = pv_setup)
{
    CODE(0x0f, 0x32);
    pv_vcpu->regs.rcx = 0x277;
    RAN(2);
    cr_expect_eq(pv_vcpu->regs.rdx << 32 | pv_vcpu->regs.rax, 0x50100070406);
}

Test(pv_emulate, wrmsr_of_a_segment_base_must_be_canonical, .init = pv_setup)
{
    CODE(0x0f, 0x30);
    pv_vcpu->regs.rcx = 0xc0000101;
    pv_vcpu->regs.rax = 0x1000;
    pv_vcpu->regs.rdx = 0xffff9000;
    RAN(2);
    cr_expect_eq(machine_get_segment_base(pv_vcpu, SEGBASE_GS_KERNEL), 0xffff900000001000);
    pv_vcpu->regs.rip = CODE_START;
    pv_vcpu->regs.rdx = 0x8000;
    cr_expect(!pv_emulate_privileged(pv_vcpu));
    cr_expect_eq(pv_vcpu->regs.rip, CODE_START);
}

Test(pv_emulate, unknown_registers_fault, .init = pv_setup)
{
    CODE(0x0f, 0x32);
    pv_vcpu->regs.rcx = 0x12345;
    cr_expect(!pv_emulate_privileged(pv_vcpu));
}

Test(pv_emulate, control_registers_by_any_general_register, .init = pv_setup)
{
    CODE(0x44, 0x0f, 0x20, 0xc3, /* mov %cr0, %rbx with REX.R: %cr8: faults */
         0x41, 0x0f, 0x20, 0xc7, /* mov %cr0, %r15 */
         0x0f, 0x20, 0xe3,       /* mov %cr4, %rbx */
         0x0f, 0x22, 0xe3);      /* mov %rbx, %cr4 */
    cr_expect(!pv_emulate_privileged(pv_vcpu), "cr8 is not a guest's");
    pv_vcpu->regs.rip += 4;
    RAN(4);
    cr_expect_eq(pv_vcpu->regs.r15, 0x80050033);
    RAN(3);
    cr_expect_neq(pv_vcpu->regs.rbx & 1 << 18, 0, "OSXSAVE is on from the start");
    pv_vcpu->regs.rbx = ~0ull;
    RAN(3);
    cr_expect_eq(pv_vcpu->pv.cr4 & (1 << 7 | 1 << 4 | 1 << 21), 0,
                 "PGE, PSE, SMAP are masked, not refused");
}

Test(pv_emulate, writes_of_cr0_may_change_TS_only, .init = pv_setup)
{
    CODE(0x0f, 0x22, 0xc0, 0x0f, 0x22, 0xc0, 0x0f, 0x06);
    pv_vcpu->regs.rax = 0;
    cr_expect(!pv_emulate_privileged(pv_vcpu));
    pv_vcpu->regs.rax = 0x8005003b;
    RAN(3);
    cr_expect(pv_vcpu->pv.task_switched);
    pv_vcpu->regs.rip = CODE_START + 6;
    RAN(2);
    cr_expect(!pv_vcpu->pv.task_switched, "clts");
}

/* A second processor of Linux starts on its own kernel code segment. */
Test(pv_emulate, the_guests_own_code_segments_count_by_their_L_bit, .init = pv_setup)
{
    mfn_t frame = frame_alloc_domain(pv_domain, 0, 0);
    uint64_t *gdt = machine_frame(frame);

    CODE(0x0f, 0x06);
    gdt[2] = UINT64_C(0x00affb000000ffff);
    gdt[3] = UINT64_C(0x00cffb000000ffff);
    pv_vcpu->regs.cs = 0x13;
    cr_expect(!pv_emulate_privileged(pv_vcpu), "no such descriptor");
    cr_assert_eq(pv_set_gdt(pv_vcpu, &frame.n, 16), 0);
    RAN(2);
    pv_vcpu->regs.rip = CODE_START;
    pv_vcpu->regs.cs = 0x1b;
    cr_expect(!pv_emulate_privileged(pv_vcpu), "32-bit code");
    pv_vcpu->regs.cs = 0x17;
    cr_expect(!pv_emulate_privileged(pv_vcpu), "no LDT");
}

Test(pv_emulate, user_mode_gets_its_own_fault, .init = pv_setup)
{
    pv_vcpu->pv.in_kernel = false;
    CODE(0x0f, 0x32);
    cr_expect(!pv_emulate_privileged(pv_vcpu));
    CODE(0x0f, 0x20, 0xc0);
    cr_expect(!pv_emulate_privileged(pv_vcpu));
    CODE(0xfa);
    cr_expect(!pv_emulate_privileged(pv_vcpu));
}

Test(pv_emulate, T25_cli_needs_the_virtual_level_and_leaves_the_mask, .init = pv_setup)
{
    CODE(0xfa, 0xfb);
    cr_expect(!pv_emulate_privileged(pv_vcpu));
    pv_vcpu->pv.iopl = 1;
    RAN(1);
    RAN(1);
    cr_expect_eq(pv_vcpu->info->evtchn_upcall_mask, 0);
}

Test(pv_emulate, ports_a_guest_may_not_reach_read_ones, .init = pv_setup)
{
    CODE(0xec, 0xed, 0x66, 0xef);
    pv_vcpu->regs.rdx = 0x180;
    cr_expect(!pv_emulate_privileged(pv_vcpu), "no level, no bitmap: #GP");
    pv_vcpu->pv.iopl = 1;
    pv_vcpu->regs.rax = 0x1111111111111111;
    RAN(1);
    cr_expect_eq(pv_vcpu->regs.rax, 0x11111111111111ff);
    RAN(1);
    cr_expect_eq(pv_vcpu->regs.rax, 0xffffffff, "32-bit results clear the rest");
    RAN(2);
    cr_expect_eq(pv_port_accesses, 0);
}

Test(pv_emulate, the_hardware_domain_reaches_its_ports, .init = pv_setup)
{
    CODE(0x66, 0xed, 0xe7, 0x90);
    pv_domain->is_hardware = true;
    pv_vcpu->pv.iopl = 1;
    pv_vcpu->regs.rdx = 0x1fe;
    pv_port_value = 0xbeef;
    RAN(2);
    cr_expect_eq(pv_vcpu->regs.rax & 0xffff, 0xbeef);
    cr_expect_eq(pv_port, 0x1fe);
    cr_expect_eq(pv_port_bytes, 2);
    RAN(2);
    cr_expect_eq(pv_port_accesses, 1, "port 0x90 is not in its bitmap");
}

Test(pv_emulate, configuration_space_goes_through_the_filter, .init = pv_setup)
{
    uint32_t value;

    pv_domain->is_hardware = true;
    pv_vcpu->pv.iopl = 1;
    cr_assert(pv_port_out(pv_vcpu, 0xcf8, 4, 0x80001840));
    cr_assert(pv_port_in(pv_vcpu, 0xcf8, 4, &value));
    cr_expect_eq(value, 0x80001840);
    cr_assert(pv_port_in(pv_vcpu, 0xcfe, 2, &value));
    cr_expect_eq(value, 0x18);
    cr_expect_eq(pv_port, 0x42);
    pv_port_value = 0;
    cr_assert(pv_port_out(pv_vcpu, 0xcfc, 4, 0x55));
    cr_expect_eq(pv_port_value, 0, "offset 0x40 is refused");
    cr_assert(pv_port_out(pv_vcpu, 0xcfd, 1, 0x55));
    cr_expect_eq(pv_port_value, 0x55);
    cr_expect_eq(pv_port_accesses, 0, "the machine's latch is never touched from here");
}

Test(pv_emulate, rep_outs_goes_on_until_rcx_is_zero, .init = pv_setup)
{
    CODE(0xf3, 0x6f);
    pv_domain->is_hardware = true;
    pv_vcpu->pv.iopl = 1;
    pv_vcpu->regs.rdx = 0x100;
    pv_vcpu->regs.rcx = 2;
    pv_vcpu->regs.rsi = STACK_START;
    RAN(0);
    RAN(2);
    cr_expect_eq(pv_port_accesses, 2);
    cr_expect_eq(pv_vcpu->regs.rsi, STACK_START + 8);
}

Test(pv_emulate, xsetbv_takes_what_the_guest_may_have, .init = pv_setup)
{
    CODE(0x0f, 0x01, 0xd1);
    pv_vcpu->regs.rax = 7;
    RAN(3);
    cr_expect_eq(pv_vcpu->xcr0, 7);
    static const uint32_t refused[] = {0, 6, 5, 0xe7, 0x207};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        pv_vcpu->regs.rip = CODE_START;
        pv_vcpu->regs.rax = refused[i];
        cr_expect(!pv_emulate_privileged(pv_vcpu), "XCR0 = %x", refused[i]);
    }
}

Test(pv_emulate, what_is_not_in_the_table_faults, .init = pv_setup)
{
    static const uint8_t instructions[][4] = {
        {0xf4},                   /* hlt */
        {0x0f, 0x01, 0x10},       /* lgdt */
        {0x0f, 0x00, 0xd8},       /* ltr */
        {0x0f, 0x01, 0x38},       /* invlpg */
        {0x0f, 0x01, 0xf8},       /* swapgs */
        {0x0f, 0x07},             /* sysret */
        {0xf0, 0x0f, 0x20, 0xc0}, /* lock mov from cr0 */
        {0x0f, 0x08},             /* invd */
    };

    pv_vcpu->pv.iopl = 1;
    for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
        pv_put_code(instructions[i], 4);
        cr_expect(!pv_emulate_privileged(pv_vcpu), "number %zu", i);
        cr_expect_eq(pv_vcpu->regs.rip, CODE_START);
    }
}

Test(pv_emulate, fifteen_prefixes_and_a_page_that_ends, .init = pv_setup)
{
    uint8_t prefixes[16];

    memset(prefixes, 0x66, sizeof(prefixes));
    pv_put_code(prefixes, sizeof(prefixes));
    cr_expect(!pv_emulate_privileged(pv_vcpu));
    pv_vcpu->regs.rip = CODE_START + 0x1fff; /* the last byte that is mapped */
    CODE(0x0f);
    cr_expect(!pv_emulate_privileged(pv_vcpu));
    pv_vcpu->regs.rip = CODE_START + 0x1ffe;
    CODE(0x0f, 0x06);
    RAN(2);
}

static void change_code(gva_t source, size_t size)
{
    (void)source, (void)size;
    memset(pv_code, 0xf4, 16);
}

Test(pv_emulate, EM1_bytes_changed_after_the_fetch_do_not_matter, .init = pv_setup)
{
    CODE(0x0f, 0x06);
    pv_vcpu->pv.task_switched = true;
    fake_after_read = change_code;
    RAN(2);
    cr_expect(!pv_vcpu->pv.task_switched);
}

Test(pv_emulate, forced_cpuid_names_the_hypervisor, .init = pv_setup)
{
    CODE(0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2);
    pv_vcpu->regs.rax = 0x40000000;
    cr_expect(pv_emulate_forced_cpuid(pv_vcpu));
    cr_expect_eq(pv_vcpu->regs.rip, CODE_START + 7);
    cr_expect_eq(pv_vcpu->regs.rax, 0x40000005);
    cr_expect_eq(pv_vcpu->regs.rbx, 0x566e6558);
    pv_vcpu->regs.rip = CODE_START + 5;
    cr_expect(!pv_emulate_forced_cpuid(pv_vcpu));
}

/* Where cpuid faults, both modes of a guest get what the policy says, by the same table. */
Test(pv_emulate, CI1_a_faulting_cpuid_is_answered_in_both_modes, .init = pv_setup)
{
    for (int in_kernel = 0; in_kernel < 2; in_kernel++) {
        uint32_t out[4];

        CODE(0x0f, 0xa2);
        pv_vcpu->pv.in_kernel = in_kernel != 0;
        pv_vcpu->regs.rax = 1;
        pv_vcpu->regs.rcx = UINT64_C(0xffffffff00000000);
        uint64_t rip = pv_vcpu->regs.rip;
        pv_cpuid(pv_vcpu, 1, 0, out);
        cr_expect(pv_emulate_privileged(pv_vcpu), "kernel mode %d", in_kernel);
        cr_expect_eq(pv_vcpu->regs.rip, rip + 2);
        cr_expect(pv_vcpu->regs.rax == out[0] && pv_vcpu->regs.rbx == out[1] &&
                  pv_vcpu->regs.rcx == out[2] && pv_vcpu->regs.rdx == out[3]);
    }
}

Test(pv_emulate, cpuid_hides_what_a_guest_cannot_have, .init = pv_setup)
{
    uint32_t out[4];

    pv_cpuid(pv_vcpu, 1, 0, out);
    cr_expect_eq(out[3] & (1 << 3 | 1 << 12 | 1 << 13 | 1 << 17), 0, "PSE, MTRR, PGE, PSE36");
    cr_expect_eq(out[2] & (1 << 21 | 1 << 17 | 1 << 5 | 1 << 3), 0, "X2APIC, PCID, VMX, MONITOR");
    cr_expect_neq(out[2] & 1 << 27, 0, "OSXSAVE, since the guest's CR4 has it");
    pv_cpuid(pv_vcpu, 7, 0, out);
    cr_expect_eq(out[1] & (1 << 7 | 1 << 20 | 1 << 16), 0, "SMEP, SMAP, AVX-512");
    pv_cpuid(pv_vcpu, 0x80000001, 0, out);
    cr_expect_eq(out[3] & 1 << 26, 0, "1 GiB pages");
    cr_expect_neq(out[3] & 1 << 29, 0, "long mode");
}

Test(pv_trap, T17_int_n_is_decoded_from_the_instruction, .init = pv_setup)
{
    struct trap_info user = {.vector = 0x80, .flags = 3, .address = HANDLER};
    struct trap_info kernel = {.vector = 0x21, .flags = 1, .address = HANDLER + 1};
    struct trap_info protection = {.vector = 13, .address = HANDLER + 2};

    cr_assert_eq(pv_set_trap(pv_vcpu, &user), 0);
    cr_assert_eq(pv_set_trap(pv_vcpu, &kernel), 0);
    cr_assert_eq(pv_set_trap(pv_vcpu, &protection), 0);
    CODE(0xcd, 0x80);
    pv_vcpu->pv.in_kernel = false;
    pv_vcpu->regs.error_code = 16 * 0x80 + 2; /* what old QEMUs say */
    pv_trap(pv_vcpu, 13, 0);
    cr_expect_eq(pv_vcpu->regs.rip, HANDLER);
    cr_expect_eq(pv_frame(2), CODE_START + 2, "returns behind the instruction");

    pv_vcpu->regs.rip = CODE_START;
    CODE(0xcd, 0x21);
    pv_vcpu->regs.error_code = 8 * 0x21 + 2;
    pv_trap(pv_vcpu, 13, 0);
    cr_expect_eq(pv_vcpu->regs.rip, HANDLER + 1, "DPL 1 is the kernel's");

    pv_vcpu->regs.rip = CODE_START;
    pv_vcpu->pv.in_kernel = false;
    pv_trap(pv_vcpu, 13, 0);
    cr_expect_eq(pv_vcpu->regs.rip, HANDLER + 2, "and not user mode's");
    cr_expect_eq(pv_frame(2), 8 * 0x21 + 2);
}
