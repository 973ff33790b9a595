/* SPDX-License-Identifier: MIT */
/* The hypervisor's formatting and its command line. */
#include <criterion/criterion.h>
#include <string.h>

#include "xenlike/boot/boot_info.h"
#include "xenlike/comm/console.h"
#include "xenlike/lib/print.h"

static char logged[512];

void console_log(const char *text, size_t size)
{
    memcpy(logged, text, size);
    logged[size] = '\0';
}

static void expect(const char *wanted, const char *format, ...)
{
    char text[64];
    va_list arguments;

    va_start(arguments, format);
    cr_assert_eq(print_to_buffer_v(text, sizeof(text), format, arguments), (int)strlen(wanted));
    va_end(arguments);
    cr_assert_str_eq(text, wanted);
}

Test(print, numbers_have_signs_widths_and_bases)
{
    expect("-5 5 ff ffffffffffffffff", "%d %u %x %lx", -5, 5u, 255u, ~0ul);
    expect("00a|  a|a  |-07", "%03x|%3x|%-3x|%03d", 10u, 10u, 10u, -7);
    expect("18446744073709551615 -9223372036854775808", "%lu %ld", ~0ul, (long)(1ul << 63));
    expect("12 34", "%zu %llu", (size_t)12, 34ull);
}

Test(print, text_and_unknown_letters_pass)
{
    expect("abc   |  x|(null)|%", "%s%3c|%3s|%s|%%", "abc", ' ', "x", (char *)NULL);
    expect("q", "%q");
    expect("", "%");
}

Test(print, a_short_buffer_is_ended_and_never_overrun)
{
    char text[8] = "\1\1\1\1\1\1\1";

    cr_assert_eq(print_to_buffer(text, 4, "abcdefgh"), 8);
    cr_assert_str_eq(text, "abc");
    cr_assert_eq(text[4], 1);
    cr_assert_eq(print_to_buffer(text, 0, "abc"), 3);
    cr_assert_str_eq(text, "abc");
}

Test(print, a_long_line_is_cut)
{
    char text[400];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    print("%s", text);
    cr_assert_lt(strlen(logged), sizeof(text) - 1);
}

static void command_line(const char *text)
{
    memset(&boot_info, 0, sizeof(boot_info));
    strncpy(boot_info.command_line, text, sizeof(boot_info.command_line) - 1);
    boot_info_parse_options();
}

Test(boot_options, sizes_have_suffixes_and_default_to_kib)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {{"dom0_mem=64M", 64u << 20},
                 {"dom0_mem=1G", 1u << 30},
                 {"dom0_mem=2048", 2u << 20},
                 {"dom0_mem=0x10m", 16u << 20},
                 {"dom0_mem=4096B", 4096},
                 {"dom0_mem=", 0},
                 {"", 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        command_line(cases[i].text);
        cr_assert_eq(boot_info.options.dom0_memory_bytes, cases[i].bytes, "%s", cases[i].text);
    }
}

Test(boot_options, words_match_whole_names_only)
{
    command_line("xnoreboot noreboots console=vga console1=com1");
    cr_assert_not(boot_info.options.stop_at_panic);
    cr_assert_not(boot_info.options.console_uart);
    command_line("  console=com1,vga   noreboot");
    cr_assert(boot_info.options.stop_at_panic);
    cr_assert(boot_info.options.console_uart);
}

Test(boot_options, the_exit_port_has_a_default)
{
    command_line("debug-exit");
    cr_assert_eq(boot_info.options.debug_exit_port, 0xf4);
    command_line("debug-exit=0x501 a");
    cr_assert_eq(boot_info.options.debug_exit_port, 0x501);
    command_line("");
    cr_assert_eq(boot_info.options.debug_exit_port, 0);
}

Test(boot_options, a_value_is_cut_to_its_buffer)
{
    char value[4];

    command_line("a=123456 b");
    cr_assert(boot_info_option("a", value, sizeof(value)));
    cr_assert_str_eq(value, "123");
    cr_assert(boot_info_option("b", value, sizeof(value)));
    cr_assert_str_eq(value, "");
    cr_assert_not(boot_info_option("c", value, sizeof(value)));
}
