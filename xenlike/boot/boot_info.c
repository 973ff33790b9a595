/* SPDX-License-Identifier: MIT */
/* The command line: words "name" or "name=value" between blanks; unknown words are somebody else's. */
#include "boot_info.h"

#include "../lib/string.h"

struct boot_info boot_info;

static bool word_is(const char *word, const char *name, const char **value)
{
    size_t length = strlen(name);

    if (strncmp(word, name, length) != 0) {
        return false;
    }
    if (word[length] == '=') {
        *value = word + length + 1;
        return true;
    }
    *value = word + length;
    return word[length] == ' ' || word[length] == '\0';
}

bool boot_info_option(const char *name, char *value, size_t size)
{
    const char *word = boot_info.command_line;

    while (*word != '\0') {
        const char *text;

        if (word_is(word, name, &text)) {
            size_t n = 0;
            while (n + 1 < size && text[n] != '\0' && text[n] != ' ') {
                value[n] = text[n];
                n++;
            }
            value[n] = '\0';
            return true;
        }
        while (*word != '\0' && *word != ' ') {
            word++;
        }
        while (*word == ' ') {
            word++;
        }
    }
    return false;
}

static uint64_t parse_number(const char *text, const char **end)
{
    uint64_t base = 10;
    uint64_t number = 0;

    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    for (;; text++) {
        uint64_t digit;
        if (*text >= '0' && *text <= '9') {
            digit = (uint64_t)(*text - '0');
        } else if (base == 16 && *text >= 'a' && *text <= 'f') {
            digit = (uint64_t)(*text - 'a') + 10;
        } else {
            break;
        }
        number = number * base + digit;
    }
    *end = text;
    return number;
}

/* A size with a suffix K, M, G; without one the unit is KiB, as in Xen's options. */
static uint64_t parse_size(const char *text)
{
    uint64_t number = parse_number(text, &text);
    char unit = (char)(*text | 32); /* a letter in lower case */

    return number << (unit == 'g' ? 30 : unit == 'm' ? 20 : unit == 'b' ? 0 : 10);
}

void boot_info_parse_options(void)
{
    struct boot_options *options = &boot_info.options;
    char value[32];
    const char *end;

    if (boot_info_option("dom0_mem", value, sizeof(value))) {
        options->dom0_memory_bytes = parse_size(value);
    }
    if (boot_info_option("console", value, sizeof(value))) {
        options->console_uart = strstr(value, "com1") != NULL;
        options->console_vga = strstr(value, "vga") != NULL;
    }
    options->dom0_restart = boot_info_option("dom0-restart", value, sizeof(value));
    options->stop_at_panic = boot_info_option("noreboot", value, sizeof(value));
    if (boot_info_option("debug-exit", value, sizeof(value))) {
        options->debug_exit_port = value[0] != '\0' ? (uint16_t)parse_number(value, &end) : 0xf4;
    }
}
