/* SPDX-License-Identifier: MIT */
/*
 * Direct stores to a live L1 (T24). The decoder is held against the processor itself: on an x86-64 host each instruction is executed, on the same
 * registers and memory, and everything compared. Other hosts skip that test.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mm_tables.h"
#include "xenlike/hypercall/hypercall.h"
#include "xenlike/mm/page_table.h"
#include "xenlike/mm/guest_access.h"
#include "xenlike/mm/pt_decode.h"

#define CODE UINT64_C(0x650000000000)

static struct guest g;
static uint8_t *code;
/* The live L1 is mapped read-only at this address. */
#define TABLE_ADDRESS (UINT64_C(300) << PAGE_SHIFT)

static void setup(void)
{
    fake_machine_init(1024);
    tables_guest(&g, 1, false);
    g.d->vm_assist = UINT64_C(1) << VMASST_TYPE_writable_pagetables;
    code = fake_flat(CODE, PAGE_SIZE);
    cr_assert_eq(tables_update(g.l1, 300, pte_make(g.l1, KERNEL_RO)), 0);
}

TestSuite(direct_stores, .init = setup);

static void check(void)
{
    const char *wrong = fake_check();

    cr_assert_null(wrong, "%s", wrong);
}

static bool run(const void *bytes, size_t length, uint64_t offset)
{
    memset(code, 0xcc, 32);
    memcpy(code, bytes, length);
    g.v->regs.rip = CODE;
    return page_table_emulate_store(g.v, GVA(TABLE_ADDRESS + offset));
}

Test(direct_stores, xchg_gives_the_old_entry_and_stores_the_new)
{
    pte_t old = tables_load(g.l1, 1);

    g.v->regs.rax = 0;
    cr_assert(run("\x48\x87\x03", 3, 8)); /* xchg %rax,(%rbx) */
    cr_assert_eq(g.v->regs.rax, old);
    cr_assert_eq(g.v->regs.rip, CODE + 3);
    cr_assert_eq(tables_load(g.l1, 1), 0);
    check();
    g.v->regs.rcx = old;
    cr_assert(run("\x48\x89\x4d\x10", 4, 8)); /* mov %rcx,16(%rbp) */
    cr_assert_eq(tables_load(g.l1, 1), old);
    check();
}

Test(direct_stores, lock_btr_and_and_change_one_bit)
{
    pte_t old = tables_load(g.l1, 2);

    g.v->regs.rflags = 0;
    cr_assert(run("\xf0\x48\x0f\xba\x33\x01", 6, 16)); /* lock btrq $1,(%rbx): write-protect */
    cr_assert_eq(tables_load(g.l1, 2), old & ~PTE_WRITE);
    cr_assert_eq(g.v->regs.rflags & 1, 1);
    check();
    cr_assert(run("\xf0\x80\x23\xdf", 4, 16)); /* lock andb $0xdf,(%rbx): A */
    cr_assert_eq(tables_load(g.l1, 2), old & ~(PTE_WRITE | PTE_ACCESSED));
    check();
}

Test(direct_stores, what_an_update_refuses_is_the_guests_fault)
{
    pte_t old = tables_load(g.l1, 1);

    g.v->regs.rax = pte_make(g.l1, KERNEL_RW);
    cr_assert_not(run("\x48\x89\x03", 3, 8));
    cr_assert_eq(g.v->regs.rip, CODE);
    cr_assert_eq(tables_load(g.l1, 1), old);
    g.v->regs.rax = 0;
    cr_assert_not(run("\x48\x89\x03", 3, 9), "not aligned");
    cr_assert_not(run("\x66\x89\x03", 3, 8), "16 bits");
    cr_assert_not(run("\x48\x01\x03", 3, 8), "add");
    cr_assert_not(run("\x48\x89\xc3", 3, 8), "no memory");
    cr_assert_not(run("\xf3\x48\xab", 3, 8), "a string");
    g.d->vm_assist = 0;
    cr_assert_not(run("\x48\x89\x03", 3, 8), "not asked for");
    g.d->vm_assist = 4;
    g.v->pv.in_kernel = false;
    cr_assert_not(run("\x48\x89\x03", 3, 8), "user mode");
    g.v->pv.in_kernel = true;
    g.v->regs.rip = CODE + PAGE_SIZE - 2;
    code[PAGE_SIZE - 2] = 0x48;
    code[PAGE_SIZE - 1] = 0x89;
    cr_assert_not(page_table_emulate_store(g.v, GVA(TABLE_ADDRESS + 8)), "cut off");
    g.v->regs.rip = 0x1000;
    cr_assert_not(page_table_emulate_store(g.v, GVA(TABLE_ADDRESS + 8)), "no code");
    cr_assert_eq(tables_update(g.l1, 301, pte_make(g.l2, KERNEL_RO)), 0);
    g.v->regs.rip = CODE;
    memcpy(code, "\x48\x89\x03", 3);
    cr_assert_not(page_table_emulate_store(g.v, GVA(UINT64_C(301) << PAGE_SHIFT)), "an L2");
    cr_assert_not(page_table_emulate_store(g.v, GVA(DATA_ADDRESS(3))), "an ordinary page");
    cr_assert_not(page_table_emulate_store(g.v, GVA(HV_VIRT_START)), "the hypervisor's");
    check();
}

Test(direct_stores, an_instruction_that_ends_the_last_page_is_whole)
{
    g.v->regs.rip = CODE + PAGE_SIZE - 3;
    memcpy(code + PAGE_SIZE - 3, "\x48\x89\x03", 3);
    g.v->regs.rax = 0;
    cr_assert(page_table_emulate_store(g.v, GVA(TABLE_ADDRESS + 8)));
    cr_assert_eq(tables_load(g.l1, 1), 0);
}

#if defined(__x86_64__)
/* The instruction at `bytes` addresses (%rbx); operands in rax, rcx, rdx. */
struct machine_state {
    uint64_t rax, rcx, rdx, rflags;
};
static void execute(const void *bytes, size_t length, struct machine_state *state, void *memory)
{
    static uint8_t *page;

    if (page == NULL) {
        page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0);
    }
    memcpy(page, bytes, length);
    page[length] = 0xc3;
    __asm__ volatile("pushq %[flags]\n popfq\n call *%[code]\n pushfq\n popq %[flags]"
                     : [flags] "+r"(state->rflags), "+a"(state->rax), "+c"(state->rcx),
                       "+d"(state->rdx)
                     : [code] "r"(page), "b"(memory)
                     : "memory", "cc");
}

static const struct {
    const char *bytes;
    size_t length;
} cases[] = {
    {"\x88\x0b", 2},
    {"\x88\x2b", 2},
    {"\x40\x88\x0b", 3},
    {"\x89\x0b", 2},
    {"\x48\x89\x0b", 3},
    {"\xc6\x03\x91", 3},
    {"\xc7\x03\x78\x56\x34\x92", 6},
    {"\x48\xc7\x03\x78\x56\x34\x92", 7},
    {"\x86\x0b", 2},
    {"\x86\x2b", 2},
    {"\x87\x0b", 2},
    {"\x48\x87\x0b", 3},
    {"\xf0\x0f\xb0\x0b", 4},
    {"\xf0\x0f\xb1\x0b", 4},
    {"\xf0\x48\x0f\xb1\x0b", 5},
    {"\xf0\x08\x0b", 3},
    {"\xf0\x09\x0b", 3},
    {"\xf0\x48\x09\x0b", 4},
    {"\xf0\x20\x0b", 3},
    {"\xf0\x21\x0b", 3},
    {"\xf0\x48\x21\x0b", 4},
    {"\x80\x0b\x81", 3},
    {"\x80\x23\x81", 3},
    {"\x81\x0b\x01\x02\x03\x84", 6},
    {"\x48\x81\x23\x01\x02\x03\x84", 7},
    {"\x83\x0b\xf1", 3},
    {"\x48\x83\x23\xf1", 4},
    {"\x48\x0f\xba\x2b\x07", 5},
    {"\x48\x0f\xba\x33\x3f", 5},
    {"\x0f\xba\x3b\x1f", 4},
    {"\xf0\x48\x0f\xba\x33\x41", 6},
};

Test(direct_stores, the_decoder_agrees_with_the_processor)
{
    const uint64_t flags = 0x8d5;

    srand(2);
    for (unsigned int n = 0; n < 20000; n++) {
        unsigned int i = (unsigned int)rand() % (sizeof(cases) / sizeof(cases[0]));
        struct machine_state real = {.rflags = 2};
        struct cpu_user_regs regs = {0};
        struct pt_store_instruction instruction;
        struct pt_store_result result;
        uint8_t bytes[GUEST_INSTRUCTION_MAX] = {0};
        uint64_t memory = ((uint64_t)(unsigned int)rand() << 33) ^ (unsigned int)rand();
        uint64_t mask, mine;

        real.rcx = ((uint64_t)(unsigned int)rand() << 32) ^ (unsigned int)rand();
        real.rax = rand() % 2 != 0 ? memory : (uint64_t)(unsigned int)rand();
        regs.rax = real.rax;
        regs.rcx = real.rcx;
        regs.rflags = 2;
        memcpy(bytes, cases[i].bytes, cases[i].length);
        cr_assert(pt_decode_store(bytes, sizeof(bytes), &regs, &instruction), "case %u", i);
        cr_assert_eq(instruction.length, cases[i].length, "case %u", i);
        mask = instruction.bytes == 8 ? ~UINT64_C(0) : (UINT64_C(1) << (8 * instruction.bytes)) - 1;
        pt_decode_execute(&instruction, &regs, memory & mask, &result);
        mine = (memory & ~mask) | (result.stored & mask);
        pt_decode_commit(&instruction, &regs, &result);
        execute(cases[i].bytes, cases[i].length, &real, &memory);
        cr_assert_eq(mine, memory, "case %u", i);
        cr_assert_eq(regs.rax, real.rax, "case %u: rax", i);
        cr_assert_eq(regs.rcx, real.rcx, "case %u: rcx", i);
        cr_assert_eq(regs.rflags & result.flag_mask & flags & ~UINT64_C(0x10),
                     real.rflags & result.flag_mask & flags & ~UINT64_C(0x10), "case %u: flags", i);
    }
}
#endif
