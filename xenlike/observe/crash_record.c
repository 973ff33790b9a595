/* SPDX-License-Identifier: MIT */
/* The record of a panic: crash_record.h. Read next: panic.c. */
#include "crash_record.h"

#include "../comm/console.h"
#include "../lib/print.h"
#include "../cpu/machine.h"

#define RECORD_MAGIC UINT64_C(0x6c6c65776572616f)

struct crash_record {
    uint64_t magic;
    uint32_t size, sum;
    char text[CRASH_RECORD_SIZE - 16];
};

static bool found;

void crash_record_found(void)
{
    found = true;
}

static struct crash_record *record(void)
{
    return machine_ram(MADDR(CRASH_RECORD_ADDRESS));
}

static uint32_t sum_of(const struct crash_record *r)
{
    uint32_t sum = r->size;

    for (uint32_t i = 0; i < r->size; i++) {
        sum = (sum << 5 | sum >> 27) ^ (uint8_t)r->text[i];
    }
    return sum;
}

void crash_record_save(void)
{
    struct crash_record *r = record();

    if (!found) {
        return;
    }
    r->magic = 0;
    r->size = console_log_end(r->text, sizeof(r->text));
    r->sum = sum_of(r);
    __atomic_store_n(&r->magic, RECORD_MAGIC, __ATOMIC_SEQ_CST);
}

/* Line by line, so that a reader of the log knows them again. */
void machine_print_crash_record(void)
{
    const struct crash_record *r = record();
    uint32_t at = 0;

    if (!found || r->magic != RECORD_MAGIC || r->size > sizeof(r->text) || r->sum != sum_of(r)) {
        print("crash record: none\n");
        return;
    }
    print("crash record: %u bytes\n", r->size);
    while (at < r->size) {
        char line[160];
        size_t length = 0;

        while (at < r->size && length < sizeof(line) - 1) {
            char c = r->text[at++];
            if (c == '\n') {
                break;
            }
            line[length++] = c;
        }
        line[length] = '\0';
        print("crash| %s\n", line);
    }
}
