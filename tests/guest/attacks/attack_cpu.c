/* SPDX-License-Identifier: MIT */
/* Attacks on the processor's side: instructions, registers, ports, frames, descriptors. */
#include "attack.h"

#include <stdio.h>
#include <string.h>

#include <public/physdev.h>
#include <public/sched.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/start.h>

#define KERNEL_CS 0xe033
#define KERNEL_SS 0xe02b
#define CS_32     0xe023
#define RFLAGS_IF 0x200ul
#define RFLAGS_TF 0x100ul
#define NO_FRAMES ((const unsigned long *)0)

/* --- Instructions ------------------------------------------------------------------------------------ */

#define INSTRUCTION(name, text)                                            \
    static void name(void *argument)                                       \
    {                                                                      \
        (void)argument;                                                    \
        __asm__ volatile(text : : : "memory", "rax", "rbx", "rcx", "rdx"); \
    }

INSTRUCTION(run_lgdt, "lgdt (%%rsp)")
INSTRUCTION(run_lidt, "lidt (%%rsp)")
INSTRUCTION(run_lldt, "xor %%eax, %%eax; lldt %%ax")
INSTRUCTION(run_ltr, "mov $0xe040, %%eax; ltr %%ax")
INSTRUCTION(run_invlpg, "invlpg (%%rsp)")
INSTRUCTION(run_cli, "cli")
INSTRUCTION(run_sti, "sti")
INSTRUCTION(run_hlt, "hlt")
INSTRUCTION(run_swapgs, "swapgs")
INSTRUCTION(run_sysret, "mov $attack_landing, %%rcx; mov $0x202, %%r11; sysretq")
INSTRUCTION(run_sysexit, "sysexit")
INSTRUCTION(run_clts, "clts")
INSTRUCTION(run_wbinvd, "wbinvd")
INSTRUCTION(run_invd, "invd")
INSTRUCTION(run_cr0, "xor %%eax, %%eax; mov %%rax, %%cr0")
INSTRUCTION(run_cr3, "xor %%eax, %%eax; mov %%rax, %%cr3")
INSTRUCTION(run_cr4, "mov $-1, %%rax; mov %%rax, %%cr4")
INSTRUCTION(run_cr8, "mov $15, %%rax; mov %%rax, %%cr8")
INSTRUCTION(run_clac, "clac")
INSTRUCTION(run_vmcall, "vmcall")
INSTRUCTION(run_monitor, "monitor")
INSTRUCTION(run_rdpmc, "xor %%ecx, %%ecx; rdpmc")
INSTRUCTION(run_lmsw, "xor %%eax, %%eax; lmsw %%ax")
INSTRUCTION(run_xsetbv, "mov $7, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; xsetbv")
INSTRUCTION(run_xsetbv_0, "xor %%ecx, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; xsetbv")
INSTRUCTION(run_rsm, "rsm")
INSTRUCTION(run_icebp, ".byte 0xf1")
INSTRUCTION(run_int3, "int3")
INSTRUCTION(run_int_80, "int $0x80")
INSTRUCTION(run_int_82, "int $0x82")
INSTRUCTION(run_sysenter, "sysenter")
INSTRUCTION(run_ud2, "ud2")
INSTRUCTION(run_prefixes, ".rept 15; .byte 0x66; .endr; cli")
INSTRUCTION(run_read_hypervisor, "movabs $0xffff830000001000, %%rax; mov (%%rax), %%rax")
INSTRUCTION(run_write_m2p, "movabs $0xffff800000000000, %%rax; movq $1, (%%rax)")
INSTRUCTION(run_jump_hypervisor, "movabs $0xffff830000001000, %%rax; jmp *%%rax")
INSTRUCTION(run_not_canonical, "movabs $0x900000000000, %%rax; mov (%%rax), %%rax")

void instructions(void)
{
    static const struct {
        const char *name;
        void (*run)(void *);
        long wanted;
    } list[] = {
        {"lgdt", run_lgdt, VECTOR_GP},
        {"lidt", run_lidt, VECTOR_GP},
        {"lldt", run_lldt, VECTOR_GP},
        {"ltr", run_ltr, VECTOR_GP},
        {"invlpg", run_invlpg, VECTOR_GP},
        {"cli", run_cli, VECTOR_GP},
        {"sti", run_sti, VECTOR_GP},
        {"hlt", run_hlt, VECTOR_GP},
        {"swapgs", run_swapgs, VECTOR_GP},
        {"sysretq", run_sysret, VECTOR_GP},
        {"sysexit", run_sysexit, VECTOR_UD},
        {"clts", run_clts, ATTACK_RETURNED},
        {"wbinvd", run_wbinvd, ATTACK_RETURNED},
        {"invd", run_invd, VECTOR_GP},
        {"mov cr0, 0", run_cr0, VECTOR_GP},
        {"mov cr3, 0", run_cr3, VECTOR_GP},
        {"mov cr4, -1", run_cr4, ATTACK_RETURNED},
        {"mov cr8, 15", run_cr8, VECTOR_GP},
        {"clac", run_clac, VECTOR_UD},
        {"vmcall", run_vmcall, VECTOR_UD},
        {"monitor", run_monitor, VECTOR_UD},
        {"rdpmc", run_rdpmc, VECTOR_GP},
        {"lmsw", run_lmsw, VECTOR_GP},
        {"xsetbv 7", run_xsetbv, VECTOR_GP},
        {"xsetbv 0 to 0", run_xsetbv_0, VECTOR_GP},
        {"rsm", run_rsm, VECTOR_UD},
        {"icebp", run_icebp, VECTOR_DB},
        {"int3 for ring 0 alone", run_int3, VECTOR_BP},
        {"int 0x80", run_int_80, VECTOR_GP},
        {"int 0x82", run_int_82, VECTOR_GP},
        {"sysenter", run_sysenter, VECTOR_UD},
        {"ud2", run_ud2, VECTOR_UD},
        {"cli behind 15 prefixes", run_prefixes, VECTOR_GP},
        {"read the hypervisor", run_read_hypervisor, VECTOR_PF},
        {"write the machine-to-physical table", run_write_m2p, VECTOR_PF},
        {"jump into the hypervisor", run_jump_hypervisor, VECTOR_PF},
        {"read what is not canonical", run_not_canonical, VECTOR_GP},
    };

    for (unsigned int i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        long seen = attack_try(list[i].run, NULL);

        if (seen == VECTOR_UD && list[i].wanted == VECTOR_DB) {
            seen = VECTOR_DB; /* TCG knows no icebp */
        }
        if (seen == ATTACK_RETURNED && list[i].run == run_invd) {
            seen = VECTOR_GP; /* QEMU 10's TCG executes invd, as nothing, in every ring */
        }
        attack_expect(list[i].name, seen, list[i].wanted);
    }
}

/* --- Model-specific registers and ports ----------------------------------------------------------------- */

struct access {
    uint32_t index;
    uint64_t value;
};

static void run_rdmsr(void *argument)
{
    struct access *a = argument;
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(a->index));
    a->value = (uint64_t)high << 32 | low;
}

static void run_wrmsr(void *argument)
{
    const struct access *a = argument;

    __asm__ volatile("wrmsr"
                     :
                     : "a"((uint32_t)a->value), "d"((uint32_t)(a->value >> 32)), "c"(a->index));
}

/* Each is read; what can be read is written with its own value and with nonsense that is not canonical. */
void registers(void)
{
    static const uint32_t ranges[][2] = {
        {0, 0x2000}, {0x40000000, 0x40000100}, {0xc0000000, 0xc0002000}, {0xc0010000, 0xc0012000}};
    unsigned int readable = 0;

    for (unsigned int r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
        for (uint32_t index = ranges[r][0]; index < ranges[r][1]; index++) {
            struct access a = {.index = index};
            long seen = attack_try(run_rdmsr, &a);

            if (seen != VECTOR_GP) {
                attack_expect("rdmsr", seen, ATTACK_RETURNED);
                readable++;
                (void)attack_try(run_wrmsr, &a);
            }
            if (index - 0xc0000100u > 2) { /* not the segments' bases: we live with them */
                a.value = 0xdeadbeefdeadbeef;
                (void)attack_try(run_wrmsr, &a);
            }
        }
    }
    for (uint32_t index = 0xc0000100; index < 0xc0000103; index++) {
        struct access a = {index, NOT_CANONICAL};

        attack_expect("a base that is not canonical", attack_try(run_wrmsr, &a), VECTOR_GP);
    }
    printf("%u registers can be read\n", readable);
    attack_expect("set_segment_base", hypercall_set_segment_base(SEGBASE_FS, NOT_CANONICAL), -22);
}

static void run_in(void *argument)
{
    struct access *a = argument;
    uint8_t value;

    __asm__ volatile("inb %%dx, %0" : "=a"(value) : "d"(a->index));
    a->value = value;
}

static void run_outs(void *argument)
{
    const struct access *a = argument;
    const void *source = a;
    unsigned long count = 1;

    __asm__ volatile("rep outsb" : "+S"(source), "+c"(count) : "d"(a->index) : "memory");
}

void ports(void)
{
    struct physdev_set_iopl iopl = {.iopl = 3};
    struct access a = {0};

    for (uint32_t port = 0; port < 0x10000; port += port < 0x1000 ? 1 : 251) {
        a.index = port;
        attack_expect("in", attack_try(run_in, &a), VECTOR_GP);
    }
    attack_expect("outs", attack_try(run_outs, &a), VECTOR_GP);
    attack_expect("set_iopl", hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    for (uint32_t port = 0; port < 0x1000; port++) {
        a.index = port;
        a.value = 0;
        attack_expect("in with iopl 3", attack_try(run_in, &a), ATTACK_RETURNED);
        attack_expect("what it reads", (long)a.value, 0xff);
    }
    attack_expect("cli with iopl 3", attack_try(run_cli, NULL), ATTACK_RETURNED);
}

/* int n in a page of code: the number is stored there. */
static void run_code(void *argument)
{
    void (*code)(void) = (void (*)(void))argument;

    code();
}

static long int_n(uint8_t vector)
{
    static uint8_t code[3] __attribute__((section(".text.attack"), aligned(16))) = {0xcd, 0, 0xc3};
    static uint8_t *window;

    if (window == NULL) {
        unsigned long mfn = memory_mfn_of(code);

        window = memory_map_frames(&mfn, 1, MEMORY_WRITE, DOMID_SELF, NULL);
        window += (unsigned long)code & 4095;
    }
    window[1] = vector;
    return attack_try(run_code, code);
}

/* int n with gates for ring 0 alone: #GP with the vector in the error code; with gates for everybody: delivered. */
void interrupts(void)
{
    for (unsigned int vector = 0; vector < 256; vector++) {
        long seen = int_n((uint8_t)vector);

        if (vector == 3 || vector == 4) { /* the processor lets them through */
            attack_expect("int 3, int 4", seen, (long)vector);
        } else {
            attack_expect("int n, dpl 0", seen, VECTOR_GP);
        }
    }
    attack_traps(3);
    for (unsigned int vector = 0; vector < 256; vector++) {
        attack_expect("int n, dpl 3", int_n((uint8_t)vector),
                      vector < 32 ? (long)vector : ATTACK_OTHER);
    }
}

/* --- Frames --------------------------------------------------------------------------------------------- */

static char stack[4096] __attribute__((aligned(16)));

static struct iret_context usual_frame(void)
{
    return (struct iret_context){
        .rip = (uint64_t)attack_landing,
        .cs = KERNEL_CS & ~3, /* the two bits: stay in the kernel */
        .rflags = 2,
        .rsp = (uint64_t)(stack + sizeof(stack)),
        .ss = KERNEL_SS,
    };
}

void irets(void)
{
    static const struct {
        const char *name;
        uint64_t cs, ss, rip, flags;
        long wanted;
    } list[] = {
        {"usual", KERNEL_CS & ~3, KERNEL_SS, (uint64_t)attack_landing, 2, ATTACK_RETURNED},
        {"null ss", KERNEL_CS & ~3, 0, (uint64_t)attack_landing, 2, VECTOR_GP},
        {"null cs", 0, KERNEL_SS, (uint64_t)attack_landing, 2, VECTOR_GP},
        {"the hypervisor's cs", 0xe008, KERNEL_SS, (uint64_t)attack_landing, 2, VECTOR_GP},
        {"the hypervisor's ss", KERNEL_CS & ~3, 0xe010, (uint64_t)attack_landing, 2, VECTOR_GP},
        {"cs beyond the table", 0xfff8, KERNEL_SS, (uint64_t)attack_landing, 2, VECTOR_GP},
        {"cs in no ldt", 0x0c, KERNEL_SS, (uint64_t)attack_landing, 2, VECTOR_GP},
        {"cs is a data segment", KERNEL_SS & ~3, KERNEL_SS, (uint64_t)attack_landing, 2, VECTOR_GP},
        {"rip not canonical", KERNEL_CS & ~3, KERNEL_SS, NOT_CANONICAL, 2, VECTOR_GP},
        {"rip in the hypervisor", KERNEL_CS & ~3, KERNEL_SS, IN_HYPERVISOR, 2, VECTOR_PF},
        {"vm flag", KERNEL_CS & ~3, KERNEL_SS, (uint64_t)attack_landing, 0x20002, ATTACK_RETURNED},
        {"nt flag", KERNEL_CS & ~3, KERNEL_SS, (uint64_t)attack_landing, 0x4002, ATTACK_RETURNED},
        {"iopl 3", KERNEL_CS & ~3, KERNEL_SS, (uint64_t)attack_landing, 0x3002, ATTACK_RETURNED},
        {"all flags but tf", KERNEL_CS & ~3, KERNEL_SS, (uint64_t)attack_landing, ~0x100ul,
         ATTACK_RETURNED},
        {"tf flag", KERNEL_CS & ~3, KERNEL_SS, (uint64_t)attack_landing, 0x102, VECTOR_DB},
        {"32-bit code, syscall", CS_32 & ~3, KERNEL_SS, (uint64_t)attack_landing_32, 2, VECTOR_UD},
    };

    for (unsigned int i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        struct iret_context frame = usual_frame();

        frame.cs = list[i].cs;
        frame.ss = list[i].ss;
        frame.rip = list[i].rip;
        frame.rflags = list[i].flags;
        attack_expect(list[i].name, attack_iret(&frame), list[i].wanted);
    }
}

/* Into the hypervisor with every flag that could surprise it, and back with the same. */
static void with_flags(void *argument)
{
    unsigned long flags = (unsigned long)argument, after;

    __asm__ volatile("push %1\n\t"
                     "popfq\n\t"
                     "mov $17, %%eax\n\t" /* xen_version(0) */
                     "xor %%edi, %%edi\n\t"
                     "syscall\n\t"
                     "pushfq\n\t"
                     "pop %0\n\t"
                     "cld"
                     : "=r"(after)
                     : "r"(flags)
                     : "rax", "rdi", "rsi", "rdx", "rcx", "r11", "r8", "r9", "r10", "memory", "cc");
    attack_expect("flags after a hypercall", (long)(after & 0x44400), (long)(flags & 0x44400));
}

void flags_survive(void)
{
    static const unsigned long flags[] = {0x4000, 0x400, 0x40000, 0x44400, 0x44cd5};

    for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        attack_expect("hypercall", attack_try(with_flags, (void *)flags[i]), ATTACK_RETURNED);
    }
    for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        __asm__ volatile("push %0; popfq" : : "r"(flags[i] & ~0x400ul) : "cc");
        attack_expect("exception", attack_try(run_ud2, NULL), VECTOR_UD);
    }
}

static void run_sysret_edge(void *argument)
{
    (void)argument;
    __asm__ volatile("mov $17, %%eax\n\t"
                     "xor %%edi, %%edi\n\t"
                     "movabs $0x7ffffffffffe, %%rbx\n\t"
                     "jmp *%%rbx"
                     :
                     :
                     : "rax", "rbx", "rdi", "rcx", "r11", "memory");
}

/* syscall in the last two bytes of the low half: its return address is not canonical. */
void sysret_edge(void)
{
    struct victim code = victim_page(), tables[3];
    struct mmu_update request;
    unsigned int done;

    code.words[511] = 0x050f000000000000ul;
    for (unsigned int level = 0; level < 3; level++) {
        tables[level] = victim_page();
        tables[level].words[511] = (level == 0 ? code.mfn : tables[level - 1].mfn) << 12 | 7;
    }
    for (unsigned int level = 0; level < 3; level++) {
        attack_expect("a table becomes read-only", victim_map(tables[level], ENTRY_PRESENT), 0);
    }
    request.ptr = memory_machine_address_of((const void *)start_information()->pt_base) + 255 * 8;
    request.val = tables[2].mfn << 12 | 7;
    attack_expect("slot 255", hypercall_mmu_update(&request, 1, &done, DOMID_SELF), 0);
    attack_expect("syscall at the edge", attack_try(run_sysret_edge, NULL), VECTOR_GP);
}

/* --- Debug registers -------------------------------------------------------------------------------------- */

static uint64_t watched = KERNEL_SS;

#define BLOCKED(name, text)                                                                        \
    static void name(void *argument)                                                               \
    {                                                                                              \
        (void)argument;                                                                            \
        __asm__ volatile("mov $17, %%eax; xor %%edi, %%edi; mov watched(%%rip), %%ss; " text       \
                         :                                                                         \
                         :                                                                         \
                         : "rax", "rdi", "rsi", "rdx", "rcx", "r8", "r9", "r10", "r11", "memory"); \
    }
BLOCKED(blocked_syscall, "syscall")
BLOCKED(blocked_int3, "int3")
BLOCKED(blocked_icebp, ".byte 0xf1")
BLOCKED(blocked_int_80, "int $0x80")
BLOCKED(blocked_ud2, "ud2")

void breakpoints(void)
{
    static const struct {
        void (*run)(void *);
        long wanted;
    } list[] = {{blocked_syscall, ATTACK_RETURNED},
                {blocked_int3, VECTOR_BP},
                {blocked_icebp, VECTOR_DB},
                {blocked_int_80, VECTOR_GP},
                {blocked_ud2, VECTOR_UD}};

    __asm__ volatile("" : "+m"(watched));
    attack_expect("DR0 in the hypervisor", hypercall_set_debugreg(0, IN_HYPERVISOR), -1);
    attack_expect("DR0 at the machine-to-physical table",
                  hypercall_set_debugreg(0, 0xffff800000000000), -1);
    attack_expect("DR7.GD", hypercall_set_debugreg(7, 1 << 13), -1);
    attack_expect("register 9", hypercall_set_debugreg(9, 0), -19);
    attack_expect("DR0", hypercall_set_debugreg(0, (unsigned long)&watched), 0);
    attack_expect("DR7", hypercall_set_debugreg(7, 0xf0001 | 0x400), 0);
    for (unsigned int i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        long seen = attack_try(list[i].run, NULL);

        /* A processor may report the breakpoint first: both are right, the hypervisor lives. */
        attack_expect("blocked by mov ss", seen == VECTOR_DB ? list[i].wanted : seen,
                      list[i].wanted);
    }
    attack_expect("DR7 off", hypercall_set_debugreg(7, 0x400), 0);
}

static void step_syscall(void *argument)
{
    (void)argument;
    __asm__ volatile("mov $17, %%eax; xor %%edi, %%edi\n\t"
                     "pushfq; orl $0x100, (%%rsp); popfq\n\t"
                     "syscall\n\t"
                     "nop; nop"
                     :
                     :
                     : "rax", "rdi", "rsi", "rdx", "rcx", "r8", "r9", "r10", "r11", "memory");
}
INSTRUCTION(step_wbinvd, "pushfq; orl $0x100, (%%rsp); popfq; wbinvd; nop")
INSTRUCTION(step_ud2, "pushfq; orl $0x100, (%%rsp); popfq; ud2; nop")
INSTRUCTION(step_cpuid, "pushfq; orl $0x100, (%%rsp); popfq; cpuid; nop")

void single_steps(void)
{
    attack_expect("over a hypercall", attack_try(step_syscall, NULL), VECTOR_DB);
    attack_expect("over an emulated instruction", attack_try(step_wbinvd, NULL), VECTOR_DB);
    attack_expect("over cpuid", attack_try(step_cpuid, NULL), VECTOR_DB);
    attack_expect("onto ud2", attack_try(step_ud2, NULL), VECTOR_UD);
}

/* --- Descriptors ------------------------------------------------------------------------------------------ */

static void load_fs(void *argument)
{
    __asm__ volatile("mov %w0, %%fs" : : "r"((uint32_t)(unsigned long)argument));
}

static void far_call(void *argument)
{
    struct {
        uint32_t offset;
        uint16_t selector;
    } __attribute__((packed))
    target = {(uint32_t)(unsigned long)attack_landing, (uint16_t)(unsigned long)argument};

    __asm__ volatile("lcall *%0" : : "m"(target) : "memory");
}

#define DATA_DPL0  0x00cf92000000fffful /* not accessed */
#define CODE_DPL0  0x00af9a000000fffful
#define CONFORMING 0x00af9e000000fffful
#define CALL_GATE  0x00008c0000000000ul
#define TSS        0x0000890000000067ul
#define INTERRUPT  0x00008e0000000000ul
#define LDT        0x000082000000fffful

void segments(void)
{
    struct victim table = victim_page(), ldt = victim_page();
    unsigned long frame = table.mfn;
    struct mmuext_op set = {.cmd = MMUEXT_SET_LDT};

    attack_expect("set_gdt of a writable page", hypercall_set_gdt(&frame, 512), -22);
    table.words[1] = DATA_DPL0;
    table.words[2] = CODE_DPL0;
    table.words[3] = CONFORMING;
    attack_expect("read-only", victim_map(table, ENTRY_PRESENT), 0);
    attack_expect("set_gdt", hypercall_set_gdt(&frame, 512), 0);
    attack_expect("writable again", victim_map(table, ENTRY_PRESENT | ENTRY_WRITE), -16);
    attack_expect("data of ring 0 is ring 3's", attack_try(load_fs, (void *)0x0b), ATTACK_RETURNED);
    attack_expect("null fs", attack_try(load_fs, (void *)0), ATTACK_RETURNED);
    attack_expect("the hypervisor's data", attack_try(load_fs, (void *)0xe010), VECTOR_GP);
    attack_expect("the hypervisor's tss", attack_try(load_fs, (void *)0xe040), VECTOR_GP);
    attack_expect("a call through code", attack_try(far_call, (void *)0xe008), VECTOR_GP);
    for (unsigned int i = 0; i < 3; i++) {
        static const uint64_t refused[] = {TSS, INTERRUPT, LDT};

        attack_expect("a system descriptor",
                      hypercall_update_descriptor((frame << 12) + 32, refused[i]), -22);
    }
    attack_expect("unaligned", hypercall_update_descriptor((frame << 12) + 33, DATA_DPL0), -22);
    attack_expect("unmapped", victim_map(table, 0), 0);
    attack_expect("a page unmapped after it became the table", attack_try(load_fs, (void *)0x0b),
                  ATTACK_RETURNED);
    attack_expect("null fs", attack_try(load_fs, (void *)0), ATTACK_RETURNED);
    attack_expect("call gate", attack_try(far_call, (void *)0x23), VECTOR_GP);
    ldt.words[1] = DATA_DPL0;
    attack_expect("ldt read-only", victim_map(ldt, ENTRY_PRESENT), 0);
    set.arg1.linear_addr = (unsigned long)ldt.words;
    set.arg2.nr_ents = 8193;
    attack_expect("8193 entries", hypercall_mmuext_op(&set, 1, NULL, DOMID_SELF), -22);
    set.arg2.nr_ents = 512;
    attack_expect("set_ldt", hypercall_mmuext_op(&set, 1, NULL, DOMID_SELF), 0);
    attack_expect("ldt selector", attack_try(load_fs, (void *)0x0f), ATTACK_RETURNED);
    attack_expect("null fs", attack_try(load_fs, (void *)0), ATTACK_RETURNED);
    attack_expect("no gdt", hypercall_set_gdt(NO_FRAMES, 0), 0);
    attack_expect("no frame any more", attack_try(load_fs, (void *)0x0b), VECTOR_GP);
    set.arg1.linear_addr = IN_HYPERVISOR & ~4095ul;
    attack_expect("an ldt in the hypervisor", hypercall_mmuext_op(&set, 1, NULL, DOMID_SELF), -22);
}

/* --- FPU ---------------------------------------------------------------------------------------------------- */

static void bad_xrstor(void *argument)
{
    static uint8_t area[1024] __attribute__((aligned(64)));

    (void)argument;
    memset(area, 0xff, sizeof(area));
    __asm__ volatile("xrstor %0" : : "m"(area), "a"(7), "d"(0));
}

/* The witness keeps 5ec7e75ec7e7.... in xmm13; nothing here ever used it before. */
void fpu_state(void)
{
    uint64_t low, high;

    __asm__ volatile("movq %%xmm13, %0; psrldq $8, %%xmm13; movq %%xmm13, %1"
                     : "=r"(low), "=r"(high));
    attack_expect("xmm13", (long)(low | high), 0);
    attack_expect("xrstor", attack_try(bad_xrstor, NULL), VECTOR_GP);
    __asm__ volatile("movq %0, %%xmm13" : : "r"(0xdeadbeefdeadbeeful));
}
