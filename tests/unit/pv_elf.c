/* SPDX-License-Identifier: MIT */
/* The ELF reader: three forms of notes, layouts, and 200,000 damaged images (attack 47). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <public/elfnote.h>
#include <public/errno.h>

#include "xenlike/domain/dom0_layout.h"
#include "xenlike/domain/elf_image.h"

#define SIZE 4096

static uint8_t image[SIZE];
static struct elf_image parsed;
static const char *reason;

static void put(size_t offset, uint64_t value, size_t size)
{
    memcpy(image + offset, &value, size);
}

static size_t note_end;

static void note(uint32_t type, const void *value, uint32_t size)
{
    put(note_end, 4, 4);
    put(note_end + 4, size, 4);
    put(note_end + 8, type, 4);
    memcpy(image + note_end + 12, "Xen", 4);
    memcpy(image + note_end + 16, value, size);
    note_end += 16 + ((size + 3) & ~3u);
    put(64 + 56 + 32, note_end - 512, 8);
}

static void number_note(uint32_t type, uint64_t value)
{
    note(type, &value, 8);
}

static void program_header(unsigned int i, uint32_t type, uint64_t offset, uint64_t address,
                           uint64_t file_size, uint64_t memory_size)
{
    size_t at = 64 + i * 56u;

    put(at, type, 4);
    put(at + 8, offset, 8);
    put(at + 16, 0xbad0bad0, 8); /* p_vaddr is never used */
    put(at + 24, address, 8);
    put(at + 32, file_size, 8);
    put(at + 40, memory_size, 8);
}

/* One segment at 1 MiB, notes at 512. */
static void make(void)
{
    static const uint8_t head[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    memset(image, 0, sizeof(image));
    memcpy(image, head, sizeof(head));
    put(18, 62, 2);
    put(24, 0x100010, 8);
    put(32, 64, 8);
    put(54, 56, 2);
    put(56, 2, 2);
    program_header(0, 1, 1024, 0x100000, 1000, 0x3000);
    program_header(1, 4, 512, 0, 0, 0);
    note_end = 512;
    note(XEN_ELFNOTE_LOADER, "generic", 8);
}

static int parse(void)
{
    return elf_image_parse(&parsed, image, sizeof(image), &reason);
}

Test(elf_image, a_low_kernel, .init = make)
{
    struct elf_segment segment;

    cr_assert_eq(parse(), 0, "%s", reason);
    cr_expect_eq(parsed.virt_base, 0);
    cr_expect_eq(parsed.entry, 0x100010);
    cr_expect_eq(parsed.load_start, 0x100000);
    cr_expect_eq(parsed.load_end, 0x103000);
    cr_assert(elf_image_segment(&parsed, 0, &segment));
    cr_expect_eq(segment.file_size, 1000);
    cr_expect(!elf_image_segment(&parsed, 1, &segment));
}

Test(elf_image, a_high_kernel_loads_by_p_paddr, .init = make)
{
    number_note(XEN_ELFNOTE_VIRT_BASE, 0xffffffff80000000);
    number_note(XEN_ELFNOTE_ENTRY, 0xffffffff80100000);
    number_note(XEN_ELFNOTE_INIT_P2M, 0x8000000000);
    number_note(XEN_ELFNOTE_MOD_START_PFN, 1);
    number_note(XEN_ELFNOTE_HYPERCALL_PAGE, 0xffffffff80101000);
    note(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb", 42);
    cr_assert_eq(parse(), 0, "%s", reason);
    cr_expect_eq(parsed.load_start, 0xffffffff80100000);
    cr_expect(parsed.has_init_p2m && parsed.initrd_by_frame && parsed.has_hypercall_page);
    cr_expect_eq(parsed.init_p2m, 0x8000000000);
}

Test(elf_image, the_legacy_form, .init = make)
{
    static const char text[] = "GUEST_OS=x,VIRT_BASE=0x40000000,HYPERCALL_PAGE=0x2,LOADER=generic";

    put(64 + 56, 0, 4); /* no PT_NOTE */
    put(24, 0x40000010, 8);
    program_header(0, 1, 1024, 0x40000000, 1000, 0x3000);
    put(40, 2048, 8); /* section headers: a null one, __xen_guest, names */
    put(58, 64, 2);
    put(60, 3, 2);
    put(62, 2, 2);
    put(2048 + 64, 1, 4);
    put(2048 + 64 + 24, 3000, 8);
    put(2048 + 64 + 32, sizeof(text), 8);
    put(2048 + 128 + 24, 3500, 8);
    put(2048 + 128 + 32, 64, 8);
    memcpy(image + 3000, text, sizeof(text));
    memcpy(image + 3501, "__xen_guest", 12);
    cr_assert_eq(parse(), 0, "%s", reason);
    cr_expect_eq(parsed.load_start, 0x40000000, "PADDR_OFFSET is VIRT_BASE there");
    cr_expect_eq(parsed.hypercall_page, 0x40002000);
}

Test(elf_image, refusals_have_a_reason, .init = make)
{
    note(XEN_ELFNOTE_FEATURES, "!unheard_of", 12);
    cr_expect_eq(parse(), -XEN_ENOEXEC);
    cr_expect_not_null(strstr(reason, "feature"));
    make();
    note(XEN_ELFNOTE_LOADER, "special", 8);
    cr_expect_eq(parse(), -XEN_ENOEXEC);
    make();
    number_note(XEN_ELFNOTE_SUPPORTED_FEATURES, 1);
    cr_expect_eq(parse(), -XEN_ENOEXEC, "no bit dom0");
    make();
    memcpy(image + 512 + 12, "Yen", 3);
    cr_expect_eq(parse(), -XEN_ENOEXEC);
    make();
    put(64 + 40, 1ull << 63, 8);
    cr_expect_eq(parse(), -XEN_ENOEXEC, "p_memsz 2^63");
    make();
    put(64 + 32, 4000, 8);
    cr_expect_eq(parse(), -XEN_ENOEXEC, "a segment beyond the file");
    make();
    put(24, 0x200000, 8);
    cr_expect_eq(parse(), -XEN_ENOEXEC, "entry outside");
    make();
    put(512 + 4, 0xffffffff, 4);
    cr_expect_eq(parse(), -XEN_ENOEXEC, "note of length -1");
    cr_expect_eq(elf_image_parse(&parsed, image, 10, &reason), -XEN_ENOEXEC);
}

Test(elf_image, EL1_damaged_images_never_read_outside)
{
    srand(4);
    for (int round = 0; round < 200000; round++) {
        size_t size = (size_t)(rand() % SIZE) + 1;
        uint8_t *copy;
        struct elf_segment segment;

        make();
        number_note(XEN_ELFNOTE_VIRT_BASE, 0x1000);
        put(40, 2048, 8);
        put(58, 64, 2);
        put(60, 4, 2);
        for (int i = rand() % 6; i >= 0; i--) {
            put((size_t)(rand() % 700), (uint64_t)rand() << (rand() % 33), (size_t)1 << rand() % 4);
        }
        size = round % 3 == 0 ? size : SIZE;
        copy = malloc(size); /* exactly as large: the sanitizer sees each byte too far */
        memcpy(copy, image, size);
        if (elf_image_parse(&parsed, copy, size, &reason) == 0) {
            for (uint32_t i = 0; i < parsed.nr_program_headers; i++) {
                if (elf_image_segment(&parsed, i, &segment)) {
                    cr_assert_leq(segment.offset + segment.file_size, size);
                    cr_assert_geq(segment.address, parsed.load_start);
                    cr_assert_leq(segment.address + segment.memory_size, parsed.load_end);
                }
            }
        } else {
            cr_assert_not_null(reason);
        }
        free(copy);
    }
}

Test(dom0_layout, DL1_parts_follow_each_other_and_fit, .init = make)
{
    struct dom0_layout layout;

    cr_assert_eq(parse(), 0);
    for (uint64_t pages = 1024; pages < 1 << 22; pages = pages * 3 / 2) {
        for (uint64_t initrd = 0; initrd < 20000; initrd += 3001) {
            dom0_layout_plan(&layout, &parsed, initrd, pages);
            cr_assert_eq(layout.initrd_pfn, 0x103);
            cr_assert_eq(layout.p2m_pfn, layout.initrd_pfn + initrd);
            cr_assert_eq(layout.start_info_pfn, layout.p2m_pfn + layout.p2m_pages);
            cr_assert_eq(layout.table_pfn, layout.start_info_pfn + 1);
            cr_assert_eq(layout.stack_pfn, layout.table_pfn + layout.nr_tables);
            cr_assert_geq(layout.mapped_pages, layout.stack_pfn + 1 + 128);
            cr_assert_eq(layout.mapped_pages % 1024, 0);
            cr_assert_geq(layout.nr_tables, 3 + (layout.mapped_pages + 511) / 512);
        }
    }
}
