/* SPDX-License-Identifier: MIT */
/*
 * The console's line discipline over a transport that is two strings.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/console.h>
#include <pvk/file.h>
#include <pvk/time.h>
#include "guest-pv-kernel/core/arch.h"
#include "guest-pv-kernel/core/core.h"

static const char *keys = "";
static char shown[4096];
static size_t nr_shown;
static int raw;
static size_t room = SIZE_MAX; /* bytes the transport takes at once */

size_t console_transport_write(const char *bytes, size_t count)
{
    count = count < room ? count : room;
    memcpy(shown + nr_shown, bytes, count);
    nr_shown += count;
    return count;
}

size_t console_transport_read(char *bytes, size_t count)
{
    size_t length = strlen(keys);

    count = count < length ? count : length;
    memcpy(bytes, keys, count);
    keys += count;
    return count;
}

void console_transport_wait(void)
{
    room++;
}

int console_transport_empty(void)
{
    return 1;
}

int console_transport_is_raw(void)
{
    return raw;
}

uint64_t time_monotonic_ns(void)
{
    return 1;
}

struct file *file_create(const struct file_operations *operations, void *data, int flags)
{
    static struct file file;

    file = (struct file){.operations = operations, .data = data, .flags = flags, .references = 1};
    return &file;
}

struct file *file_get(struct file *file)
{
    return file;
}

void file_notify(struct file *file)
{
    (void)file;
}

/* Nobody types any more. */
int file_wait(struct file *file, uint64_t deadline_ns)
{
    (void)file;
    (void)deadline_ns;
    return -EINTR;
}

/* What a read gives after these keys; "" when it would wait. */
static const char *after(const char *typed)
{
    static char line[2048];
    struct file *console = console_file();
    ssize_t count;

    keys = typed;
    core_console_event();
    count = console->operations->read(console, line, sizeof(line) - 1);
    line[count < 0 ? 0 : count] = '\0';
    return line;
}

Test(console, a_line_is_read_when_it_is_complete)
{
    cr_assert_str_eq(after("hel"), "");
    cr_assert_str_eq(after("lo\rnext"), "hello\n");
    cr_assert_str_eq(after("\n"), "next\n");
    cr_assert_str_eq(after("a\nb\n"), "a\n");
    cr_assert_str_eq(after(""), "b\n");
}

Test(console, keys_are_echoed_and_erased)
{
    cr_assert_str_eq(after("ab\b\x7f\x7f"
                           "cd\x15"
                           "e\n"),
                     "e\n");
    shown[nr_shown] = '\0';
    cr_assert_str_eq(shown, "ab\b \b\b \bcd\b \b\b \be\n");
}

Test(console, control_d_ends_the_input_or_hands_over_an_unfinished_line)
{
    struct file *console = console_file();
    char byte;

    cr_assert_str_eq(after("part\x04"), "part");
    keys = "\x04";
    core_console_event();
    cr_assert_eq(console->operations->poll(console) & POLLIN, POLLIN);
    cr_assert_eq(console->operations->read(console, &byte, 1), 0);
    cr_assert_eq(console->operations->read(console, &byte, 1), -EINTR);
}

Test(console, raw_mode_passes_every_key)
{
    console_set_mode(CONSOLE_RAW);
    cr_assert_str_eq(after("a\r\b\x04"), "a\r\b\x04");
    cr_assert_eq(nr_shown, 0);
}

Test(console, a_line_that_never_ends_is_cut_off_and_can_be_finished)
{
    static char much[3000];

    memset(much, 'x', sizeof(much) - 1);
    cr_assert_str_eq(after(much), "");
    cr_assert_eq(strlen(after("\n")), 1024);
}

Test(console, a_thread_that_cannot_wait_for_room_is_told)
{
    struct file *console = console_file();

    room = 0;
    cr_assert_eq(console->operations->write(console, "x", 1), -EINTR);
    cr_assert_eq(after("echo is dropped\n")[0], 'e');
    cr_assert_eq(nr_shown, 0);
}

Test(console, a_raw_transport_gets_cr_lf_however_little_it_takes)
{
    raw = 1;
    room = 1;
    console_write("a\nb\n", 4);
    shown[nr_shown] = '\0';
    cr_assert_str_eq(shown, "a\r\nb\r\n");
}
