/* SPDX-License-Identifier: MIT */
/* Holes in the user's files: only where they may be, and nothing else changes (HP1). */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0-tools/host/punch.h"

#define BYTES 65536

bool settings_join(char *out, size_t size, const char *first, const char *second)
{
    return (size_t)snprintf(out, size, "%s/%s", first, second) < size;
}

static char root[] = "/tmp/xenlike-punch-XXXXXX", share[64], inside[96], outside[96];
static char bytes[BYTES];

static void write_file(const char *path)
{
    FILE *file = fopen(path, "w");

    memset(bytes, 'x', sizeof(bytes));
    cr_assert(file != NULL && fwrite(bytes, sizeof(bytes), 1, file) == 1);
    fclose(file);
}

/* Whether a file is as long as before, with zeros from `from` to `to` and nowhere else. */
static bool is_punched(const char *path, size_t from, size_t to)
{
    FILE *file = fopen(path, "r");
    bool right = fread(bytes, 1, sizeof(bytes), file) == BYTES && fgetc(file) == EOF;

    for (size_t i = 0; i < BYTES; i++) {
        right = right && bytes[i] == (i >= from && i < to ? 0 : 'x');
    }
    fclose(file);
    return right;
}

static void begin(void)
{
    char link[96];

    cr_assert_not_null(mkdtemp(root));
    snprintf(share, sizeof(share), "%s/share", root);
    snprintf(inside, sizeof(inside), "%s/a.img", share);
    snprintf(outside, sizeof(outside), "%s/b.img", root);
    snprintf(link, sizeof(link), "%s/link", share);
    cr_assert(mkdir(share, 0700) == 0 && symlink(outside, link) == 0);
    write_file(inside);
    write_file(outside);
}

static void end(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", root);
    cr_assert_eq(system(command), 0);
}

Test(punch, HP1_a_hole_is_made_where_it_was_asked_for, .init = begin, .fini = end)
{
    enum punch_result probed = punch(share, "a.img", 0, 0);

    cr_assert(probed == PUNCH_DONE || probed == PUNCH_CANNOT);
    cr_assert(is_punched(inside, 0, 0), "asking changes nothing");
    if (probed == PUNCH_CANNOT) {
        cr_skip_test("this file system makes no holes");
    }
    cr_assert_eq(punch(share, "a.img", 4096, 8192), PUNCH_DONE);
    cr_assert(is_punched(inside, 4096, 12288));
    cr_assert_eq(punch(share, "a.img", BYTES, 4096), PUNCH_FAILED);
    cr_assert_eq(punch(share, "a.img", 0, BYTES + 1), PUNCH_FAILED);
    cr_assert_eq(punch(share, "a.img", UINT64_MAX, 2), PUNCH_FAILED);
    cr_assert(is_punched(inside, 4096, 12288));
}

Test(punch, HP1_nothing_outside_the_share_is_touched, .init = begin, .fini = end)
{
    char absolute[128];

    snprintf(absolute, sizeof(absolute), "../../..%s", outside);
    cr_assert_eq(punch(share, "../b.img", 0, 4096), PUNCH_FAILED);
    cr_assert_eq(punch(share, "link", 0, 4096), PUNCH_FAILED);
    cr_assert_eq(punch(share, absolute, 0, 4096), PUNCH_FAILED);
    cr_assert_eq(punch(share, "", 0, 4096), PUNCH_FAILED);
    cr_assert_eq(punch(share, "none", 0, 4096), PUNCH_FAILED);
    cr_assert(is_punched(outside, 0, 0));
}
