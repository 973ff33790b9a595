/* SPDX-License-Identifier: MIT */
/*
 * config_lexer.c: the words of a configuration.
 * Owns: nothing but the texts that it hands out.
 * Invariant CFG2 (config_document.h): every call consumes at least one byte until the end.
 * Read next: config_parser.c.
 */
#include "dom0-tools/pvctl/config_document.h"

#include <stdlib.h>
#include <string.h>

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const struct config_lexer *lexer, size_t offset)
{
    size_t at = lexer->at + offset;

    return at < lexer->source->size ? lexer->source->text[at] : '\0';
}

static void skip_blanks(struct config_lexer *lexer)
{
    const struct config_source *source = lexer->source;

    while (lexer->at < source->size) {
        char c = source->text[lexer->at];

        if (c == '#') {
            while (lexer->at < source->size && source->text[lexer->at] != '\n') {
                lexer->at++;
            }
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
            lexer->at++;
        } else {
            return;
        }
    }
}

static struct config_token token_of(struct config_lexer *lexer, enum config_token_kind kind,
                                    size_t length)
{
    struct config_token token = {kind, {lexer->source, lexer->at, length}};

    lexer->at += length;
    return token;
}

static struct config_token quoted(struct config_lexer *lexer)
{
    char quote = peek(lexer, 0);
    size_t length = 1;
    struct config_token token;

    for (;;) {
        bool end = lexer->at + length >= lexer->source->size;
        char c = peek(lexer, length);

        if (end || c == '\n') {
            token = token_of(lexer, TOKEN_BAD, length);
            config_problem_add(lexer->problems, &token.span, "this string has no closing %c",
                               quote);
            return token;
        }
        if (c == quote) {
            return token_of(lexer, TOKEN_TEXT, length + 1);
        }
        if (c == '\0') {
            token = token_of(lexer, TOKEN_BAD, length + 1);
            token.span.start += length;
            token.span.length = 1;
            config_problem_add(lexer->problems, &token.span, "a NUL byte in a string");
            return token;
        }
        length += c == '\\' && peek(lexer, 1 + length) != '\n' ? 2 : 1;
    }
}

static struct config_token word(struct config_lexer *lexer)
{
    bool number = is_digit(peek(lexer, 0));
    size_t length = 1;

    while (is_name_start(peek(lexer, length)) || is_digit(peek(lexer, length))) {
        length++;
    }
    return token_of(lexer, number ? TOKEN_NUMBER : TOKEN_NAME, length);
}

struct config_token config_lexer_next(struct config_lexer *lexer)
{
    static const struct {
        char byte;
        enum config_token_kind kind;
    } single[] = {{'\n', TOKEN_NEWLINE}, {';', TOKEN_NEWLINE}, {'=', TOKEN_ASSIGN},
                  {'[', TOKEN_OPEN},     {']', TOKEN_CLOSE},   {',', TOKEN_COMMA}};
    struct config_token token;
    char c;

    skip_blanks(lexer);
    if (lexer->at >= lexer->source->size) {
        return token_of(lexer, TOKEN_END, 0);
    }
    c = peek(lexer, 0);
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
        if (single[i].byte == c) {
            return token_of(lexer, single[i].kind, 1);
        }
    }
    if (c == '+' && peek(lexer, 1) == '=') {
        return token_of(lexer, TOKEN_APPEND, 2);
    }
    if (c == '"' || c == '\'') {
        return quoted(lexer);
    }
    if (is_name_start(c) || is_digit(c)) {
        return word(lexer);
    }
    token = token_of(lexer, TOKEN_BAD, 1);
    if (c == '-' && is_digit(peek(lexer, 0))) {
        config_problem_add(lexer->problems, &token.span, "negative numbers have no meaning here");
    } else if (c > ' ' && c < 0x7f) {
        config_problem_add(lexer->problems, &token.span, "`%c' has no meaning here", c);
    } else {
        config_problem_add(lexer->problems, &token.span, "the byte 0x%02x has no meaning here",
                           (unsigned int)(unsigned char)c);
    }
    return token;
}

/* ---- values of tokens --------------------------------------------------------------------------
 */

static int digit_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Digits of a base at the text, at most `longest`; returns how many there were. */
static size_t escape_digits(const char *text, size_t size, int base, size_t longest, char *byte)
{
    size_t count = 0;
    int value = 0;

    while (count < longest && count < size && digit_value(text[count]) < base) {
        value = value * base + digit_value(text[count]);
        count++;
    }
    *byte = (char)value;
    return count;
}

/* The escape behind a backslash at `text`; returns the bytes it takes, 0 for an unknown one. */
static size_t escape(const char *text, size_t size, char *byte)
{
    static const char letters[] = "'\"\\?;nrtfvab";
    static const char bytes[] = "'\"\\?;\n\r\t\f\v\a\b";
    const char *letter = size > 0 ? memchr(letters, text[0], sizeof(letters) - 1) : NULL;
    size_t count;

    if (letter != NULL) {
        *byte = bytes[letter - letters];
        return 1;
    }
    if (size > 0 && text[0] == 'x') {
        count = escape_digits(text + 1, size - 1, 16, 2, byte);
        return count > 0 ? count + 1 : 0;
    }
    return escape_digits(text, size, 8, 3, byte);
}

char *config_lexer_unquote(const struct config_token *token, struct config_problems *problems)
{
    const char *text = token->span.source->text + token->span.start + 1;
    size_t size = token->span.length - 2;
    size_t length = 0;
    char *plain;

    if (size > CONFIG_MAX_TEXT) {
        config_problem_add(problems, &token->span, "this string is longer than %u bytes",
                           CONFIG_MAX_TEXT);
        return NULL;
    }
    plain = malloc(size + 1);
    if (plain == NULL) {
        config_problem_add(problems, &token->span, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < size;) {
        struct config_span place = token->span;
        size_t taken = 1;

        if (text[i] != '\\') {
            plain[length++] = text[i++];
            continue;
        }
        taken = escape(text + i + 1, size - i - 1, &plain[length]);
        if (taken == 0 || plain[length] == '\0') {
            place.start += 1 + i;
            place.length = 2;
            config_problem_add(problems, &place, "no such escape in a string");
            config_problem_hint(problems, "write \\\\ for a backslash");
            free(plain);
            return NULL;
        }
        length++;
        i += 1 + taken;
    }
    plain[length] = '\0';
    return plain;
}

int config_lexer_number(const struct config_token *token, uint64_t *number,
                        struct config_problems *problems)
{
    const char *text = token->span.source->text + token->span.start;
    size_t size = token->span.length;
    bool hexadecimal = size > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    uint64_t base = hexadecimal ? 16 : 10;
    uint64_t value = 0;

    for (size_t i = hexadecimal ? 2 : 0; i < size; i++) {
        uint64_t digit = (uint64_t)digit_value(text[i]);

        if (digit >= base) {
            config_problem_add(problems, &token->span, "`%.*s' is no number",
                               (int)(size < 40 ? size : 40), text);
            return config_problem_hint(problems, "a size with a unit is a string: \"%.*s\"",
                                       (int)(size < 40 ? size : 40), text);
        }
        if (value > (UINT64_MAX - digit) / base) {
            return config_problem_add(problems, &token->span, "this number is too large");
        }
        value = value * base + digit;
    }
    if (!hexadecimal && size > 1 && text[0] == '0' && value != 0) {
        config_problem_add(problems, &token->span,
                           "a number that begins with 0 is octal to xl, and easily misread");
        return config_problem_hint(problems, "write it without the leading 0");
    }
    *number = value;
    return 0;
}
