/* SPDX-License-Identifier: MIT */
/* The running guest's memory: flat buffers, or its own page tables. See fake.h. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

unsigned int fake_fail_access, fake_nr_accesses;
void (*fake_after_read)(gva_t source, size_t size);

#define MAX_FLAT 16
static struct {
    uint64_t start;
    size_t size;
    char *buffer;
    bool readonly;
} flat[MAX_FLAT];
static unsigned int nr_flat;

void *fake_flat(uint64_t start, size_t size)
{
    if (nr_flat == MAX_FLAT) {
        abort();
    }
    flat[nr_flat].start = start;
    flat[nr_flat].size = size;
    flat[nr_flat].buffer = calloc(1, size);
    return flat[nr_flat++].buffer;
}

void fake_flat_readonly(uint64_t start, bool readonly)
{
    for (unsigned int i = 0; i < nr_flat; i++) {
        if (flat[i].start == start) {
            flat[i].readonly = readonly;
        }
    }
}

/* The host's pointer to a guest address and how many bytes it is good for; NULL: a fault. */
static char *reach(uint64_t address, bool write, size_t *good_for)
{
    mfn_t mfn;

    for (unsigned int i = 0; i < nr_flat; i++) {
        uint64_t offset = address - flat[i].start;

        if (offset < flat[i].size && !(write && flat[i].readonly)) {
            *good_for = flat[i].size - offset;
            return flat[i].buffer + offset;
        }
    }
    if (nr_flat != 0 || current_vcpu() == NULL ||
        !fake_touch(current_vcpu(), address, write, &mfn)) {
        return NULL;
    }
    *good_for = PAGE_SIZE - (address & (PAGE_SIZE - 1));
    return (char *)machine_frame(mfn) + (address & (PAGE_SIZE - 1));
}

/* One access of `size` bytes: to the guest from `source` (NULL: zeros), or from it to `destination`. Bytes not done. */
static size_t access_guest(uint64_t address, size_t size, void *destination, const void *source,
                           bool write)
{
    size_t done = 0;

    fake_nr_accesses++;
    if (fake_fail_access != 0 && --fake_fail_access == 0) {
        return size;
    }
    while (done < size) {
        size_t part;
        char *guest = reach(address + done, write, &part);

        if (guest == NULL) {
            return size - done;
        }
        part = part < size - done ? part : size - done;
        if (!write) {
            memcpy((char *)destination + done, guest, part);
        } else if (source != NULL) {
            memcpy(guest, (const char *)source + done, part);
        } else {
            memset(guest, 0, part);
        }
        done += part;
    }
    return 0;
}

size_t machine_copy_from_guest(void *destination, gva_t source, size_t size)
{
    size_t left = access_guest(source.v, size, destination, NULL, false);

    if (fake_after_read != NULL) {
        fake_after_read(source, size);
    }
    return left;
}

size_t machine_copy_to_guest(gva_t destination, const void *source, size_t size)
{
    return access_guest(destination.v, size, NULL, source, true);
}

size_t machine_clear_guest(gva_t destination, size_t size)
{
    return access_guest(destination.v, size, NULL, NULL, true);
}

size_t machine_copy_words_from_guest(void *destination, gva_t source, size_t words)
{
    return machine_copy_from_guest(destination, source, words * 8);
}

size_t machine_copy_words_to_guest(gva_t destination, const void *source, size_t words)
{
    return machine_copy_to_guest(destination, source, words * 8);
}

bool machine_read_guest_u32(uint32_t *value, gva_t source)
{
    uint32_t word;

    if (machine_copy_from_guest(&word, source, sizeof(word)) != 0) {
        return false;
    }
    *value = word;
    return true;
}
