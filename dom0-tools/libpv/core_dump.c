/* SPDX-License-Identifier: MIT */
/*
 * core_dump.c: writes a core file, front to back:
 *
 *   ELF header | program headers | registers as notes | .note.Xen | .xen_prstatus | .xen_shared_info |
 *   .xen_p2m | .shstrtab | section headers | to the page's end | .xen_pages
 *
 * Owns: nothing. Read next: core_map.c.
 */
#define __XEN_TOOLS__ 1
#include "dom0-tools/libpv/core_dump.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <public/elfnote.h>
#include <public/errno.h>
#include <public/version.h>
#include <public/xen.h>

#include "dom0-tools/libpv/core_map.h"
#include "dom0-tools/libpv/domain_debug.h"
#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/libpv/sysctl.h"
#define PAGE_MAGIC   UINT64_C(0xf00febed) /* of a PV domain's core */
#define FORMAT       UINT64_C(1)          /* 0.1 */
#define MAX_VCPUS    64u
#define MAX_SEGMENTS 32768u
#define BATCH        256u
#define SIGNAL_CRASH 11 /* SIGSEGV: what a crash looks like to a debugger */

enum { SECTION_NULL, NOTE, PRSTATUS, SHARED_INFO, P2M, PAGES, NAMES, NR_SECTIONS };

static const char names[] =
    "\0.note.Xen\0.xen_prstatus\0.xen_shared_info\0.xen_p2m\0.xen_pages\0.shstrtab";

/* Contents of the note sections, as the format lays them down. */
struct header_note {
    uint64_t magic, nr_vcpus, nr_pages, page_size;
};

struct version_note {
    uint64_t major, minor;
    char extra[16];
    char compiler[64], compile_by[16], compile_domain[32], compile_date[32];
    char capabilities[1024];
    char changeset[64];
    uint64_t virtual_start, page_size;
};

/* Linux's elf_prstatus for x86-64, as debuggers read it. */
struct register_note {
    uint32_t signal_number, signal_code, signal_errno;
    uint16_t signal, unused;
    uint64_t pending, held;
    uint32_t pid, parent, group, session;
    uint64_t times[8];
    uint64_t registers[27];
    uint32_t has_fpu, unused_end;
};
_Static_assert(sizeof(struct register_note) == 336, "elf_prstatus");

struct segment {
    uint64_t address;
    size_t page, count;
    uint32_t rights;
};

struct writer {
    struct core_dump *dump;
    struct core_map map;
    struct segment *segments;
    size_t nr_segments;
    struct domain_info info;
    vcpu_guest_context_t *contexts;
    size_t nr_vcpus;
    Elf64_Shdr sections[NR_SECTIONS];
    uint64_t notes, notes_size; /* of registers; 0: none */
};

/* ---- what there is to write ---------------------------------------------------------------------- */

static int collect_vcpus(struct writer *writer)
{
    uint16_t domid = writer->dump->domid;
    vcpu_guest_context_t *context = seam_buffer_get(sizeof(*context));
    int result = domctl_info(domid, &writer->info);
    uint32_t possible = writer->info.max_vcpu_id + 1;

    possible = possible < MAX_VCPUS ? possible : MAX_VCPUS;
    writer->contexts = calloc(possible, sizeof(*context));
    if (context == NULL || writer->contexts == NULL) {
        result = -XEN_ENOMEM;
    }
    for (uint32_t i = 0; i < possible && result == 0; i++) {
        if (domain_debug_get_context(domid, i, context) == 0) {
            writer->contexts[writer->nr_vcpus++] = *context;
        }
    }
    seam_buffer_put(context);
    return result == 0 && writer->nr_vcpus == 0 ? -XEN_ENODATA : result;
}

/* Pages that follow each other both in the address space and in the file. */
static int collect_segments(struct writer *writer)
{
    const struct core_map *map = &writer->map;

    writer->segments = seam_memory_take(MAX_SEGMENTS * sizeof(writer->segments[0]));
    if (writer->segments == NULL) {
        return -XEN_ENOMEM;
    }
    for (size_t i = 0; i < map->nr_mappings && !writer->dump->only_sections; i++) {
        uint64_t address = map->mappings[i].address & ~(uint64_t)(SEAM_PAGE_SIZE - 1);
        uint32_t rights = PF_R | ((map->mappings[i].address & CORE_MAP_WRITE) != 0 ? PF_W : 0u) |
                          ((map->mappings[i].address & CORE_MAP_EXECUTE) != 0 ? PF_X : 0u);
        size_t page = core_map_find(map, map->mappings[i].mfn);
        struct segment *last = writer->segments + writer->nr_segments - 1;

        if (page == map->nr_pages) {
            continue;
        }
        if (writer->nr_segments > 0 && last->page + last->count == page && last->rights == rights &&
            last->address + last->count * SEAM_PAGE_SIZE == address) {
            last->count++;
        } else if (writer->nr_segments == MAX_SEGMENTS) {
            writer->map.cut = true;
        } else {
            writer->segments[writer->nr_segments++] = (struct segment){address, page, 1, rights};
        }
    }
    return 0;
}

static uint64_t rounded(uint64_t bytes)
{
    return (bytes + 3) & ~UINT64_C(3);
}

static uint64_t note_size(const char *name, uint64_t bytes)
{
    return sizeof(Elf64_Nhdr) + rounded(strlen(name) + 1) + rounded(bytes);
}

static void place(struct writer *writer, int section, uint32_t type, uint64_t *at, uint64_t size,
                  uint64_t entry)
{
    uint32_t name = 0;

    for (int i = 0; i < section; i++) {
        name += (uint32_t)strlen(names + name) + 1;
    }
    writer->sections[section] = (Elf64_Shdr){.sh_name = name,
                                             .sh_type = type,
                                             .sh_offset = *at,
                                             .sh_size = size,
                                             .sh_addralign = section == PAGES ? SEAM_PAGE_SIZE : 8,
                                             .sh_entsize = entry};
    *at = (*at + size + 7) & ~UINT64_C(7);
}

static void plan(struct writer *writer)
{
    uint64_t at = sizeof(Elf64_Ehdr), nr_pages = writer->map.nr_pages;

    if (!writer->dump->only_sections) {
        at += (1 + writer->nr_segments) * sizeof(Elf64_Phdr);
        writer->notes = at;
        writer->notes_size = writer->nr_vcpus * note_size("CORE", sizeof(struct register_note));
        at += writer->notes_size;
    }
    place(writer, NOTE, SHT_NOTE, &at,
          note_size("Xen", 0) + note_size("Xen", sizeof(struct header_note)) +
              note_size("Xen", sizeof(struct version_note)) + note_size("Xen", sizeof(uint64_t)),
          0);
    place(writer, PRSTATUS, SHT_PROGBITS, &at, writer->nr_vcpus * sizeof(vcpu_guest_context_t),
          sizeof(vcpu_guest_context_t));
    place(writer, SHARED_INFO, SHT_PROGBITS, &at, SEAM_PAGE_SIZE, SEAM_PAGE_SIZE);
    place(writer, P2M, SHT_PROGBITS, &at, nr_pages * sizeof(struct core_page),
          sizeof(struct core_page));
    place(writer, NAMES, SHT_STRTAB, &at, sizeof(names), 0);
    at += NR_SECTIONS * sizeof(Elf64_Shdr);
    at = (at + SEAM_PAGE_SIZE - 1) & ~(uint64_t)(SEAM_PAGE_SIZE - 1);
    place(writer, PAGES, SHT_PROGBITS, &at, nr_pages * SEAM_PAGE_SIZE, SEAM_PAGE_SIZE);
}

/* ---- writing ------------------------------------------------------------------------------------- */

static int put(struct writer *writer, const void *bytes, size_t size)
{
    int result = writer->dump->write(bytes, size, writer->dump->context);

    writer->dump->nr_bytes += size;
    return result;
}

/* Zeroes up to an offset of the file. */
static int put_until(struct writer *writer, uint64_t offset)
{
    static const char zeroes[SEAM_PAGE_SIZE];

    return put(writer, zeroes, (size_t)(offset - writer->dump->nr_bytes));
}

static int put_note(struct writer *writer, const char *name, uint32_t type, const void *content,
                    size_t size)
{
    Elf64_Nhdr note = {(uint32_t)strlen(name) + 1, (uint32_t)size, type};
    char text[8] = "";
    int result = put(writer, &note, sizeof(note));

    memcpy(text, name, note.n_namesz);
    if (result == 0) {
        result = put(writer, text, rounded(note.n_namesz));
    }
    if (result == 0) {
        result = put(writer, content, size);
    }
    return result == 0 ? put_until(writer, rounded(writer->dump->nr_bytes)) : result;
}

static int put_headers(struct writer *writer)
{
    size_t nr_headers = writer->dump->only_sections ? 0 : 1 + writer->nr_segments;
    Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = nr_headers != 0 ? sizeof(header) : 0,
        .e_shoff = (writer->sections[NAMES].sh_offset + sizeof(names) + 7) & ~UINT64_C(7),
        .e_ehsize = sizeof(header),
        .e_phentsize = nr_headers != 0 ? sizeof(Elf64_Phdr) : 0,
        .e_phnum = (uint16_t)nr_headers,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = NR_SECTIONS,
        .e_shstrndx = NAMES,
    };
    Elf64_Phdr notes = {
        .p_type = PT_NOTE, .p_offset = writer->notes, .p_filesz = writer->notes_size, .p_align = 4};
    int result = put(writer, &header, sizeof(header));

    if (result == 0 && nr_headers != 0) {
        result = put(writer, &notes, sizeof(notes));
    }
    for (size_t i = 0; i < writer->nr_segments && result == 0; i++) {
        const struct segment *segment = &writer->segments[i];
        Elf64_Phdr load = {.p_type = PT_LOAD,
                           .p_flags = segment->rights,
                           .p_offset =
                               writer->sections[PAGES].sh_offset + segment->page * SEAM_PAGE_SIZE,
                           .p_vaddr = segment->address,
                           .p_paddr = writer->map.pages[segment->page].pfn * SEAM_PAGE_SIZE,
                           .p_filesz = segment->count * SEAM_PAGE_SIZE,
                           .p_memsz = segment->count * SEAM_PAGE_SIZE,
                           .p_align = SEAM_PAGE_SIZE};

        result = put(writer, &load, sizeof(load));
    }
    return result;
}

static int put_registers(struct writer *writer)
{
    int result = 0;

    for (size_t i = 0; i < writer->nr_vcpus && result == 0 && writer->notes_size != 0; i++) {
        const vcpu_guest_context_t *context = &writer->contexts[i];
        const struct cpu_user_regs *r = &context->user_regs;
        bool in_kernel = (context->flags & VGCF_in_kernel) != 0;
        bool crashed = writer->info.shutdown && writer->info.reason == DOMCTL_REASON_CRASH;
        struct register_note note = {
            .signal = crashed ? SIGNAL_CRASH : 0,
            .pid = (uint32_t)i + 1,
            .registers = {r->r15,
                          r->r14,
                          r->r13,
                          r->r12,
                          r->rbp,
                          r->rbx,
                          r->r11,
                          r->r10,
                          r->r9,
                          r->r8,
                          r->rax,
                          r->rcx,
                          r->rdx,
                          r->rsi,
                          r->rdi,
                          UINT64_MAX,
                          r->rip,
                          r->cs,
                          r->rflags,
                          r->rsp,
                          r->ss,
                          context->fs_base,
                          in_kernel ? context->gs_base_kernel : context->gs_base_user,
                          r->ds,
                          r->es,
                          r->fs,
                          r->gs}};

        result = put_note(writer, "CORE", NT_PRSTATUS, &note, sizeof(note));
    }
    return result;
}

static int put_xen_notes(struct writer *writer)
{
    struct header_note header = {PAGE_MAGIC, writer->nr_vcpus, writer->map.nr_pages,
                                 SEAM_PAGE_SIZE};
    struct version_info *info = calloc(1, sizeof(*info));
    struct version_note *version = calloc(1, sizeof(*version));
    const uint64_t format = FORMAT;
    int result = info == NULL || version == NULL ? -XEN_ENOMEM : 0;

    if (result == 0) {
        sysctl_version(info);
        version->major = info->major;
        version->minor = info->minor;
        memcpy(version->extra, info->extra, sizeof(version->extra));
        memcpy(version->compiler, info->compiler, sizeof(version->compiler));
        memcpy(version->compile_by, info->compile_by, sizeof(version->compile_by));
        memcpy(version->compile_domain, info->compile_domain, sizeof(version->compile_domain));
        memcpy(version->compile_date, info->compile_date, sizeof(version->compile_date));
        memcpy(version->capabilities, info->capabilities, sizeof(version->capabilities));
        memcpy(version->changeset, info->changeset, sizeof(version->changeset));
        version->virtual_start = info->virtual_start;
        version->page_size = info->page_size;
        result = put_until(writer, writer->sections[NOTE].sh_offset);
    }
    result = result != 0 ? result : put_note(writer, "Xen", XEN_ELFNOTE_DUMPCORE_NONE, NULL, 0);
    result = result != 0
                 ? result
                 : put_note(writer, "Xen", XEN_ELFNOTE_DUMPCORE_HEADER, &header, sizeof(header));
    result = result != 0 ? result
                         : put_note(writer, "Xen", XEN_ELFNOTE_DUMPCORE_XEN_VERSION, version,
                                    sizeof(*version));
    result = result != 0 ? result
                         : put_note(writer, "Xen", XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION, &format,
                                    sizeof(format));
    free(info);
    free(version);
    return result;
}

static int put_section(struct writer *writer, int section, const void *bytes)
{
    int result = put_until(writer, writer->sections[section].sh_offset);

    return result == 0 ? put(writer, bytes, (size_t)writer->sections[section].sh_size) : result;
}

/* Frames of the domain, which nobody changes: it stands, and dom0 holds them while they are copied. */
static int put_frames(struct writer *writer, const uint64_t *mfns, size_t count)
{
    void *address;
    int result = seam_map_foreign(writer->dump->domid, mfns, count, SEAM_READ, &address);

    if (result == 0) {
        result = put(writer, address, count * SEAM_PAGE_SIZE);
        seam_unmap_foreign(address, count);
    }
    return result;
}

static int put_pages(struct writer *writer)
{
    const struct core_map *map = &writer->map;
    int result = put_until(writer, writer->sections[PAGES].sh_offset);
    uint64_t mfns[BATCH];

    for (size_t i = 0; i < map->nr_pages && result == 0; i += BATCH) {
        size_t count = map->nr_pages - i < BATCH ? map->nr_pages - i : BATCH;

        for (size_t j = 0; j < count; j++) {
            mfns[j] = map->pages[i + j].mfn;
        }
        result = put_frames(writer, mfns, count);
    }
    return result;
}

static int put_all(struct writer *writer)
{
    int result = put_headers(writer);

    result = result != 0 ? result : put_registers(writer);
    result = result != 0 ? result : put_xen_notes(writer);
    result = result != 0 ? result : put_section(writer, PRSTATUS, writer->contexts);
    result = result != 0 ? result : put_until(writer, writer->sections[SHARED_INFO].sh_offset);
    result = result != 0 ? result : put_frames(writer, &writer->info.shared_info_frame, 1);
    result = result != 0 ? result : put_section(writer, P2M, writer->map.pages);
    result = result != 0 ? result : put_section(writer, NAMES, names);
    result = result != 0 ? result : put_until(writer, (writer->dump->nr_bytes + 7) & ~UINT64_C(7));
    result = result != 0 ? result : put(writer, writer->sections, sizeof(writer->sections));
    return result != 0 ? result : put_pages(writer);
}

int core_dump_write(struct core_dump *dump)
{
    struct writer *writer = calloc(1, sizeof(*writer));
    int result;

    if (writer == NULL) {
        return -XEN_ENOMEM;
    }
    writer->dump = dump;
    dump->nr_bytes = 0;
    result = collect_vcpus(writer);
    if (result == 0) {
        result = core_map_walk(dump->domid, writer->contexts[0].ctrlreg[3] >> 12,
                               writer->info.nr_pages, &writer->map);
    }
    result = result != 0 ? result : collect_segments(writer);
    if (result == 0) {
        plan(writer);
        result = put_all(writer);
    }
    dump->nr_pages = writer->map.nr_pages;
    dump->cut = writer->map.cut;
    core_map_free(&writer->map);
    seam_memory_give(writer->segments);
    free(writer->contexts);
    free(writer);
    return result;
}

/* ---- into a file --------------------------------------------------------------------------------- */

static int write_file(const void *bytes, size_t size, void *context)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t done = write(*(const int *)context, at, size);

        if (done <= 0 || seam_cancelled() != 0) {
            return done <= 0 ? -XEN_EIO : -XEN_EINTR;
        }
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

int core_dump_to_file(struct core_dump *dump, const char *path)
{
    int descriptor =
        strcmp(path, "-") == 0 ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int result = descriptor < 0 ? -XEN_EACCES : domctl_pause(dump->domid);
    struct core_dump to_file = *dump;

    to_file.write = write_file;
    to_file.context = &descriptor;
    if (result == 0) {
        result = core_dump_write(&to_file);
        domctl_unpause(dump->domid);
    }
    dump->nr_pages = to_file.nr_pages;
    dump->nr_bytes = to_file.nr_bytes;
    dump->cut = to_file.cut;
    if (descriptor >= 0 && descriptor != STDOUT_FILENO && close(descriptor) < 0 && result == 0) {
        result = -XEN_EIO;
    }
    return result;
}
