/* SPDX-License-Identifier: MIT */
/* libFuzzer: a hostile kernel image through the parser and the layout; IMG1 and LAY1 must hold. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/domain_layout.h"
#include "dom0-tools/libpv/kernel_image.h"

struct input {
    const uint8_t *bytes;
    size_t size;
};

static int read_input(void *context, uint64_t offset, void *buffer, size_t count)
{
    const struct input *input = context;

    if (offset > input->size || count > input->size - offset) {
        abort(); /* the parser must never ask for more than there is */
    }
    memcpy(buffer, input->bytes + offset, count);
    return 0;
}

static void check(int condition)
{
    if (!condition) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, size};
    struct image_source source = {read_input, &input, size};
    static struct kernel_image image;
    static struct domain_layout layout;
    struct error error = {.code = ERROR_NONE};

    if (kernel_image_parse(&source, &image, &error) < 0) {
        check(error.code != ERROR_NONE);
        return 0;
    }
    for (size_t i = 0; i < image.nr_segments; i++) {
        const struct kernel_segment *segment = &image.segments[i];

        check(segment->file_offset + segment->file_bytes <= size);
        check(segment->address >= image.virt_base);
        check(segment->address + segment->memory_bytes <= image.end);
    }
    if (domain_layout_compute(&image, 2048, 12345, &layout, &error) == 0) {
        static uint64_t mfns[2048], entries[LAYOUT_TABLE_ENTRIES];

        check(layout.stack_pfn < 2048 && layout.ramdisk.first + layout.ramdisk.count <= 2048);
        for (uint64_t i = 0; i < layout.page_tables.count; i++) {
            domain_layout_fill_table(&layout, mfns, layout.page_tables.first + i, entries);
        }
        for (uint64_t i = 0; i < layout.p2m_tables.count; i++) {
            domain_layout_fill_table(&layout, mfns, layout.p2m_tables.first + i, entries);
        }
    }
    return 0;
}
