/* SPDX-License-Identifier: MIT */
/*
 * config_parser.c: the grammar of a configuration, by recursive descent. After an error it goes on
 * at the next line, so that all errors of a file are found in one run. Owns: the document under
 * construction. Invariant CFG2 (config_document.h). Read next: config.c.
 */
#include "dom0-tools/pvctl/config_document.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    struct config_lexer lexer;
    struct config_token token; /* the one looked at */
    struct config_document *document;
    struct config_problems *problems;
};

static void advance(struct parser *parser)
{
    parser->token = config_lexer_next(&parser->lexer);
}

static int expected(struct parser *parser, const char *what)
{
    const struct config_span *span = &parser->token.span;

    switch (parser->token.kind) {
    case TOKEN_BAD:
        return -1; /* reported where it was read */
    case TOKEN_END:
        return config_problem_add(parser->problems, span, "the text ends where %s is expected",
                                  what);
    case TOKEN_NEWLINE:
        return config_problem_add(parser->problems, span, "the line ends where %s is expected",
                                  what);
    default:
        return config_problem_add(parser->problems, span, "expected %s, found `%.*s'", what,
                                  (int)(span->length < 40 ? span->length : 40),
                                  span->source->text + span->start);
    }
}

static void value_free(struct config_value *value)
{
    for (size_t i = 0; i < value->nr_items; i++) {
        value_free(&value->items[i]);
    }
    free(value->items);
    free(value->text);
    memset(value, 0, sizeof(*value));
}

static int parse_value(struct parser *parser, struct config_value *value, unsigned int depth);

static void skip_newlines(struct parser *parser)
{
    while (parser->token.kind == TOKEN_NEWLINE &&
           parser->lexer.source->text[parser->token.span.start] == '\n') {
        advance(parser);
    }
}

static int list_grow(struct parser *parser, struct config_value *list)
{
    struct config_value *items;

    if (list->nr_items == CONFIG_MAX_ITEMS) {
        return config_problem_add(parser->problems, &parser->token.span,
                                  "a list holds at most %u values", CONFIG_MAX_ITEMS);
    }
    if ((list->nr_items & (list->nr_items - 1)) == 0) {
        size_t capacity = list->nr_items == 0 ? 1 : list->nr_items * 2;

        items = realloc(list->items, capacity * sizeof(*items));
        if (items == NULL) {
            return config_problem_add(parser->problems, &parser->token.span, "out of memory");
        }
        list->items = items;
    }
    memset(&list->items[list->nr_items], 0, sizeof(list->items[0]));
    list->nr_items++;
    return 0;
}

static int parse_list(struct parser *parser, struct config_value *value, unsigned int depth)
{
    struct config_span open = parser->token.span;

    value->kind = CONFIG_LIST;
    if (depth == CONFIG_MAX_DEPTH) {
        return config_problem_add(parser->problems, &open, "lists are nested too deeply");
    }
    advance(parser);
    skip_newlines(parser);
    while (parser->token.kind != TOKEN_CLOSE) {
        if (parser->token.kind == TOKEN_END) {
            return config_problem_add(parser->problems, &open, "this list has no closing ]");
        }
        if (list_grow(parser, value) < 0 ||
            parse_value(parser, &value->items[value->nr_items - 1], depth + 1) < 0) {
            return -1;
        }
        skip_newlines(parser);
        if (parser->token.kind == TOKEN_COMMA) {
            advance(parser);
            skip_newlines(parser);
        } else if (parser->token.kind != TOKEN_CLOSE) {
            return parser->token.kind == TOKEN_END
                       ? config_problem_add(parser->problems, &open, "this list has no closing ]")
                       : expected(parser, "`,' or `]'");
        }
    }
    value->span.length = parser->token.span.start + 1 - value->span.start;
    advance(parser);
    return 0;
}

static int parse_value(struct parser *parser, struct config_value *value, unsigned int depth)
{
    value->span = parser->token.span;
    switch (parser->token.kind) {
    case TOKEN_TEXT:
        value->kind = CONFIG_TEXT;
        value->text = config_lexer_unquote(&parser->token, parser->problems);
        if (value->text == NULL) {
            return -1;
        }
        break;
    case TOKEN_NUMBER:
        value->kind = CONFIG_NUMBER;
        if (config_lexer_number(&parser->token, &value->number, parser->problems) < 0) {
            return -1;
        }
        break;
    case TOKEN_OPEN:
        return parse_list(parser, value, depth);
    case TOKEN_NAME:
        expected(parser, "a value");
        return config_problem_hint(parser->problems, "a text needs quotes: \"%.*s\"",
                                   (int)(value->span.length < 60 ? value->span.length : 60),
                                   value->span.source->text + value->span.start);
    default:
        return expected(parser, "a value: a \"text\", a number or a [list]");
    }
    advance(parser);
    return 0;
}

static int parse_setting(struct parser *parser, struct config_setting *setting)
{
    setting->name_span = parser->token.span;
    if (parser->token.kind != TOKEN_NAME) {
        return expected(parser, "a key");
    }
    if (setting->name_span.length >= sizeof(setting->name)) {
        return config_problem_add(parser->problems, &setting->name_span, "no key is that long");
    }
    memcpy(setting->name, setting->name_span.source->text + setting->name_span.start,
           setting->name_span.length);
    setting->name[setting->name_span.length] = '\0';
    advance(parser);
    if (parser->token.kind != TOKEN_ASSIGN && parser->token.kind != TOKEN_APPEND) {
        return expected(parser, "`=' or `+='");
    }
    setting->append = parser->token.kind == TOKEN_APPEND;
    advance(parser);
    if (parse_value(parser, &setting->value, 0) < 0) {
        return -1;
    }
    if (parser->token.kind != TOKEN_NEWLINE && parser->token.kind != TOKEN_END) {
        return expected(parser, "the end of the line or `;'");
    }
    return 0;
}

static struct config_setting *setting_new(struct config_document *document)
{
    struct config_setting *setting;

    if ((document->nr_settings & (document->nr_settings - 1)) == 0) {
        size_t capacity = document->nr_settings == 0 ? 1 : document->nr_settings * 2;
        struct config_setting *grown =
            realloc(document->settings, capacity * sizeof(document->settings[0]));

        if (grown == NULL) {
            return NULL;
        }
        document->settings = grown;
    }
    setting = &document->settings[document->nr_settings];
    memset(setting, 0, sizeof(*setting));
    return setting;
}

static void skip_line(struct parser *parser)
{
    while (parser->token.kind != TOKEN_NEWLINE && parser->token.kind != TOKEN_END) {
        /* The rest of a broken line is not looked at: its errors are consequences. */
        struct config_lexer *lexer = &parser->lexer;

        while (lexer->at < lexer->source->size && lexer->source->text[lexer->at] != '\n') {
            lexer->at++;
        }
        advance(parser);
    }
}

int config_document_parse(const struct config_source *source, struct config_document *document,
                          struct config_problems *problems)
{
    struct parser parser = {{source, 0, problems}, {0}, document, problems};
    size_t before = problems->count + problems->dropped;
    const char *nul;

    if (source->size > CONFIG_MAX_BYTES) {
        struct config_span start = {source, 0, 0};

        return config_problem_add(problems, &start, "larger than 1 MiB: no configuration");
    }
    nul = memchr(source->text, '\0', source->size);
    if (nul != NULL) {
        struct config_span place = {source, (size_t)(nul - source->text), 1};

        config_problem_add(problems, &place, "a NUL byte: this is no text file");
        return config_problem_hint(problems,
                                   "was a kernel image given instead of a configuration?");
    }
    advance(&parser);
    while (parser.token.kind != TOKEN_END) {
        struct config_setting *setting;

        if (parser.token.kind == TOKEN_NEWLINE) {
            advance(&parser);
            continue;
        }
        setting = document->nr_settings < CONFIG_MAX_SETTINGS ? setting_new(document) : NULL;
        if (setting == NULL) {
            return config_problem_add(problems, &parser.token.span, "too many settings");
        }
        if (parse_setting(&parser, setting) < 0) {
            value_free(&setting->value);
            skip_line(&parser);
        } else {
            document->nr_settings++;
        }
    }
    return problems->count + problems->dropped == before ? 0 : -1;
}

void config_document_free(struct config_document *document)
{
    for (size_t i = 0; i < document->nr_settings; i++) {
        value_free(&document->settings[i].value);
    }
    free(document->settings);
    memset(document, 0, sizeof(*document));
}
