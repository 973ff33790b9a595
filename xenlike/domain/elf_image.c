/* SPDX-License-Identifier: MIT */
/*
 * Reads ELF kernels: headers, notes (PT_NOTE, else SHT_NOTE, else the older `__xen_guest` text), load addresses.
 *
 * Owns: nothing. Invariant: EL1 no byte outside the image is read, whatever its numbers say; EL2 a segment loads at
 * p_paddr - PADDR_OFFSET + VIRT_BASE, never at p_vaddr (some have none).
 * Locks: none. Guest ABI: docs/abi/start.md. Read next: build_dom0.c.
 */
#include "elf_image.h"

#include <public/elfnote.h>
#include <public/errno.h>

#include "../lib/string.h"

/* Fields of ELF64 by offset (System V ABI, chapter 4). */
#define EH_SIZE        64
#define EH_MACHINE     18
#define EH_ENTRY       24
#define EH_PHOFF       32
#define EH_SHOFF       40
#define EH_PHENTSIZE   54
#define EH_PHNUM       56
#define EH_SHENTSIZE   58
#define EH_SHNUM       60
#define EH_SHSTRNDX    62
#define PH_SIZE        56
#define SH_SIZE        64
#define MACHINE_X86_64 62
#define PT_LOAD        1
#define PT_NOTE        4
#define SHT_NOTE       7

#define LOAD_MAX (UINT64_C(1) << 40) /* no kernel is larger than 1 TiB */

struct notes {
    bool found; /* some note of Xen's */
    bool has_virt_base, has_paddr_offset, has_entry, is_legacy;
    const char *refused;
};

static bool fits(const struct elf_image *image, uint64_t offset, uint64_t size)
{
    uint64_t end;

    return !ckd_add(&end, offset, size) && end <= image->size;
}

static bool get(const struct elf_image *image, uint64_t offset, void *value, uint64_t size)
{
    if (!fits(image, offset, size)) {
        return false;
    }
    memcpy(value, image->bytes + offset, size);
    return true;
}

static uint64_t field(const struct elf_image *image, uint64_t offset, uint32_t size)
{
    uint64_t value = 0;

    /* Callers have checked that the whole structure lies in the image. */
    (void)get(image, offset, &value, size);
    return value;
}

/* --- Notes --------------------------------------------------------------------------------------------- */

struct note {
    uint32_t type;
    const uint8_t *value;
    uint32_t size;
};

static uint64_t note_number(const struct note *note)
{
    uint64_t value = 0;

    memcpy(&value, note->value, note->size >= 8 ? 8 : note->size >= 4 ? 4 : 0);
    return value;
}

static bool note_is(const struct note *note, const char *text)
{
    size_t length = strlen(text);

    return note->size >= length && memcmp(note->value, text, length) == 0 &&
           (note->size == length || note->value[length] == '\0');
}

/* FEATURES: names separated by |; one behind ! is required. Required is refused only when unknown. */
static bool features_known(const struct note *note)
{
    static const char *const known[] = {
        "writable_page_tables",
        "writable_descriptor_tables",
        "auto_translated_physmap",
        "supervisor_mode_kernel",
        "pae_pgdir_above_4gb",
        "mmu_pt_update_preserve_ad",
        "highmem_assist",
        "gnttab_map_avail_bits",
        "hvm_callback_vector",
        "hvm_safe_pvclock",
        "hvm_pirqs",
        "dom0",
        "linux_rsdp_unrestricted",
    };
    const char *text = (const char *)note->value;

    for (uint32_t at = 0; at < note->size && text[at] != '\0';) {
        bool required = text[at] == '!', found = false;
        uint32_t start = at += required, length;

        while (at < note->size && text[at] != '\0' && text[at] != '|') {
            at++;
        }
        length = at - start;
        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
            found |= strlen(known[i]) == length && memcmp(known[i], text + start, length) == 0;
        }
        if (required && !found) {
            return false;
        }
        at += at < note->size && text[at] == '|';
    }
    return true;
}

static const char *note_refused(const struct note *note)
{
    switch (note->type) {
    case XEN_ELFNOTE_LOADER:
        return note_is(note, "generic") ? NULL : "its LOADER note is not \"generic\"";
    case XEN_ELFNOTE_XEN_VERSION:
        return note_is(note, "xen-3.0") ? NULL : "its XEN_VERSION note is not \"xen-3.0\"";
    case XEN_ELFNOTE_FEATURES:
        return features_known(note) ? NULL : "it requires a feature nobody knows";
    case XEN_ELFNOTE_SUPPORTED_FEATURES:
        return (note_number(note) & 1u << 11) != 0 ? NULL : "it cannot be the first domain";
    default:
        return NULL;
    }
}

static void note_apply(struct elf_image *image, struct notes *notes, const struct note *note)
{
    /* Notes that are a number: where it goes, and where it is said that there was one. */
    const struct {
        uint32_t type;
        uint64_t *number;
        bool *present;
    } numbers[] = {
        {XEN_ELFNOTE_ENTRY, &image->entry, &notes->has_entry},
        {XEN_ELFNOTE_HYPERCALL_PAGE, &image->hypercall_page, &image->has_hypercall_page},
        {XEN_ELFNOTE_VIRT_BASE, &image->virt_base, &notes->has_virt_base},
        {XEN_ELFNOTE_PADDR_OFFSET, &image->paddr_offset, &notes->has_paddr_offset},
        {XEN_ELFNOTE_INIT_P2M, &image->init_p2m, &image->has_init_p2m},
    };
    const char *refused = note_refused(note);

    notes->found = true;
    notes->refused = refused != NULL ? refused : notes->refused;
    if (note->type == XEN_ELFNOTE_MOD_START_PFN) {
        image->initrd_by_frame = note_number(note) != 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (numbers[i].type == note->type) {
            *numbers[i].number = note_number(note);
            *numbers[i].present = true;
        }
    }
}

/* One run of notes: 4-byte name length, value length, type; name and value padded to 4 bytes. */
static void notes_scan(struct elf_image *image, struct notes *notes, uint64_t offset, uint64_t size)
{
    uint64_t end = offset + size, at = offset;

    if (!fits(image, offset, size)) {
        return;
    }
    while (end - at >= 12) {
        uint64_t name_size = field(image, at, 4), value_size = field(image, at + 4, 4);
        uint64_t value_at = at + 12 + ((name_size + 3) & ~UINT64_C(3));
        uint64_t next = value_at + ((value_size + 3) & ~UINT64_C(3));

        if (value_at > end || value_size > end - value_at) {
            return;
        }
        if (name_size == 4 && memcmp(image->bytes + at + 12, "Xen", 4) == 0) {
            struct note note = {(uint32_t)field(image, at + 8, 4), image->bytes + value_at,
                                (uint32_t)value_size};

            note_apply(image, notes, &note);
        }
        at = next < end ? next : end;
    }
}

/* --- The older form: "NAME=value,NAME=value" ---------------------------------------------------------------- */

static uint64_t parse_number(const char *text, size_t length)
{
    uint64_t value = 0;

    for (size_t i = length > 2 && text[1] == 'x' ? 2 : 0; i < length; i++) {
        char c = text[i];
        uint32_t digit =
            c >= '0' && c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 32) - 'a' + 10);

        if (digit > 15) {
            break;
        }
        value = value << 4 | digit;
    }
    return value;
}

static void legacy_setting(struct elf_image *image, struct notes *notes, const char *text,
                           size_t length)
{
    static const struct {
        const char *name;
        uint32_t type;
    } numbers[] = {
        {"VIRT_BASE=", XEN_ELFNOTE_VIRT_BASE},
        {"VIRT_ENTRY=", XEN_ELFNOTE_ENTRY},
        {"ELF_PADDR_OFFSET=", XEN_ELFNOTE_PADDR_OFFSET},
        {"HYPERCALL_PAGE=", XEN_ELFNOTE_HYPERCALL_PAGE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        size_t name = strlen(numbers[i].name);

        if (length > name && memcmp(text, numbers[i].name, name) == 0) {
            uint64_t value = parse_number(text + name, length - name);
            struct note note = {numbers[i].type, (const uint8_t *)&value, sizeof(value)};

            /* Here the hypercall page is the number of a page of the image. */
            value = numbers[i].type == XEN_ELFNOTE_HYPERCALL_PAGE ? value << 12 : value;
            note_apply(image, notes, &note);
        }
    }
}

static void legacy_scan(struct elf_image *image, struct notes *notes, uint64_t offset,
                        uint64_t size)
{
    if (!fits(image, offset, size)) {
        return;
    }
    const char *text = (const char *)image->bytes + offset;
    notes->is_legacy = true;
    notes->found = true;
    for (uint64_t at = 0; at < size && text[at] != '\0';) {
        uint64_t start = at;

        while (at < size && text[at] != '\0' && text[at] != ',') {
            at++;
        }
        legacy_setting(image, notes, text + start, at - start);
        at += at < size && text[at] == ',';
    }
    if (image->has_hypercall_page) {
        image->hypercall_page += image->virt_base;
    }
}

/* --- Headers ----------------------------------------------------------------------------------------------- */

static bool section_is_legacy(const struct elf_image *image, uint64_t names, uint64_t header)
{
    char name[12];

    return get(image, names + field(image, header, 4), name, sizeof(name)) &&
           memcmp(name, "__xen_guest", sizeof(name)) == 0;
}

static void scan_sections(struct elf_image *image, struct notes *notes)
{
    uint64_t table = field(image, EH_SHOFF, 8), count = field(image, EH_SHNUM, 2);
    uint64_t names_index = field(image, EH_SHSTRNDX, 2), names = 0;

    if (field(image, EH_SHENTSIZE, 2) != SH_SIZE || !fits(image, table, count * SH_SIZE)) {
        return;
    }
    if (names_index < count) {
        names = field(image, table + names_index * SH_SIZE + 24, 8);
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t header = table + i * SH_SIZE;

        if (field(image, header + 4, 4) == SHT_NOTE) {
            notes_scan(image, notes, field(image, header + 24, 8), field(image, header + 32, 8));
        }
    }
    for (uint64_t i = 0; i < count && !notes->found && names != 0; i++) {
        uint64_t header = table + i * SH_SIZE;

        if (names <= image->size && section_is_legacy(image, names, header)) {
            legacy_scan(image, notes, field(image, header + 24, 8), field(image, header + 32, 8));
        }
    }
}

static void scan_notes(struct elf_image *image, struct notes *notes)
{
    for (uint32_t i = 0; i < image->nr_program_headers; i++) {
        uint64_t header = image->program_headers + (uint64_t)i * PH_SIZE;

        if (field(image, header, 4) == PT_NOTE) {
            notes_scan(image, notes, field(image, header + 8, 8), field(image, header + 32, 8));
        }
    }
    if (!notes->found) {
        scan_sections(image, notes);
    }
}

bool elf_image_segment(const struct elf_image *image, uint32_t index, struct elf_segment *segment)
{
    uint64_t header = image->program_headers + (uint64_t)index * PH_SIZE;

    if (field(image, header, 4) != PT_LOAD) {
        return false;
    }
    segment->offset = field(image, header + 8, 8);
    segment->address = field(image, header + 24, 8) - image->paddr_offset + image->virt_base;
    segment->file_size = field(image, header + 32, 8);
    segment->memory_size = field(image, header + 40, 8);
    return segment->memory_size != 0;
}

static const char *check_segments(struct elf_image *image)
{
    struct elf_segment segment;
    uint64_t end;

    image->load_start = UINT64_MAX;
    image->load_end = 0;
    for (uint32_t i = 0; i < image->nr_program_headers; i++) {
        if (!elf_image_segment(image, i, &segment)) {
            continue;
        }
        if (segment.file_size > segment.memory_size || segment.memory_size > LOAD_MAX ||
            !fits(image, segment.offset, segment.file_size)) {
            return "a segment is larger than the file";
        }
        if (segment.address < image->virt_base ||
            ckd_add(&end, segment.address, segment.memory_size) ||
            end - image->virt_base > LOAD_MAX) {
            return "a segment lies outside the kernel's address range";
        }
        image->load_start = min_u64(image->load_start, segment.address);
        image->load_end = max_u64(image->load_end, end);
    }
    if (image->load_end == 0) {
        return "it has nothing to load";
    }
    if (image->has_hypercall_page &&
        ((image->hypercall_page & 0xfff) != 0 || image->hypercall_page < image->load_start ||
         image->hypercall_page >= image->load_end ||
         image->load_end - image->hypercall_page < 0x1000)) {
        return "its hypercall page lies outside the image";
    }
    return image->entry < image->load_start || image->entry >= image->load_end
               ? "its entry lies outside the image"
               : NULL;
}

static const char *check_header(struct elf_image *image)
{
    static const uint8_t wanted[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

    if (image->size < EH_SIZE || memcmp(image->bytes, wanted, sizeof(wanted)) != 0 ||
        field(image, EH_MACHINE, 2) != MACHINE_X86_64) {
        return "it is not an x86-64 ELF file";
    }
    image->program_headers = field(image, EH_PHOFF, 8);
    image->nr_program_headers = (uint32_t)field(image, EH_PHNUM, 2);
    if (field(image, EH_PHENTSIZE, 2) != PH_SIZE ||
        !fits(image, image->program_headers, (uint64_t)image->nr_program_headers * PH_SIZE)) {
        return "its program headers are damaged";
    }
    return NULL;
}

int elf_image_parse(struct elf_image *image, const void *bytes, uint64_t size, const char **reason)
{
    struct notes notes = {0};

    memset(image, 0, sizeof(*image));
    image->bytes = bytes;
    image->size = size;
    *reason = check_header(image);
    if (*reason != NULL) {
        return -XEN_ENOEXEC;
    }
    scan_notes(image, &notes);
    if (!notes.found) {
        *reason = "it has no Xen notes";
        return -XEN_ENOEXEC;
    }
    if (!notes.has_entry) {
        image->entry = field(image, EH_ENTRY, 8);
    }
    if (notes.is_legacy && !notes.has_paddr_offset) {
        image->paddr_offset = image->virt_base;
    }
    *reason = notes.refused != NULL ? notes.refused : check_segments(image);
    return *reason != NULL ? -XEN_ENOEXEC : 0;
}
