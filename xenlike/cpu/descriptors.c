/* SPDX-License-Identifier: MIT */
/*
 * Descriptors. Each CPU sees a 16-page GDT at its own address: pages 0-13 are frames of the running guest or, where it has
 * none, a page of zeroes (a null descriptor faults, an absent page would stop us); page 14 is ours.
 *
 * The LDT has such a window, too.
 *
 * Owns: the IDT, each CPU's windows. Invariant: DT1 a guest frame is shown only while its vCPU is `current` or nobody else has
 * run since, and it keeps a seg_desc type for as long as the vCPU names it (pv_segments.c). Guest ABI: FLAT_* selectors (T10).
 */
#include "descriptors.h"

#include "../boot/paging.h"
#include "../domain/vcpu.h"
#include "../lib/check.h"
#include "../mm/frame_alloc.h"
#include "entry.h"
#include "percpu.h"
#include "registers.h"

#define NR_VECTORS 256

/* Intel SDM 3A, 3.4.5: flat segments; the access byte is 9a/9b code, 92/93 data, + 60 for DPL 3. */
#define SEGMENT_HV_CODE     UINT64_C(0x00af9b000000ffff)
#define SEGMENT_HV_DATA     UINT64_C(0x00cf93000000ffff)
#define SEGMENT_USER_CODE32 UINT64_C(0x00cffb000000ffff)
#define SEGMENT_USER_DATA   UINT64_C(0x00cff3000000ffff)
#define SEGMENT_USER_CODE64 UINT64_C(0x00affb000000ffff)
#define TYPE_LDT            0x82
#define TYPE_TSS            0x89

/* RFLAGS that syscall clears: all that could surprise the hypervisor. */
#define SYSCALL_CLEARS \
    (RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC | RFLAGS_RF)

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
_Static_assert(sizeof(struct gate) == 16, "an IDT gate");

struct table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static struct gate idt[NR_VECTORS] __attribute__((aligned(4096)));
static mfn_t zero_frame;

static uint64_t cpu_area(unsigned int cpu)
{
    return PERCPU_START + (uint64_t)cpu * PERCPU_STRIDE;
}

static void gate_set(unsigned int vector, uint8_t ist, uint8_t dpl)
{
    uint64_t target = (uint64_t)entry_gates + vector * ENTRY_GATE_SIZE;

    idt[vector] = (struct gate){
        .offset_low = (uint16_t)target,
        .selector = HV_CS,
        .ist = ist,
        .type = (uint8_t)(0x8e | dpl << 5), /* present, 64-bit interrupt gate */
        .offset_middle = (uint16_t)(target >> 16),
        .offset_high = (uint32_t)(target >> 32),
    };
}

static void idt_init(void)
{
    for (unsigned int vector = 0; vector < NR_VECTORS; vector++) {
        gate_set(vector, 0, 0);
    }
    gate_set(2, 1, 0);
    gate_set(18, 2, 0);
    gate_set(8, 3, 0);
    gate_set(1, 4, 0);
    gate_set(3, 0, 3);
    gate_set(4, 0, 3);
}

/* A system descriptor takes two entries. */
static void system_descriptor(uint64_t *entry, uint64_t base, uint32_t limit, uint8_t type)
{
    entry[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | (uint64_t)type << 40 |
               (uint64_t)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
    entry[1] = base >> 32;
}

static uint64_t *own_gdt(void)
{
    uint64_t page = cpu_area(cpu_local()->id) + PERCPU_GDT + GDT_HV_OFFSET;

    return (uint64_t *)page;
}

static uint64_t *own_descriptor(uint32_t selector)
{
    return own_gdt() + (selector - GDT_HV_OFFSET) / 8;
}

/* A page of zeroes, or a guest frame: the processor marks its descriptors accessed, hence writable. */
static void window_show_page(struct descriptor_window *window, unsigned int page, mfn_t mfn)
{
    window->shown[page] = mfn;
    if (mfn_valid_value(mfn)) {
        window->used |= 1u << page;
        window->entries[page] =
            pte_make(mfn, PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX);
    } else {
        window->used &= ~(1u << page);
        window->entries[page] = pte_make(zero_frame, PTE_PRESENT | PTE_ACCESSED | PTE_NX);
    }
}

static void window_create(struct descriptor_window *window, uint64_t address, unsigned int pages)
{
    window->entries = paging_entry(address);
    for (unsigned int page = 0; page < pages; page++) {
        window_show_page(window, page, INVALID_MFN);
    }
}

/* Shows frames for that many descriptors; writes only the entries that differ. */
static void window_show(struct descriptor_window *window, uint64_t address, const mfn_t *frames,
                        uint32_t descriptors)
{
    unsigned int wanted = (descriptors + 511) / 512;

    for (unsigned int page = 0; page < wanted || window->used >> page != 0; page++) {
        mfn_t mfn = page < wanted ? frames[page] : INVALID_MFN;

        if (!mfn_equal(mfn, window->shown[page])) {
            window_show_page(window, page, mfn);
            invalidate_page(address + page * PAGE_SIZE);
        }
    }
}

static void gdt_create(struct cpu_local *local)
{
    uint64_t window = cpu_area(local->id) + PERCPU_GDT;
    mfn_t own = frame_alloc_one();

    CHECK(mfn_valid_value(own));
    window_create(&local->gdt, window, GDT_WINDOW_PAGES);
    window_create(&local->ldt, cpu_area(local->id) + PERCPU_LDT, LDT_WINDOW_PAGES);
    *paging_entry(window + GDT_HV_OFFSET) =
        pte_make(own, PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL | PTE_NX);
    *own_descriptor(HV_CS) = SEGMENT_HV_CODE;
    *own_descriptor(HV_SS) = SEGMENT_HV_DATA;
    *own_descriptor(FLAT_RING3_CS32 & ~7u) = SEGMENT_USER_CODE32;
    *own_descriptor(FLAT_RING3_SS32 & ~7u) = SEGMENT_USER_DATA;
    *own_descriptor(FLAT_RING3_CS64 & ~7u) = SEGMENT_USER_CODE64;
    system_descriptor(own_descriptor(HV_TSS), (uint64_t)&local->tss, sizeof(local->tss) - 1,
                      TYPE_TSS);
}

static void load_tables(struct cpu_local *local)
{
    struct table_register gdtr = {GDT_HV_OFFSET + PAGE_SIZE - 1, cpu_area(local->id) + PERCPU_GDT};
    struct table_register idtr = {sizeof(idt) - 1, (uint64_t)idt};

    __asm__ volatile("lgdt %0" : : "m"(gdtr));
    __asm__ volatile("lidt %0" : : "m"(idtr));
    __asm__ volatile("mov %w0, %%ss" : : "r"(HV_SS));
    /* A far return is the way to load cs in 64-bit mode. */
    __asm__ volatile("push %0\n\t"
                     "lea 1f(%%rip), %%rax\n\t"
                     "push %%rax\n\t"
                     "lretq\n"
                     "1:"
                     :
                     : "i"(HV_CS)
                     : "rax", "memory");
    __asm__ volatile("ltr %w0" : : "r"(HV_TSS));
    __asm__ volatile("lldt %w0" : : "r"(0));
}

void descriptors_init_cpu(void)
{
    struct cpu_local *local = cpu_local();
    uint64_t stub = cpu_area(local->id) + PERCPU_STUB;

    if (local->id == 0) {
        zero_frame = frame_alloc_one();
        CHECK(mfn_valid_value(zero_frame));
        idt_init();
    }
    gdt_create(local);
    load_tables(local);
    write_msr(MSR_STAR, (uint64_t)STAR_USER << 48 | (uint64_t)HV_CS << 32);
    write_msr(MSR_LSTAR, stub);
    write_msr(MSR_CSTAR, stub + entry_stub_compat);
    write_msr(MSR_SYSCALL_MASK, SYSCALL_CLEARS);
    write_msr(MSR_SYSENTER_CS, 0);
}

void machine_load_gdt(const struct vcpu *v)
{
    struct cpu_local *local = cpu_local();

    window_show(&local->gdt, cpu_area(local->id) + PERCPU_GDT, v->pv.gdt_frames, v->pv.gdt_entries);
}

void machine_load_ldt(const struct vcpu *v)
{
    struct cpu_local *local = cpu_local();
    uint64_t window = cpu_area(local->id) + PERCPU_LDT;

    if ((v->pv.ldt_entries | local->ldt.used) != 0) {
        window_show(&local->ldt, window, v->pv.ldt_frames, v->pv.ldt_entries);
    }
    if (v->pv.ldt_entries == 0) {
        if (local->ldt_loaded != 0) {
            local->ldt_loaded = 0;
            __asm__ volatile("lldt %w0" : : "r"(0));
        }
        return;
    }
    system_descriptor(own_descriptor(HV_LDT), window, v->pv.ldt_entries * 8 - 1, TYPE_LDT);
    local->ldt_loaded = 1;
    __asm__ volatile("lldt %w0" : : "r"(HV_LDT) : "memory");
}
