/* SPDX-License-Identifier: MIT */
/*
 * Builds the first domain from the boot modules: kernel, initrd, page tables, start information, one vCPU.
 *
 * Owns: nothing. Invariant: BD1 the memory a kernel finds is laid out as a toolstack would do it for any other domain, and every
 * table is validated by the ordinary code. A failure is a message and a stop: there is nothing to go back to.
 * Locks: none; the domain does not run yet. Guest ABI: docs/abi/start.md. Read next: elf_image.c, dom0_layout.c.
 */
#include "build_dom0.h"

#include <public/errno.h>

#include "../boot/boot_info.h"
#include "../hypercall/hypercall.h"
#include "../lib/check.h"
#include "../lib/print.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_table.h"
#include "../mm/page_table.h"
#include "dom0_layout.h"
#include "domain.h"
#include "elf_image.h"

#define MIB                  (UINT64_C(1) << 20)
#define DEFAULT_MEMORY_BYTES (64 * MIB)
#define SPARE_BYTES          (16 * MIB) /* beyond what the image itself takes, with the default size */
#define MAX_CHUNKS           1024

#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define LEAF_FLAGS  (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)

struct chunk {
    uint64_t first_pfn;
    mfn_t first_mfn;
    uint64_t count;
};

struct builder {
    struct domain *d;
    struct elf_image image;
    struct dom0_layout layout;
    const struct boot_module *kernel, *initrd; /* initrd: NULL, none */
    uint64_t nr_pages;
    struct chunk *chunks;
    uint32_t nr_chunks;
    uint64_t next_table_pfn;
};

/* --- Memory ------------------------------------------------------------------------------------------------ */

static void allocate_memory(struct builder *b)
{
    uint32_t order = FRAME_ORDER_MAX;

    b->chunks = hv_alloc(MAX_CHUNKS * sizeof(b->chunks[0]));
    CHECK(b->chunks != NULL);
    for (uint64_t done = 0; done < b->nr_pages;) {
        while (order > 0 && (UINT64_C(1) << order) > b->nr_pages - done) {
            order--;
        }
        mfn_t mfn = frame_alloc_domain(b->d, order, 0);
        if (!mfn_valid_value(mfn)) {
            if (order == 0) {
                panic("dom0: no memory left after %lu of %lu MiB: lower dom0_mem=",
                      (unsigned long)(done >> 8), (unsigned long)(b->nr_pages >> 8));
            }
            order--;
            continue;
        }
        CHECK(b->nr_chunks < MAX_CHUNKS);
        b->chunks[b->nr_chunks++] = (struct chunk){done, mfn, UINT64_C(1) << order};
        done += UINT64_C(1) << order;
    }
}

static mfn_t mfn_of(const struct builder *b, uint64_t pfn)
{
    for (uint32_t i = 0; i < b->nr_chunks; i++) {
        if (pfn - b->chunks[i].first_pfn < b->chunks[i].count) {
            return mfn_add(b->chunks[i].first_mfn, pfn - b->chunks[i].first_pfn);
        }
    }
    panic("dom0: page %lx lies outside its memory", (unsigned long)pfn);
}

static void *page(const struct builder *b, uint64_t pfn)
{
    return machine_frame(mfn_of(b, pfn));
}

/* Copies into consecutive pages, from a byte offset in the domain's memory on. */
static void copy_in(const struct builder *b, uint64_t offset, const void *source, uint64_t size)
{
    const uint8_t *from = source;

    while (size != 0) {
        uint64_t within = offset & (PAGE_SIZE - 1), step = min_u64(size, PAGE_SIZE - within);

        memcpy((char *)page(b, offset >> PAGE_SHIFT) + within, from, step);
        offset += step;
        from += step;
        size -= step;
    }
}

/* --- Contents ------------------------------------------------------------------------------------------------ */

static void load_kernel(const struct builder *b)
{
    const struct elf_image *image = &b->image;
    struct elf_segment segment;

    for (uint32_t i = 0; i < image->nr_program_headers; i++) {
        if (elf_image_segment(image, i, &segment)) {
            copy_in(b, segment.address - image->virt_base, image->bytes + segment.offset,
                    segment.file_size);
        }
    }
    if (image->has_hypercall_page) {
        hypercall_page_fill(page(b, (image->hypercall_page - image->virt_base) >> PAGE_SHIFT));
    }
}

/* pfn -> mfn, and the machine's own table the other way. */
static void fill_p2m(const struct builder *b)
{
    for (uint32_t i = 0; i < b->nr_chunks; i++) {
        for (uint64_t n = 0; n < b->chunks[i].count; n++) {
            uint64_t pfn = b->chunks[i].first_pfn + n, mfn = b->chunks[i].first_mfn.n + n;

            copy_in(b, (b->layout.p2m_pfn << PAGE_SHIFT) + pfn * sizeof(mfn), &mfn, sizeof(mfn));
            m2p_set(MFN(mfn), pfn);
        }
    }
}

static void map(struct builder *b, uint64_t address, uint64_t pfn, bool writable)
{
    pte_t *table = page(b, b->layout.table_pfn), *entry;

    for (unsigned int level = 4; level > 1; level--) {
        entry = &table[pt_index(address, level)];
        if (*entry == 0) {
            CHECK(b->next_table_pfn < b->layout.table_pfn + b->layout.nr_tables ||
                  (b->next_table_pfn >= b->layout.p2m_table_pfn &&
                   b->next_table_pfn < b->layout.p2m_table_pfn + b->layout.nr_p2m_tables));
            *entry = pte_make(mfn_of(b, b->next_table_pfn++), TABLE_FLAGS);
        }
        table = machine_frame(pte_mfn(*entry));
    }
    table[pt_index(address, 1)] =
        pte_make(mfn_of(b, pfn), writable ? LEAF_FLAGS : LEAF_FLAGS & ~PTE_WRITE);
}

static bool is_table(const struct dom0_layout *layout, uint64_t pfn)
{
    return pfn - layout->table_pfn < layout->nr_tables ||
           pfn - layout->p2m_table_pfn < layout->nr_p2m_tables;
}

static void map_all(struct builder *b)
{
    const struct dom0_layout *layout = &b->layout;

    b->next_table_pfn = layout->table_pfn + 1;
    for (uint64_t pfn = 0; pfn < layout->mapped_pages; pfn++) {
        map(b, b->image.virt_base + (pfn << PAGE_SHIFT), pfn, !is_table(layout, pfn));
    }
    if (b->image.has_init_p2m) {
        b->next_table_pfn = layout->p2m_table_pfn;
        for (uint64_t n = 0; n < layout->p2m_pages; n++) {
            map(b, b->image.init_p2m + (n << PAGE_SHIFT), layout->p2m_pfn + n, true);
        }
    }
}

static void fill_start_info(const struct builder *b, int restart)
{
    const struct dom0_layout *layout = &b->layout;
    struct start_info *info = page(b, layout->start_info_pfn);
    struct dom0_vga_console_info *console = (struct dom0_vga_console_info *)(info + 1);
    uint64_t base = b->image.virt_base;

    _Static_assert(sizeof(*info) + sizeof(*console) <= PAGE_SIZE, "both in one page");
    memcpy(info->magic, "xen-3.0-x86_64", 15);
    info->nr_pages = b->nr_pages;
    info->shared_info = maddr_from_mfn(b->d->shared_info_frame).a;
    info->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
    info->console.dom0.info_off = sizeof(*info);
    info->console.dom0.info_size = sizeof(*console);
    info->pt_base = base + (layout->table_pfn << PAGE_SHIFT);
    info->nr_pt_frames = layout->nr_tables;
    info->mfn_list =
        b->image.has_init_p2m ? b->image.init_p2m : base + (layout->p2m_pfn << PAGE_SHIFT);
    if (b->image.has_init_p2m) {
        info->first_p2m_pfn = layout->p2m_pfn;
        info->nr_p2m_frames = layout->p2m_pages + layout->nr_p2m_tables;
    }
    if (b->initrd != NULL && b->image.initrd_by_frame) {
        info->mod_start = layout->initrd_pfn;
        info->flags |= SIF_MOD_START_PFN;
    } else if (b->initrd != NULL) {
        info->mod_start = base + (layout->initrd_pfn << PAGE_SHIFT);
    }
    info->mod_len = b->initrd != NULL ? b->initrd->size : 0;
    print_to_buffer((char *)info->cmd_line, MAX_GUEST_CMDLINE, restart < 0 ? "%s" : "%s restart=%d",
                    b->kernel->command_line != NULL ? b->kernel->command_line : "", restart);
    console->video_type = XEN_VGATYPE_TEXT_MODE_3;
    console->u.text_mode_3.font_height = 16;
    console->u.text_mode_3.rows = 25;
    console->u.text_mode_3.columns = 80;
}

/* --- The whole -------------------------------------------------------------------------------------------------- */

static void start_vcpu(const struct builder *b)
{
    struct vcpu_guest_context *context = hv_alloc(sizeof(*context));
    mfn_t base = mfn_of(b, b->layout.table_pfn);
    int error;

    CHECK(context != NULL);
    do {
        error = page_table_pin(b->d, base, 4);
    } while (error == -XEN_ERESTART);
    if (error != 0) {
        panic("dom0: its first page tables are refused: error %d", error);
    }
    context->flags = VGCF_in_kernel | VGCF_online;
    context->user_regs.rip = b->image.entry;
    context->user_regs.rsp = b->image.virt_base + ((b->layout.stack_pfn + 1) << PAGE_SHIFT);
    context->user_regs.rsi = b->image.virt_base + (b->layout.start_info_pfn << PAGE_SHIFT);
    context->user_regs.rflags = 1 << 9;
    context->user_regs.cs = FLAT_KERNEL_CS64;
    context->user_regs.ss = FLAT_KERNEL_SS64;
    context->kernel_ss = FLAT_KERNEL_SS64;
    context->kernel_sp = context->user_regs.rsp;
    context->ctrlreg[3] = xen_pfn_to_cr3(base.n);
    error = vcpu_set_context(b->d->vcpus[0], context);
    if (error != 0) {
        panic("dom0: its first context is refused: error %d", error);
    }
    hv_free(context);
}

static void create_domain(struct builder *b)
{
    struct xen_domctl_createdomain config = {
        .max_vcpus = 1,
        .max_evtchn_port = UINT32_MAX,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .grant_opts = 2,
    };
    int error = domain_create(0, &config, true, &b->d);

    if (error == 0) {
        error = domain_set_max_vcpus(b->d, config.max_vcpus);
    }
    if (error != 0) {
        panic("dom0: cannot be created: error %d", error);
    }
    b->d->max_frames = UINT32_MAX;
    hardware_domain = b->d;
}

/* Reads the kernel and decides where everything goes. */
static void plan(struct builder *b, uint64_t memory_bytes)
{
    const char *reason;
    uint64_t initrd_pages = b->initrd != NULL ? (b->initrd->size + PAGE_SIZE - 1) >> PAGE_SHIFT : 0;

    if (elf_image_parse(&b->image, machine_ram(b->kernel->start), b->kernel->size, &reason) != 0) {
        panic("dom0: the kernel cannot be used: %s", reason);
    }
    b->nr_pages = (memory_bytes != 0 ? memory_bytes : DEFAULT_MEMORY_BYTES) >> PAGE_SHIFT;
    dom0_layout_plan(&b->layout, &b->image, initrd_pages, b->nr_pages);
    if (memory_bytes == 0 && b->layout.used_pages + (SPARE_BYTES >> PAGE_SHIFT) > b->nr_pages) {
        b->nr_pages = b->layout.used_pages + (SPARE_BYTES >> PAGE_SHIFT);
        dom0_layout_plan(&b->layout, &b->image, initrd_pages, b->nr_pages);
    }
    if (b->layout.used_pages > b->nr_pages) {
        panic("dom0: %lu MiB do not hold kernel and initrd: raise dom0_mem=",
              (unsigned long)(b->nr_pages >> 8));
    }
}

void build_dom0(const struct boot_info *info, int restart)
{
    struct builder b = {0};

    if (info->nr_modules == 0) {
        panic("dom0: the boot loader passed no kernel (its first module)");
    }
    b.kernel = &info->modules[0];
    b.initrd = info->nr_modules > 1 && info->modules[1].size != 0 ? &info->modules[1] : NULL;
    plan(&b, info->options.dom0_memory_bytes);
    create_domain(&b);
    allocate_memory(&b);
    load_kernel(&b);
    if (b.initrd != NULL) {
        copy_in(&b, b.layout.initrd_pfn << PAGE_SHIFT, machine_ram(b.initrd->start),
                b.initrd->size);
    }
    fill_p2m(&b);
    map_all(&b);
    fill_start_info(&b, restart);
    start_vcpu(&b);
    print("dom0: %lu MiB, kernel %lx-%lx, entry %lx\n", (unsigned long)(b.nr_pages >> 8),
          (unsigned long)b.image.load_start, (unsigned long)b.image.load_end,
          (unsigned long)b.image.entry);
    hv_free(b.chunks);
    domain_unpause(b.d);
}
