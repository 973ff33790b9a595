/* SPDX-License-Identifier: MIT */
/*
 * config_document.h: a configuration as its grammar sees it: NAME = VALUE or NAME += VALUE, ended
 * by a newline or `;'. A value is a string in either quote, a number, or a list of values. Owns:
 * the settings and their values, freed with the document. Invariant CFG2: the parse is a total
 * function: any bytes give a document or problems, within bounded memory (CONFIG_MAX_*). Read next:
 * config.h, which gives the names their meaning.
 */
#ifndef PVCTL_CONFIG_DOCUMENT_H
#define PVCTL_CONFIG_DOCUMENT_H

#include <stdint.h>

#include "dom0-tools/pvctl/config_problem.h"

#define CONFIG_MAX_BYTES    (1u << 20)
#define CONFIG_MAX_SETTINGS 1024u
#define CONFIG_MAX_DEPTH    8u
#define CONFIG_MAX_ITEMS    1024u
#define CONFIG_MAX_TEXT     4096u

enum config_kind { CONFIG_TEXT, CONFIG_NUMBER, CONFIG_LIST };

struct config_value {
    enum config_kind kind;
    struct config_span span;
    char *text;      /* CONFIG_TEXT: unquoted */
    uint64_t number; /* CONFIG_NUMBER */
    struct config_value *items;
    size_t nr_items;
};

struct config_setting {
    struct config_span name_span;
    char name[64];
    bool append; /* += */
    struct config_value value;
};

struct config_document {
    struct config_setting *settings; /* in the order of the source */
    size_t nr_settings;
};

enum config_token_kind {
    TOKEN_END,
    TOKEN_NEWLINE, /* newline or ; */
    TOKEN_NAME,
    TOKEN_TEXT,
    TOKEN_NUMBER,
    TOKEN_ASSIGN,
    TOKEN_APPEND,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_BAD /* a problem was added */
};

struct config_token {
    enum config_token_kind kind;
    struct config_span span;
};

struct config_lexer {
    const struct config_source *source;
    size_t at;
    struct config_problems *problems;
};

/* The next token; at the end, TOKEN_END for ever. */
struct config_token config_lexer_next(struct config_lexer *lexer);
/* The text of a TOKEN_TEXT, malloc'ed; NULL with a problem added (bad escape, too long, memory). */
char *config_lexer_unquote(const struct config_token *token, struct config_problems *problems);
/* The number of a TOKEN_NUMBER; -1 with a problem added. */
int config_lexer_number(const struct config_token *token, uint64_t *number,
                        struct config_problems *problems);

/*
 * Parse a source and append its settings to the document (zero-initialised at first). 0, or -1 when
 * problems were added; the document is to be freed either way. The source must outlive it.
 */
int config_document_parse(const struct config_source *source, struct config_document *document,
                          struct config_problems *problems);
void config_document_free(struct config_document *document);

#endif
