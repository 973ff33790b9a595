/* SPDX-License-Identifier: MIT */
/* The kernel image parser: the three forms of notes, and hostile files (attacks: malformed ELF). */
#include <criterion/criterion.h>
#include <elf.h>
#include <string.h>

#include "dom0-tools/libpv/kernel_image.h"

/* A small image in memory: headers at 0, notes at 0x200, section table at 0x400, names at 0x600. */
enum { NOTES_AT = 0x200, SECTIONS_AT = 0x400, NAMES_AT = 0x600, CODE_AT = 0x800, SIZE = 0x1000 };

static uint8_t bytes[SIZE];
static size_t notes_size;
static struct kernel_image image;
static struct error error;

static int read_bytes(void *context, uint64_t offset, void *buffer, size_t count)
{
    (void)context;
    cr_assert(offset <= SIZE && count <= SIZE - offset, "read beyond the file");
    memcpy(buffer, bytes + offset, count);
    return 0;
}

static int parse(void)
{
    struct image_source source = {read_bytes, NULL, SIZE};

    error.code = ERROR_NONE;
    return kernel_image_parse(&source, &image, &error);
}

static void note(uint32_t type, const void *value, uint32_t size)
{
    uint32_t header[3] = {4, size, type};
    uint8_t *at = bytes + NOTES_AT + notes_size;

    memcpy(at, header, sizeof(header));
    memcpy(at + 12, "Xen", 4);
    memcpy(at + 16, value, size);
    notes_size += 16 + ((size + 3) & ~3u);
}

static Elf64_Ehdr *header(void)
{
    return (Elf64_Ehdr *)(void *)bytes;
}

static Elf64_Phdr *program(int index)
{
    return (Elf64_Phdr *)(void *)(bytes + sizeof(Elf64_Ehdr)) + index;
}

static Elf64_Shdr *section(int index)
{
    return (Elf64_Shdr *)(void *)(bytes + SECTIONS_AT) + index;
}

/* An image without notes; each test adds its own. */
static void blank(void)
{
    memset(bytes, 0, sizeof(bytes));
    notes_size = 0;
    memcpy(header()->e_ident, ELFMAG "\2\1\1", 7);
    header()->e_type = ET_EXEC;
    header()->e_machine = EM_X86_64;
    header()->e_phoff = sizeof(Elf64_Ehdr);
    header()->e_phentsize = sizeof(Elf64_Phdr);
    header()->e_shentsize = sizeof(Elf64_Shdr);
    header()->e_phnum = 1;
    header()->e_entry = 0x100000;
    *program(0) = (Elf64_Phdr){.p_type = PT_LOAD,
                               .p_offset = CODE_AT,
                               .p_paddr = 0x100000,
                               .p_vaddr = 0xdead000,
                               .p_filesz = 0x800,
                               .p_memsz = 0x3000};
}

static void note_segment(void)
{
    header()->e_phnum = 2;
    *program(1) = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTES_AT, .p_filesz = notes_size};
}

static void like_linux(void)
{
    uint64_t base = 0xffffffff80000000, entry = 0xffffffff80100123, p2m = 0x8000000000;
    uint32_t one = 1, features = 0x8801;

    blank();
    note(6, "linux", 6);
    note(5, "xen-3.0", 8);
    note(8, "generic", 8);
    note(3, &base, 8);
    note(1, &entry, 8);
    note(15, &p2m, 8);
    note(16, &one, 4);
    note(17, &features, 4);
    note(10, "!writable_page_tables|pae_pgdir_above_4gb", 42);
    note_segment();
}

Test(kernel_image, notes_of_a_segment_are_read_and_load_addresses_are_physical)
{
    like_linux();
    cr_assert_eq(parse(), 0, "%s %s", error.what, error.why);
    cr_assert_eq(image.virt_base, 0xffffffff80000000);
    cr_assert_eq(image.entry, 0xffffffff80100123);
    cr_assert(image.has_init_p2m && image.init_p2m == 0x8000000000);
    cr_assert(image.module_by_pfn);
    cr_assert_eq(image.supported_features & 0x8801, 0x8801);
    cr_assert_eq(image.required_features, 1);
    cr_assert_eq(image.segments[0].address, 0xffffffff80100000);
    cr_assert_eq(image.end, 0xffffffff80103000);
}

Test(kernel_image, notes_of_a_section_serve_when_no_segment_has_any)
{
    uint32_t page = 0x101000;

    blank();
    note(5, "xen-3.0", 8);
    note(2, &page, 4);
    header()->e_shoff = SECTIONS_AT;
    header()->e_shnum = 2;
    section(1)->sh_type = SHT_NOTE;
    section(1)->sh_offset = NOTES_AT;
    section(1)->sh_size = notes_size;
    cr_assert_eq(parse(), 0, "%s %s", error.what, error.why);
    cr_assert(image.has_hypercall_page && image.hypercall_page == 0x101000);
    cr_assert_eq(image.entry, 0x100000);
}

static void legacy(const char *text)
{
    blank();
    header()->e_shoff = SECTIONS_AT;
    header()->e_shnum = 2;
    memcpy(bytes + NAMES_AT, "\0__xen_guest", 13);
    section(0)->sh_type = SHT_STRTAB;
    section(0)->sh_offset = NAMES_AT;
    section(0)->sh_size = 13;
    section(1)->sh_type = SHT_PROGBITS;
    section(1)->sh_name = 1;
    section(1)->sh_offset = NOTES_AT;
    section(1)->sh_size = strlen(text) + 1;
    memcpy(bytes + NOTES_AT, text, strlen(text) + 1);
}

Test(kernel_image, the_old_section_serves_and_its_base_is_its_physical_offset)
{
    legacy(
        "GUEST_OS=GNU Mach,XEN_VER=xen-3.0,VIRT_BASE=0x40000000,HYPERCALL_PAGE=0x2,LOADER=generic");
    program(0)->p_paddr = 0x40000000;
    header()->e_entry = 0x40000000;
    cr_assert_eq(parse(), 0, "%s %s", error.what, error.why);
    cr_assert_eq(image.segments[0].address, 0x40000000);
    cr_assert_eq(image.hypercall_page, 0x40002000);
}

Test(kernel_image, each_refusal_has_its_code)
{
    blank();
    cr_assert_eq(parse(), -1);
    cr_assert_eq(error.code, ERROR_KERNEL_NO_NOTES);
    like_linux();
    bytes[0] = 0;
    cr_assert_eq(parse(), -1);
    cr_assert_eq(error.code, ERROR_KERNEL_NOT_ELF);
    like_linux();
    header()->e_machine = EM_386;
    cr_assert_eq(parse(), -1);
    cr_assert_eq(error.code, ERROR_KERNEL_NOT_ELF);
    like_linux();
    note(8, "other", 6);
    note_segment();
    cr_assert_eq(parse(), -1);
    cr_assert_eq(error.code, ERROR_KERNEL_UNSUPPORTED);
    like_linux();
    note(10, "!no_such_feature", 17);
    note_segment();
    cr_assert_eq(parse(), -1);
    cr_assert_eq(error.code, ERROR_KERNEL_UNSUPPORTED);
    like_linux();
    note(1, "abc", 3);
    note_segment();
    cr_assert_eq(parse(), -1);
    cr_assert_eq(error.code, ERROR_KERNEL_MALFORMED);
}

Test(kernel_image, sizes_and_offsets_that_lie_are_malformed)
{
    static const struct {
        size_t offset;
        uint64_t value;
    } lies[] = {
        {offsetof(Elf64_Phdr, p_offset), SIZE - 1},  {offsetof(Elf64_Phdr, p_offset), UINT64_MAX},
        {offsetof(Elf64_Phdr, p_filesz), 0x4000},    {offsetof(Elf64_Phdr, p_memsz), 1ull << 63},
        {offsetof(Elf64_Phdr, p_memsz), 0x10},       {offsetof(Elf64_Phdr, p_paddr), 1ull << 40},
        {offsetof(Elf64_Phdr, p_paddr), UINT64_MAX},
    };

    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        like_linux();
        memcpy((uint8_t *)program(0) + lies[i].offset, &lies[i].value, 8);
        cr_assert_eq(parse(), -1, "lie %zu", i);
        cr_assert_eq(error.code, ERROR_KERNEL_MALFORMED);
    }
    like_linux();
    header()->e_phoff = UINT64_MAX - 8;
    cr_assert_eq(parse(), -1);
    like_linux();
    program(1)->p_filesz = UINT64_MAX;
    cr_assert_eq(parse(), -1);
    like_linux();
    memset(bytes + NOTES_AT, 0xff, 8); /* name and value sizes of 2^32 - 1 */
    cr_assert_eq(parse(), -1);
    like_linux();
    header()->e_phnum = 65535;
    cr_assert_eq(parse(), -1);
}

Test(kernel_image, random_damage_is_survived_and_what_is_accepted_keeps_IMG1)
{
    uint64_t state = 42;

    for (int round = 0; round < 100000; round++) {
        if (round % 2 == 0) {
            like_linux();
        } else {
            legacy("VIRT_BASE=0x0,XEN_VER=xen-3.0");
        }
        for (int edit = 0; edit < 4; edit++) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            bytes[(state >> 20) % (edit == 0 ? 176 : CODE_AT)] = (uint8_t)(state >> 50);
        }
        if (parse() < 0) {
            cr_assert_neq(error.code, ERROR_NONE);
            continue;
        }
        cr_assert_leq(image.start, image.entry);
        cr_assert_lt(image.entry, image.end);
        for (size_t i = 0; i < image.nr_segments; i++) {
            const struct kernel_segment *segment = &image.segments[i];

            cr_assert_leq(segment->file_bytes, segment->memory_bytes);
            cr_assert_leq(segment->file_offset + segment->file_bytes, SIZE);
            cr_assert_geq(segment->address, image.virt_base);
            cr_assert_leq(segment->address + segment->memory_bytes, image.end);
        }
    }
}
