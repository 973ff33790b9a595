/* SPDX-License-Identifier: MIT */
/*
 * The cpio reader: what a packer writes is found, what an attacker writes is refused.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "guest-pv-kernel/core/cpio.h"

static size_t append(char *archive, size_t offset, const char *name, const char *data,
                     unsigned int mode)
{
    size_t names = strlen(name) + 1, length = strlen(data);

    offset += (size_t)sprintf(
        archive + offset, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1u, mode,
        0u, 0u, 1u, 77u, (unsigned int)length, 0u, 0u, 0u, 0u, (unsigned int)names, 0u);
    memcpy(archive + offset, name, names);
    offset = (offset + names + 3) & ~3ul;
    memcpy(archive + offset, data, length);
    return (offset + length + 3) & ~3ul;
}

static size_t sample(char *archive)
{
    size_t length = append(archive, 0, "etc", "", 0040755);

    length = append(archive, length, "etc/motd", "hello", 0100644);
    return append(archive, length, "TRAILER!!!", "", 0);
}

Test(cpio, entries_come_in_order_with_their_data)
{
    char archive[1024] = {0};
    size_t length = sample(archive), offset = 0;
    struct cpio_entry entry;

    cr_assert_eq(cpio_next(archive, length, &offset, &entry), 1);
    cr_assert_str_eq(entry.name, "etc");
    cr_assert_eq(entry.mode, 0040755);
    cr_assert_eq(cpio_next(archive, length, &offset, &entry), 1);
    cr_assert_str_eq(entry.name, "etc/motd");
    cr_assert_eq(entry.length, 5);
    cr_assert_eq(entry.modified, 77);
    cr_assert_eq(memcmp(entry.data, "hello", 5), 0);
    cr_assert_eq(cpio_next(archive, length, &offset, &entry), 0);
}

Test(cpio, archives_may_be_joined)
{
    char archive[2048] = {0};
    size_t length = sample(archive), offset = 0, entries = 0;
    struct cpio_entry entry;

    length = (length + 511) & ~511ul; /* as a packer pads */
    length = append(archive, length, "etc/issue", "second", 0100644);
    length = append(archive, length, "TRAILER!!!", "", 0);
    while (cpio_next(archive, length, &offset, &entry) > 0) {
        entries++;
    }
    cr_assert_eq(entries, 3);
    cr_assert_str_eq(entry.name, "TRAILER!!!");
    cr_assert_eq(offset, length);
}

/* Each truncation and each flipped byte gives an end or an error, never a read outside (ASan). */
Test(cpio, damage_is_never_read_past)
{
    char archive[1024] = {0};
    size_t length = sample(archive);

    for (size_t cut = 0; cut <= length; cut++) {
        for (size_t flip = 0; flip < cut; flip++) {
            char *copy = malloc(cut);
            struct cpio_entry entry;
            size_t offset = 0;
            int steps = 0;

            memcpy(copy, archive, cut);
            copy[flip] = (char)(copy[flip] ^ 0x47);
            while (cpio_next(copy, cut, &offset, &entry) > 0) {
                cr_assert(entry.data >= copy && entry.data + entry.length <= copy + cut);
                cr_assert(strlen(entry.name) < cut);
                cr_assert_lt(++steps, 20);
            }
            free(copy);
        }
    }
}

Test(cpio, something_else_is_refused)
{
    char text[200];
    struct cpio_entry entry;
    size_t offset = 0;

    memset(text, 'x', sizeof(text));
    cr_assert_eq(cpio_next(text, sizeof(text), &offset, &entry), -1);
    cr_assert_eq(cpio_next(text, 0, &offset, &entry), 0);
}
