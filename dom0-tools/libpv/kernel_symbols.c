/* SPDX-License-Identifier: MIT */
/*
 * kernel_symbols.c: reads .symtab and its names, keeps the functions in order of address.
 * Owns: struct kernel_symbols.
 * Invariant: KS1 every name offset that is kept lies inside `names`, which ends in a NUL.
 * Read next: kernel_symbols.h.
 */
#include "dom0-tools/libpv/kernel_symbols.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SECTIONS 4096u
/* An address further from a symbol than this belongs to something without a name. */
#define FAR_BYTES 0x100000u

enum { SECTION_SYMBOLS = 2, SYMBOL_UNTYPED = 0, SYMBOL_FUNCTION = 2, SECTION_RESERVED = 0xff00 };

/* ELF64 in its own field names. */
struct elf_header {
    uint8_t e_ident[16];
    uint16_t e_type, e_machine;
    uint32_t e_version;
    uint64_t e_entry, e_phoff, e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
};

struct elf_section {
    uint32_t sh_name, sh_type;
    uint64_t sh_flags, sh_addr, sh_offset, sh_size;
    uint32_t sh_link, sh_info;
    uint64_t sh_addralign, sh_entsize;
};

struct elf_symbol {
    uint32_t st_name;
    uint8_t st_info, st_other;
    uint16_t st_shndx;
    uint64_t st_value, st_size;
};

_Static_assert(sizeof(struct elf_header) == 64, "ELF64 file header");
_Static_assert(sizeof(struct elf_section) == 64, "ELF64 section header");
_Static_assert(sizeof(struct elf_symbol) == 24, "ELF64 symbol");

struct function {
    uint64_t address;
    uint32_t name;
};

struct kernel_symbols {
    char *names;
    size_t nr_names;
    size_t count;
    struct function functions[];
};

/* A part of the file, malloc'ed with a NUL behind it; NULL when it is not there or too large. */
static void *part(const struct image_source *source, uint64_t offset, uint64_t bytes, uint64_t most)
{
    char *copy;

    if (bytes > most || offset > source->size || bytes > source->size - offset) {
        return NULL;
    }
    copy = malloc((size_t)bytes + 1);
    if (copy != NULL && source->read(source->context, offset, copy, (size_t)bytes) < 0) {
        free(copy);
        return NULL;
    }
    if (copy != NULL) {
        copy[bytes] = '\0';
    }
    return copy;
}

static struct elf_section *read_sections(const struct image_source *source, size_t *count)
{
    struct elf_header header;

    if (source->size < sizeof(header) ||
        source->read(source->context, 0, &header, sizeof(header)) < 0 ||
        memcmp(header.e_ident, "\177ELF\2\1", 6) != 0 ||
        header.e_shentsize != sizeof(struct elf_section)) {
        return NULL;
    }
    *count = header.e_shnum;
    return part(source, header.e_shoff, *count * sizeof(struct elf_section),
                MAX_SECTIONS * sizeof(struct elf_section));
}

static int by_address(const void *left, const void *right)
{
    const struct function *a = left, *b = right;

    return a->address < b->address ? -1 : a->address > b->address;
}

/* Labels of assembly have no type; they count like functions when they lie in a section. */
static bool is_function(const struct elf_symbol *symbol, size_t nr_names)
{
    unsigned int type = symbol->st_info & 15u;

    return (type == SYMBOL_FUNCTION || type == SYMBOL_UNTYPED) && symbol->st_shndx != 0 &&
           symbol->st_shndx < SECTION_RESERVED && symbol->st_value != 0 && symbol->st_name != 0 &&
           symbol->st_name < nr_names;
}

static struct kernel_symbols *collect(const struct elf_symbol *symbols, size_t nr_symbols,
                                      char *names, size_t nr_names)
{
    struct kernel_symbols *found =
        malloc(sizeof(*found) + nr_symbols * sizeof(found->functions[0]));

    if (found == NULL) {
        return NULL;
    }
    found->names = names;
    found->nr_names = nr_names;
    found->count = 0;
    for (size_t i = 0; i < nr_symbols; i++) {
        if (is_function(&symbols[i], nr_names)) {
            found->functions[found->count++] =
                (struct function){symbols[i].st_value, symbols[i].st_name};
        }
    }
    qsort(found->functions, found->count, sizeof(found->functions[0]), by_address);
    return found;
}

static struct kernel_symbols *load_table(const struct image_source *source,
                                         const struct elf_section *table,
                                         const struct elf_section *strings)
{
    char *names = part(source, strings->sh_offset, strings->sh_size, KERNEL_SYMBOLS_MAX_NAMES);
    struct elf_symbol *symbols = part(source, table->sh_offset, table->sh_size,
                                      KERNEL_SYMBOLS_MAX * sizeof(struct elf_symbol));
    struct kernel_symbols *found = NULL;

    if (names != NULL && symbols != NULL) {
        found = collect(symbols, (size_t)table->sh_size / sizeof(struct elf_symbol), names,
                        (size_t)strings->sh_size);
    }
    if (found == NULL) {
        free(names);
    }
    free(symbols);
    return found;
}

struct kernel_symbols *kernel_symbols_load(const struct image_source *source)
{
    size_t count = 0;
    struct elf_section *sections = read_sections(source, &count);
    struct kernel_symbols *found = NULL;

    for (size_t i = 0; sections != NULL && found == NULL && i < count; i++) {
        if (sections[i].sh_type == SECTION_SYMBOLS && sections[i].sh_link < count &&
            sections[i].sh_entsize == sizeof(struct elf_symbol)) {
            found = load_table(source, &sections[i], &sections[sections[i].sh_link]);
        }
    }
    free(sections);
    return found;
}

void kernel_symbols_free(struct kernel_symbols *symbols)
{
    if (symbols != NULL) {
        free(symbols->names);
        free(symbols);
    }
}

const char *kernel_symbols_find(const struct kernel_symbols *symbols, uint64_t address,
                                uint64_t *offset)
{
    size_t low = 0, high = symbols != NULL ? symbols->count : 0;

    /* The last one that is not above the address. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (symbols->functions[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0 || address - symbols->functions[low - 1].address >= FAR_BYTES) {
        return NULL;
    }
    *offset = address - symbols->functions[low - 1].address;
    return symbols->names + symbols->functions[low - 1].name;
}
