/* SPDX-License-Identifier: MIT */
/*
 * kernel_image.c: walks a kernel's ELF headers: program headers for the segments, then notes from
 * PT_NOTE, else SHT_NOTE, else a __xen_guest section.
 * Owns: nothing; reads through the source it is given, never past its size.
 * Invariant IMG1 (kernel_image.h).
 * Read next: kernel_notes.c, domain_layout.c.
 */
#include "dom0-tools/libpv/kernel_image.h"

#include <stdlib.h>
#include <string.h>

#define ELF_MAX_HEADERS 4096u
#define NOTES_MAX_BYTES 65536u
#define PAGE_SIZE       4096u

enum { SEGMENT_LOAD = 1, SEGMENT_NOTE = 4, SECTION_NOTE = 7, SECTION_EMPTY = 8 };

/* ELF64 in its own field names; x86-64 is little-endian, and so must the host of a parse be. */
struct elf_header {
    uint8_t e_ident[16];
    uint16_t e_type, e_machine;
    uint32_t e_version;
    uint64_t e_entry, e_phoff, e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
};

struct elf_program_header {
    uint32_t p_type, p_flags;
    uint64_t p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
};

struct elf_section_header {
    uint32_t sh_name, sh_type;
    uint64_t sh_flags, sh_addr, sh_offset, sh_size;
    uint32_t sh_link, sh_info;
    uint64_t sh_addralign, sh_entsize;
};

_Static_assert(sizeof(struct elf_header) == 64, "ELF64 file header");
_Static_assert(sizeof(struct elf_program_header) == 56, "ELF64 program header");
_Static_assert(sizeof(struct elf_section_header) == 64, "ELF64 section header");

static int malformed(struct error *error, const char *why)
{
    error_set(error, ERROR_KERNEL_MALFORMED, "the kernel image is malformed");
    return error_why(error, "%s", why);
}

static int read_at(const struct image_source *source, uint64_t offset, void *buffer, size_t bytes,
                   struct error *error)
{
    if (offset > source->size || bytes > source->size - offset) {
        return malformed(error, "a header points outside the file");
    }
    if (source->read(source->context, offset, buffer, bytes) < 0) {
        return error_set(error, ERROR_KERNEL_UNREADABLE, "the kernel image cannot be read");
    }
    return 0;
}

static int header_check(const struct elf_header *header, struct error *error)
{
    static const uint8_t magic[7] = {0x7f, 'E', 'L', 'F', 2 /* 64-bit */, 1 /* little-endian */, 1};
    enum { TYPE_EXECUTABLE = 2, TYPE_DYNAMIC = 3, MACHINE_X86_64 = 62 };

    if (memcmp(header->e_ident, magic, 4) != 0) {
        error_set(error, ERROR_KERNEL_NOT_ELF, "the kernel image is no ELF file");
        return -1;
    }
    if (memcmp(header->e_ident, magic, sizeof(magic)) != 0 || header->e_machine != MACHINE_X86_64 ||
        (header->e_type != TYPE_EXECUTABLE && header->e_type != TYPE_DYNAMIC)) {
        error_set(error, ERROR_KERNEL_NOT_ELF, "the kernel image is no x86-64 ELF executable");
        if (header->e_ident[4] == 1) {
            error_why(error, "it is a 32-bit one");
        }
        return -1;
    }
    if (header->e_phentsize != sizeof(struct elf_program_header) || header->e_phnum == 0 ||
        header->e_phnum > ELF_MAX_HEADERS) {
        return malformed(error, "its table of program headers has an impossible size");
    }
    return 0;
}

static int notes_read(const struct image_source *source, uint64_t offset, uint64_t size,
                      bool legacy, struct kernel_image *image, struct error *error)
{
    uint8_t *bytes;
    int result;

    if (size > NOTES_MAX_BYTES) {
        return malformed(error, "a block of notes is larger than 64 KiB");
    }
    bytes = malloc(size + 1);
    if (bytes == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "no memory for the kernel's notes");
    }
    result = read_at(source, offset, bytes, (size_t)size, error);
    if (result == 0) {
        result = legacy ? kernel_notes_parse_legacy((const char *)bytes, (size_t)size, image, error)
                        : kernel_notes_parse_block(bytes, (size_t)size, image, error);
    }
    free(bytes);
    return result;
}

static int segment_add(const struct elf_program_header *header, const struct image_source *source,
                       struct kernel_image *image, struct error *error)
{
    struct kernel_segment *segment = &image->segments[image->nr_segments];

    if (header->p_memsz == 0) {
        return 0;
    }
    if (image->nr_segments == KERNEL_IMAGE_MAX_SEGMENTS) {
        return malformed(error, "it has more than 16 loadable segments");
    }
    if (header->p_filesz > header->p_memsz || header->p_offset > source->size ||
        header->p_filesz > source->size - header->p_offset) {
        return malformed(error, "a segment reaches beyond the end of the file");
    }
    if (header->p_memsz > KERNEL_IMAGE_MAX_BYTES) {
        return malformed(error, "a segment is larger than 64 GiB");
    }
    segment->address = header->p_paddr;
    segment->memory_bytes = header->p_memsz;
    segment->file_offset = header->p_offset;
    segment->file_bytes = header->p_filesz;
    image->nr_segments++;
    return 0;
}

static int segments_read(const struct image_source *source, const struct elf_header *header,
                         struct kernel_image *image, struct error *error)
{
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        struct elf_program_header program;
        uint64_t offset = (uint64_t)i * sizeof(program);

        if (header->e_phoff > source->size) {
            return malformed(error, "a header points outside the file");
        }
        if (read_at(source, header->e_phoff + offset, &program, sizeof(program), error) < 0) {
            return -1;
        }
        if (program.p_type == SEGMENT_LOAD && segment_add(&program, source, image, error) < 0) {
            return -1;
        }
        if (program.p_type == SEGMENT_NOTE &&
            notes_read(source, program.p_offset, program.p_filesz, false, image, error) < 0) {
            return -1;
        }
    }
    return image->nr_segments > 0 ? 0 : malformed(error, "it has no loadable segment");
}

static int section_read(const struct image_source *source, const struct elf_header *header,
                        uint32_t index, struct elf_section_header *section, struct error *error)
{
    if (header->e_shoff > source->size) {
        return malformed(error, "a header points outside the file");
    }
    return read_at(source, header->e_shoff + (uint64_t)index * sizeof(*section), section,
                   sizeof(*section), error);
}

/* Notes in sections, for images whose linker made no PT_NOTE. */
static int sections_read(const struct image_source *source, const struct elf_header *header,
                         bool legacy, struct kernel_image *image, struct error *error)
{
    struct elf_section_header section, names;

    if (header->e_shnum == 0) {
        return 0;
    }
    if (header->e_shentsize != sizeof(section) || header->e_shnum > ELF_MAX_HEADERS ||
        header->e_shstrndx >= header->e_shnum) {
        return malformed(error, "its table of sections has an impossible size");
    }
    if (section_read(source, header, header->e_shstrndx, &names, error) < 0) {
        return -1;
    }
    for (uint32_t i = 0; i < header->e_shnum; i++) {
        static const char legacy_name[] = "__xen_guest";
        char name[sizeof(legacy_name)];
        bool wanted;

        if (section_read(source, header, i, &section, error) < 0) {
            return -1;
        }
        if (legacy) {
            wanted = section.sh_type != SECTION_EMPTY && names.sh_size >= sizeof(name) &&
                     section.sh_name <= names.sh_size - sizeof(name) &&
                     names.sh_offset <= source->size;
            if (wanted &&
                read_at(source, names.sh_offset + section.sh_name, name, sizeof(name), error) < 0) {
                return -1;
            }
            wanted = wanted && memcmp(name, legacy_name, sizeof(name)) == 0;
        } else {
            wanted = section.sh_type == SECTION_NOTE;
        }
        if (wanted &&
            notes_read(source, section.sh_offset, section.sh_size, legacy, image, error) < 0) {
            return -1;
        }
    }
    return 0;
}

static int notes_check(const struct kernel_image *image, struct error *error)
{
    if (!image->has_notes) {
        return error_set(error, ERROR_KERNEL_NO_NOTES, "the kernel has no Xen notes");
    }
    if (image->loader[0] != '\0' && strcmp(image->loader, "generic") != 0) {
        error_set(error, ERROR_KERNEL_UNSUPPORTED, "the kernel wants another loader");
        return error_why(error, "its notes say LOADER=%s", image->loader);
    }
    if (image->xen_version[0] != '\0' && strcmp(image->xen_version, "xen-3.0") != 0) {
        error_set(error, ERROR_KERNEL_UNSUPPORTED, "the kernel wants another interface");
        return error_why(error, "its notes say XEN_VERSION=%s", image->xen_version);
    }
    if ((image->virt_base & (PAGE_SIZE - 1)) != 0) {
        return malformed(error, "VIRT_BASE is not a multiple of the page size");
    }
    return 0;
}

/* Turn physical load addresses into the guest's virtual ones; settle the range that they cover. */
static int segments_place(struct kernel_image *image, struct error *error)
{
    image->start = UINT64_MAX;
    image->end = 0;
    for (size_t i = 0; i < image->nr_segments; i++) {
        struct kernel_segment *segment = &image->segments[i];
        uint64_t offset = segment->address - image->paddr_offset;
        uint64_t end;

        if (segment->address < image->paddr_offset || offset > KERNEL_IMAGE_MAX_BYTES ||
            segment->memory_bytes > KERNEL_IMAGE_MAX_BYTES - offset ||
            __builtin_add_overflow(image->virt_base, offset + segment->memory_bytes, &end)) {
            return malformed(error, "a segment's address does not fit VIRT_BASE and PADDR_OFFSET");
        }
        segment->address = image->virt_base + offset;
        if (segment->address < image->start) {
            image->start = segment->address;
        }
        if (end > image->end) {
            image->end = end;
        }
    }
    if (image->entry < image->start || image->entry >= image->end) {
        return malformed(error, "its entry point lies outside its segments");
    }
    if (image->has_hypercall_page &&
        ((image->hypercall_page & (PAGE_SIZE - 1)) != 0 ||
         image->hypercall_page < image->virt_base || image->hypercall_page >= image->end)) {
        return malformed(error, "its hypercall page lies outside its segments");
    }
    return 0;
}

int kernel_image_parse(const struct image_source *source, struct kernel_image *image,
                       struct error *error)
{
    struct elf_header header;

    memset(image, 0, sizeof(*image));
    if (source->size < sizeof(header)) {
        error_set(error, ERROR_KERNEL_NOT_ELF, "the kernel image is no ELF file");
        return error_why(error, "it has only %llu bytes", (unsigned long long)source->size);
    }
    if (read_at(source, 0, &header, sizeof(header), error) < 0 ||
        header_check(&header, error) < 0 || segments_read(source, &header, image, error) < 0) {
        return -1;
    }
    if (!image->has_notes && sections_read(source, &header, false, image, error) < 0) {
        return -1;
    }
    if (!image->has_notes && sections_read(source, &header, true, image, error) < 0) {
        return -1;
    }
    if (image->legacy && !image->has_paddr_offset) {
        image->paddr_offset = image->virt_base;
    }
    if (image->legacy && image->has_hypercall_page) {
        /* The old text gives a page number relative to the image. */
        image->hypercall_page = image->virt_base + image->hypercall_page * PAGE_SIZE;
    }
    if (!image->has_entry) {
        image->entry = header.e_entry;
    }
    if (notes_check(image, error) < 0) {
        return -1;
    }
    return segments_place(image, error);
}
