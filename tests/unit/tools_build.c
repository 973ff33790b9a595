/* SPDX-License-Identifier: MIT */
/*
 * The domain builder against a fake hypervisor: what a guest finds at its start of day, and that a
 * failure at any step leaves nothing behind.
 */
#include <criterion/criterion.h>
#include <elf.h>
#include <string.h>

#include <public/xen.h>
#include <public/errno.h>
#include <public/grant_table.h>

#include "dom0-tools/libpv/domain_build.h"
#include "tests/fake/fake_seam.h"

enum { IMAGE_SIZE = 0x3000, CODE_AT = 0x1000, PAGES = 1024, RAMDISK_SIZE = 5000 };

static uint8_t image[IMAGE_SIZE];
static uint8_t ramdisk[RAMDISK_SIZE];
static bool source_fails;

static int read_source(void *context, uint64_t offset, void *buffer, size_t bytes)
{
    if (source_fails && offset >= CODE_AT) {
        return -1;
    }
    memcpy(buffer, (uint8_t *)context + offset, bytes);
    return 0;
}

static void make_image(void)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)image;
    Elf64_Phdr *program = (Elf64_Phdr *)(void *)(image + sizeof(*header));
    uint32_t *note = (uint32_t *)(void *)(image + 0x400);

    memset(image, 0, sizeof(image));
    memcpy(header->e_ident, ELFMAG "\2\1\1", 7);
    header->e_type = ET_EXEC;
    header->e_machine = EM_X86_64;
    header->e_phoff = sizeof(*header);
    header->e_phentsize = sizeof(*program);
    header->e_phnum = 3;
    header->e_entry = 0x100010;
    /* Two segments that share a page, the second with a BSS. */
    program[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                              .p_offset = CODE_AT,
                              .p_paddr = 0x100000,
                              .p_filesz = 0x800,
                              .p_memsz = 0x800};
    program[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                              .p_offset = CODE_AT + 0x800,
                              .p_paddr = 0x100900,
                              .p_filesz = 0x1000,
                              .p_memsz = 0x5000};
    program[2] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = 0x400, .p_filesz = 44};
    note[0] = 4;
    note[1] = 8;
    note[2] = 5; /* XEN_VERSION */
    memcpy(note + 3, "Xen\0xen-3.0", 12);
    note[6] = 4;
    note[7] = 4;
    note[8] = 2; /* HYPERCALL_PAGE */
    memcpy(note + 9, "Xen", 4);
    note[10] = 0x102000;
    memset(image + CODE_AT, 0x11, 0x800);
    memset(image + CODE_AT + 0x800, 0x22, 0x1000);
    memset(ramdisk, 0x33, sizeof(ramdisk));
}

static struct domain_request request;
static struct domain_built built;
static struct error error;

static int build(void)
{
    make_image();
    memset(&error, 0, sizeof(error));
    request = (struct domain_request){
        .name = "test",
        .kernel = {read_source, image, IMAGE_SIZE},
        .ramdisk = {read_source, ramdisk, RAMDISK_SIZE},
        .command_line = "one two",
        .memory_kib = PAGES * 4,
        .max_memory_kib = PAGES * 4,
        .limits = {.max_vcpus = 1},
    };
    return domain_build(&request, &built, &error);
}

/* The frame behind a guest address, through the guest's own page tables. */
static uint8_t *at(uint64_t address, bool *writable)
{
    uint64_t mfn = fake_machine.domains[built.domid].cr3 >> 12;

    for (int level = 3; level >= 0; level--) {
        uint64_t entry;

        memcpy(&entry, fake_seam_frame(mfn) + (address >> (12 + 9 * level) & 511) * 8, 8);
        cr_assert((entry & 1) != 0, "%lx is not mapped", (unsigned long)address);
        mfn = entry >> 12 & 0xffffffffff;
        *writable = (entry & 2) != 0;
    }
    return fake_seam_frame(mfn) + (address & 4095);
}

Test(domain_build, a_guest_finds_its_start_of_day)
{
    const struct fake_domain *domain;
    const struct start_info *info;
    bool writable;

    fake_seam_reset();
    cr_assert_eq(build(), 0, "%s: %s", error.what, error.why);
    domain = &fake_machine.domains[built.domid];
    cr_assert_eq(fake_machine.nr_mapped, 0);
    cr_assert(domain->pinned && domain->has_context);
    cr_assert_eq(domain->cr3 >> 12, domain->root_mfn);
    cr_assert_eq(domain->rip, 0x100010);
    cr_assert_eq(domain->cs, 0xe033);
    cr_assert_eq(domain->ss, 0xe02b);
    info = (const struct start_info *)(void *)at(domain->rsi, &writable);
    cr_assert_str_eq(info->magic, "xen-3.0-x86_64");
    cr_assert_eq(info->nr_pages, PAGES);
    cr_assert_eq(info->shared_info, domain->shared_mfn << 12);
    cr_assert_eq(info->flags, 0);
    cr_assert_str_eq((const char *)info->cmd_line, "one two");
    cr_assert_eq(info->mod_len, RAMDISK_SIZE);
    cr_assert_eq(*at(info->mod_start, &writable), 0x33);
    cr_assert_eq(*at(info->mod_start + RAMDISK_SIZE, &writable), 0);
    cr_assert_eq(domain->rsp & 4095, 0);
    at(domain->rsp - 8, &writable);
    cr_assert(writable);
    at(info->pt_base, &writable);
    cr_assert(!writable);
    cr_assert_eq(domain->hypercall_mfn,
                 (uint64_t)(at(0x102000, &writable) - fake_machine.frames[0]) / 4096 +
                     FAKE_FIRST_MFN);
}

Test(domain_build, segments_that_share_a_page_are_both_there_and_the_rest_is_zero)
{
    bool writable;

    fake_seam_reset();
    cr_assert_eq(build(), 0);
    cr_assert_eq(*at(0x1007ff, &writable), 0x11);
    cr_assert_eq(*at(0x100800, &writable), 0);
    cr_assert_eq(*at(0x100900, &writable), 0x22);
    cr_assert_eq(*at(0x1018ff, &writable), 0x22);
    cr_assert_eq(*at(0x101900, &writable), 0);
    cr_assert_eq(*at(0x1058ff, &writable), 0);
    cr_assert_eq(*at(0, &writable), 0);
    cr_assert(writable);
}

Test(domain_build, the_p2m_names_every_frame_once)
{
    const struct start_info *info;
    bool writable, seen[FAKE_FRAMES] = {false};

    fake_seam_reset();
    cr_assert_eq(build(), 0);
    info = (const struct start_info *)(void *)at(fake_machine.domains[built.domid].rsi, &writable);
    for (uint64_t pfn = 0; pfn < PAGES; pfn++) {
        uint64_t mfn;

        memcpy(&mfn, at(info->mfn_list + pfn * 8, &writable), 8);
        cr_assert(!seen[mfn - FAKE_FIRST_MFN]);
        seen[mfn - FAKE_FIRST_MFN] = true;
    }
}

Test(domain_build, the_rings_are_granted_and_events_start_masked)
{
    const struct fake_domain *domain;
    const grant_entry_v1_t *grants;
    const shared_info_t *shared;
    const struct start_info *info;
    bool writable;

    fake_seam_reset();
    cr_assert_eq(build(), 0);
    domain = &fake_machine.domains[built.domid];
    grants = (const grant_entry_v1_t *)(void *)fake_seam_frame(domain->grant_mfn);
    shared = (const shared_info_t *)(void *)fake_seam_frame(domain->shared_mfn);
    info = (const struct start_info *)(void *)at(domain->rsi, &writable);
    cr_assert_eq(grants[0].flags, GTF_permit_access);
    cr_assert_eq(grants[0].frame, info->console.domU.mfn);
    cr_assert_eq(grants[1].frame, info->store_mfn);
    cr_assert_eq(info->store_evtchn, built.store_port);
    cr_assert_eq(info->console.domU.evtchn, built.console_port);
    cr_assert_neq(built.store_port, built.console_port);
    for (int i = 0; i < 32; i++) {
        cr_assert_eq(shared->vcpu_info[i].evtchn_upcall_mask, 1);
    }
}

Test(domain_build, a_failure_at_any_step_leaves_no_domain_and_no_mapping)
{
    size_t steps, failures = 0;

    fake_seam_reset();
    cr_assert_eq(build(), 0);
    steps = fake_machine.nr_calls;
    cr_assert_gt(steps, 15);
    for (size_t step = 1; step <= steps; step++) {
        fake_seam_reset();
        fake_machine.fail_at = step;
        fake_machine.fail_with = step % 2 == 0 ? -XEN_ENOMEM : -XEN_EINVAL;
        cr_assert_eq(build(), -1, "step %zu", step);
        cr_assert_neq(error.code, ERROR_NONE);
        cr_assert_eq(fake_seam_domains(), 0, "step %zu left a domain", step);
        cr_assert_eq(fake_machine.nr_mapped, 0, "step %zu left a mapping", step);
        failures++;
    }
    cr_assert_eq(failures, steps);
}

Test(domain_build, an_image_that_ends_early_leaves_no_domain)
{
    fake_seam_reset();
    source_fails = true;
    cr_assert_eq(build(), -1);
    source_fails = false;
    cr_assert_eq(error.code, ERROR_KERNEL_UNREADABLE);
    cr_assert_eq(fake_seam_domains(), 0);
}
