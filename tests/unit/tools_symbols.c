/* SPDX-License-Identifier: MIT */
/* The names of a kernel's functions: found by address, and never read outside a hostile file. */
#include <criterion/criterion.h>
#include <elf.h>
#include <string.h>

#include "dom0-tools/libpv/kernel_symbols.h"

enum { SECTIONS_AT = 0x100, SYMBOLS_AT = 0x200, NAMES_AT = 0x400, SIZE = 0x500 };

static uint8_t bytes[SIZE];

static int read_bytes(void *context, uint64_t offset, void *buffer, size_t count)
{
    (void)context;
    cr_assert(offset <= SIZE && count <= SIZE - offset, "read beyond the file");
    memcpy(buffer, bytes + offset, count);
    return 0;
}

static struct kernel_symbols *load(void)
{
    struct image_source source = {read_bytes, NULL, SIZE};

    return kernel_symbols_load(&source);
}

static Elf64_Shdr *section(int index)
{
    return (Elf64_Shdr *)(void *)(bytes + SECTIONS_AT) + index;
}

static Elf64_Sym *symbol(int index)
{
    return (Elf64_Sym *)(void *)(bytes + SYMBOLS_AT) + index;
}

static void build(void)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)bytes;

    memset(bytes, 0, sizeof(bytes));
    memcpy(header->e_ident, ELFMAG "\2\1\1", 7);
    header->e_shoff = SECTIONS_AT;
    header->e_shentsize = sizeof(Elf64_Shdr);
    header->e_shnum = 3;
    *section(1) = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                               .sh_offset = SYMBOLS_AT,
                               .sh_link = 2,
                               .sh_size = 4 * sizeof(Elf64_Sym),
                               .sh_entsize = sizeof(Elf64_Sym)};
    *section(2) = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = NAMES_AT, .sh_size = 20};
    memcpy(bytes + NAMES_AT, "\0second\0first\0data", 19);
    *symbol(1) = (Elf64_Sym){1, STT_FUNC, 0, 1, 0x2000, 0};
    *symbol(2) = (Elf64_Sym){8, STT_FUNC, 0, 1, 0x1000, 0};
    *symbol(3) = (Elf64_Sym){14, STT_OBJECT, 0, 1, 0x1800, 0};
}

Test(kernel_symbols, an_address_belongs_to_the_function_at_or_below_it)
{
    uint64_t offset;

    build();
    struct kernel_symbols *symbols = load();
    cr_assert_not_null(symbols);
    cr_assert_str_eq(kernel_symbols_find(symbols, 0x1000, &offset), "first");
    cr_assert_str_eq(kernel_symbols_find(symbols, 0x1fff, &offset), "first");
    cr_assert_eq(offset, 0xfff);
    cr_assert_str_eq(kernel_symbols_find(symbols, 0x2004, &offset), "second");
    cr_assert_null(kernel_symbols_find(symbols, 0xfff, &offset));
    cr_assert_null(kernel_symbols_find(symbols, 0x40000000, &offset));
    cr_assert_null(kernel_symbols_find(NULL, 0x1000, &offset));
    kernel_symbols_free(symbols);
}

Test(kernel_symbols, every_wild_byte_in_the_headers_is_survived)
{
    for (size_t at = 0; at < NAMES_AT; at++) {
        build();
        bytes[at] = 0xff;
        struct kernel_symbols *symbols = load();
        uint64_t offset;

        (void)kernel_symbols_find(symbols, 0x1000, &offset);
        kernel_symbols_free(symbols);
    }
}

Test(kernel_symbols, KS1_a_name_outside_of_the_names_is_no_symbol)
{
    uint64_t offset;

    build();
    symbol(1)->st_name = 20;
    struct kernel_symbols *symbols = load();
    cr_assert_str_eq(kernel_symbols_find(symbols, 0x2004, &offset), "first");
    kernel_symbols_free(symbols);
}
