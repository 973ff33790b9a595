/* SPDX-License-Identifier: MIT */
/*
 * kernel_notes.c: the Xen notes of a kernel: ELF note blocks, and the older __xen_guest text.
 * Owns: the tables that give each note, each legacy key and each feature its meaning.
 * Guest ABI: owner exactly "Xen", fields padded to 4 bytes, numbers of 4 or 8 bytes.
 * Read next: kernel_image.c.
 */
#include "dom0-tools/libpv/kernel_image.h"

#include <stdlib.h>
#include <string.h>

#include <public/elfnote.h>
#include <public/features.h>

enum note_form { NOTE_NUMBER, NOTE_TEXT };

/* How a note is stored: a number at an offset with a flag that it was there, or a text. */
struct note_rule {
    uint32_t type;
    enum note_form form;
    size_t offset;
    size_t flag_offset; /* numbers */
    size_t text_size;   /* texts */
};

#define AT(member) offsetof(struct kernel_image, member)

static const struct note_rule note_rules[] = {
    {XEN_ELFNOTE_ENTRY, NOTE_NUMBER, AT(entry), AT(has_entry), 0},
    {XEN_ELFNOTE_HYPERCALL_PAGE, NOTE_NUMBER, AT(hypercall_page), AT(has_hypercall_page), 0},
    {XEN_ELFNOTE_VIRT_BASE, NOTE_NUMBER, AT(virt_base), AT(has_virt_base), 0},
    {XEN_ELFNOTE_PADDR_OFFSET, NOTE_NUMBER, AT(paddr_offset), AT(has_paddr_offset), 0},
    {XEN_ELFNOTE_INIT_P2M, NOTE_NUMBER, AT(init_p2m), AT(has_init_p2m), 0},
    {XEN_ELFNOTE_GUEST_OS, NOTE_TEXT, AT(guest_os), 0,
     sizeof(((struct kernel_image *)0)->guest_os)},
    {XEN_ELFNOTE_LOADER, NOTE_TEXT, AT(loader), 0, sizeof(((struct kernel_image *)0)->loader)},
    {XEN_ELFNOTE_XEN_VERSION, NOTE_TEXT, AT(xen_version), 0,
     sizeof(((struct kernel_image *)0)->xen_version)},
};

static const struct {
    const char *name;
    unsigned int bit;
} feature_names[] = {
    {"writable_page_tables", XENFEAT_writable_page_tables},
    {"writable_descriptor_tables", XENFEAT_writable_descriptor_tables},
    {"auto_translated_physmap", XENFEAT_auto_translated_physmap},
    {"supervisor_mode_kernel", XENFEAT_supervisor_mode_kernel},
    {"pae_pgdir_above_4gb", XENFEAT_pae_pgdir_above_4gb},
    {"hvm_callback_vector", XENFEAT_hvm_callback_vector},
    {"dom0", XENFEAT_dom0},
};

static uint32_t load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static int note_number(const uint8_t *bytes, size_t size, uint64_t *number)
{
    if (size == 4) {
        *number = load_u32(bytes);
        return 0;
    }
    if (size == 8) {
        *number = load_u32(bytes) | (uint64_t)load_u32(bytes + 4) << 32;
        return 0;
    }
    return -1;
}

/* The bytes up to a NUL or the end; longer text is cut, which no accepted value is long enough for.
 */
static void note_text(char *text, size_t text_size, const char *bytes, size_t size)
{
    size_t length = 0;

    while (length < size && bytes[length] != '\0') {
        length++;
    }
    if (length > text_size - 1) {
        length = text_size - 1;
    }
    memcpy(text, bytes, length);
    text[length] = '\0';
}

static int feature_one(const char *name, size_t length, struct kernel_image *image,
                       struct error *error)
{
    bool required = length > 0 && name[0] == '!';

    if (required) {
        name++;
        length--;
    }
    for (size_t i = 0; i < sizeof(feature_names) / sizeof(feature_names[0]); i++) {
        if (strlen(feature_names[i].name) == length &&
            memcmp(feature_names[i].name, name, length) == 0) {
            image->supported_features |= 1u << feature_names[i].bit;
            if (required) {
                image->required_features |= 1u << feature_names[i].bit;
            }
            return 0;
        }
    }
    if (!required) {
        return 0;
    }
    error_set(error, ERROR_KERNEL_UNSUPPORTED, "the kernel requires an unknown feature");
    return error_why(error, "its notes say `!%.*s'", (int)(length > 60 ? 60 : length), name);
}

static int features_parse(const char *text, size_t size, struct kernel_image *image,
                          struct error *error)
{
    size_t start = 0;

    for (size_t i = 0; i <= size; i++) {
        if (i == size || text[i] == '|' || text[i] == '\0') {
            if (i > start && feature_one(text + start, i - start, image, error) < 0) {
                return -1;
            }
            start = i + 1;
        }
        if (i < size && text[i] == '\0') {
            break;
        }
    }
    return 0;
}

static int note_apply(uint32_t type, const uint8_t *bytes, size_t size, struct kernel_image *image,
                      struct error *error)
{
    uint64_t number;

    image->has_notes = true;
    if (type == XEN_ELFNOTE_FEATURES) {
        return features_parse((const char *)bytes, size, image, error);
    }
    if (type == XEN_ELFNOTE_SUPPORTED_FEATURES || type == XEN_ELFNOTE_MOD_START_PFN) {
        if (note_number(bytes, size, &number) < 0) {
            goto bad_size;
        }
        if (type == XEN_ELFNOTE_SUPPORTED_FEATURES) {
            image->supported_features |= (uint32_t)number;
        } else {
            image->module_by_pfn = number != 0;
        }
        return 0;
    }
    for (size_t i = 0; i < sizeof(note_rules) / sizeof(note_rules[0]); i++) {
        const struct note_rule *rule = &note_rules[i];

        if (rule->type != type) {
            continue;
        }
        if (rule->form == NOTE_TEXT) {
            note_text((char *)image + rule->offset, rule->text_size, (const char *)bytes, size);
            return 0;
        }
        if (note_number(bytes, size, &number) < 0) {
            goto bad_size;
        }
        memcpy((char *)image + rule->offset, &number, sizeof(number));
        *(bool *)((char *)image + rule->flag_offset) = true;
        return 0;
    }
    return 0;

bad_size:
    error_set(error, ERROR_KERNEL_MALFORMED, "a Xen note of the kernel is malformed");
    return error_why(error, "note %u holds %zu bytes where a number of 4 or 8 belongs",
                     (unsigned int)type, size);
}

int kernel_notes_parse_block(const uint8_t *bytes, size_t size, struct kernel_image *image,
                             struct error *error)
{
    size_t at = 0;

    while (size - at >= 12) {
        uint32_t name_size = load_u32(bytes + at);
        uint32_t value_size = load_u32(bytes + at + 4);
        uint32_t type = load_u32(bytes + at + 8);
        uint64_t name_padded = ((uint64_t)name_size + 3) & ~3ull;
        uint64_t value_padded = ((uint64_t)value_size + 3) & ~3ull;
        size_t name_at = at + 12;

        /* The last note's padding may be missing from the file. */
        if (name_padded > size - name_at || value_size > size - name_at - name_padded) {
            error_set(error, ERROR_KERNEL_MALFORMED, "the kernel's notes are malformed");
            return error_why(error, "a note reaches beyond its section");
        }
        if (name_size == 4 && memcmp(bytes + name_at, "Xen", 4) == 0 &&
            note_apply(type, bytes + name_at + name_padded, value_size, image, error) < 0) {
            return -1;
        }
        if (value_padded > size - name_at - name_padded) {
            break;
        }
        at = name_at + (size_t)name_padded + (size_t)value_padded;
    }
    return 0;
}

/* ---- __xen_guest: "KEY=value,KEY=value" -------------------------------------------------------
 */

static const struct {
    const char *key;
    uint32_t type;
} legacy_keys[] = {
    {"GUEST_OS", XEN_ELFNOTE_GUEST_OS}, {"XEN_VER", XEN_ELFNOTE_XEN_VERSION},
    {"LOADER", XEN_ELFNOTE_LOADER},     {"VIRT_BASE", XEN_ELFNOTE_VIRT_BASE},
    {"VIRT_ENTRY", XEN_ELFNOTE_ENTRY},  {"ELF_PADDR_OFFSET", XEN_ELFNOTE_PADDR_OFFSET},
    {"FEATURES", XEN_ELFNOTE_FEATURES}, {"HYPERCALL_PAGE", XEN_ELFNOTE_HYPERCALL_PAGE},
};

static int legacy_number(const char *value, struct error *error, uint64_t *number)
{
    char *end;
    unsigned long long parsed = strtoull(value, &end, 0);

    if (end == value || *end != '\0') {
        error_set(error, ERROR_KERNEL_MALFORMED, "the kernel's __xen_guest text is malformed");
        return error_why(error, "`%.40s' is no number", value);
    }
    *number = parsed;
    return 0;
}

static int legacy_apply(const char *key, const char *value, struct kernel_image *image,
                        struct error *error)
{
    for (size_t i = 0; i < sizeof(legacy_keys) / sizeof(legacy_keys[0]); i++) {
        uint32_t type = legacy_keys[i].type;
        uint64_t number;
        bool is_number = type == XEN_ELFNOTE_VIRT_BASE || type == XEN_ELFNOTE_ENTRY ||
                         type == XEN_ELFNOTE_PADDR_OFFSET || type == XEN_ELFNOTE_HYPERCALL_PAGE;

        if (strcmp(legacy_keys[i].key, key) != 0) {
            continue;
        }
        if (!is_number) {
            return note_apply(type, (const uint8_t *)value, strlen(value), image, error);
        }
        if (legacy_number(value, error, &number) < 0) {
            return -1;
        }
        return note_apply(type, (const uint8_t *)&number, sizeof(number), image, error);
    }
    return 0;
}

int kernel_notes_parse_legacy(const char *text, size_t size, struct kernel_image *image,
                              struct error *error)
{
    char pair[256];
    size_t start = 0;

    image->legacy = true;
    image->has_notes = true;
    for (size_t i = 0; i <= size; i++) {
        bool last = i == size || text[i] == '\0';
        char *equals;

        if (!last && text[i] != ',') {
            continue;
        }
        if (i - start >= sizeof(pair)) {
            error_set(error, ERROR_KERNEL_MALFORMED, "the kernel's __xen_guest text is malformed");
            return error_why(error, "one of its entries is too long");
        }
        memcpy(pair, text + start, i - start);
        pair[i - start] = '\0';
        equals = strchr(pair, '=');
        if (equals != NULL) {
            *equals = '\0';
            if (legacy_apply(pair, equals + 1, image, error) < 0) {
                return -1;
            }
        }
        if (last) {
            break;
        }
        start = i + 1;
    }
    return 0;
}
