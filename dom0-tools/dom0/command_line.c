/* SPDX-License-Identifier: MIT */
/*
 * A typed line as words (see command_line.h).
 * Read next: builtin.c.
 */
#include "command_line.h"

#include <errno.h>
#include <string.h>

bool command_line_expand(const char *line, const char *seed, char *out, size_t size)
{
    static const char name[] = "$SEED";
    size_t used = 0;

    while (*line != '\0') {
        bool is_seed = strncmp(line, name, sizeof(name) - 1) == 0;
        size_t count = is_seed ? strlen(seed) : 1;

        if (used + count >= size) {
            return false;
        }
        memcpy(out + used, is_seed ? seed : line, count);
        used += count;
        line += is_seed ? sizeof(name) - 1 : 1;
    }
    out[used] = '\0';
    return true;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Copy one word down to `*out`; `*in` stops behind it. False: a quote is not closed. */
static int take_word(char **in, char **out)
{
    char quote = '\0';

    for (; **in != '\0' && (quote != '\0' || !is_blank(**in)); (*in)++) {
        char c = **in;
        if (quote == '\0' && (c == '\'' || c == '"')) {
            quote = c;
        } else if (quote != '\0' && c == quote) {
            quote = '\0';
        } else if (c == '\\' && quote != '\'' && (*in)[1] != '\0') {
            (*in)++;
            *(*out)++ = **in;
        } else {
            *(*out)++ = c;
        }
    }
    return quote == '\0';
}

int command_line_split(char *line, char *argv[COMMAND_LINE_WORDS + 1])
{
    char *in = line;
    char *out = line;
    int words = 0;

    for (;;) {
        while (is_blank(*in)) {
            in++;
        }
        if (*in == '\0' || *in == '#') {
            argv[words] = NULL;
            return words;
        }
        if (words == COMMAND_LINE_WORDS) {
            return -E2BIG;
        }
        argv[words++] = out;
        if (!take_word(&in, &out)) {
            return -EINVAL;
        }
        /* Look at what ends the word before its place is overwritten. */
        if (*in != '\0') {
            in++;
        }
        *out++ = '\0';
    }
}
