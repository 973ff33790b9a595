/* SPDX-License-Identifier: MIT */
/*
 * config_problem.h: places in a configuration and what is wrong there. All problems of a file are
 * collected and shown at once, each with its line and a caret.
 * Invariant CFG1: a problem names the place that must be edited, not where it was noticed.
 * Read next: config_document.h.
 */
#ifndef PVCTL_CONFIG_PROBLEM_H
#define PVCTL_CONFIG_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CONFIG_MAX_PROBLEMS 32u

/* A text that is parsed: a file, or the key=value words of a command line. */
struct config_source {
    const char *name; /* shown before the line number */
    const char *text;
    size_t size;
};

/* Bytes [start, start + length) of a source. */
struct config_span {
    const struct config_source *source;
    size_t start;
    size_t length;
};

struct config_problem {
    struct config_span span;
    char message[160];
    char hint[96]; /* may be empty */
};

struct config_problems {
    struct config_problem items[CONFIG_MAX_PROBLEMS];
    size_t count;
    size_t dropped; /* beyond the maximum */
};

/* Add one; a full list counts it only. Always returns -1. */
int config_problem_add(struct config_problems *problems, const struct config_span *span,
                       const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Give the last added problem a hint. Always returns -1. */
int config_problem_hint(struct config_problems *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* 1-based. */
void config_problem_position(const struct config_span *span, size_t *line, size_t *column);

/* file:line:column: message, the line itself, a caret under the place, and the hint. */
void config_problem_print_all(const struct config_problems *problems, FILE *stream);

/* The word of a table nearest to `word`, or NULL when none is near. names ends with NULL. */
const char *config_problem_nearest(const char *word, const char *const *names);

#endif
