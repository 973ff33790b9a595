/* SPDX-License-Identifier: MIT */
/*
 * config_problem.c: collecting and printing what is wrong in a configuration.
 * Owns: nothing.
 * Invariant CFG1 (config_problem.h).
 * Read next: config_document.h.
 */
#include "dom0-tools/pvctl/config_problem.h"

#include <stdarg.h>
#include <string.h>

#define SHOWN_WIDTH 100u

int config_problem_add(struct config_problems *problems, const struct config_span *span,
                       const char *format, ...)
{
    struct config_problem *problem;
    va_list arguments;

    if (problems->count == CONFIG_MAX_PROBLEMS) {
        problems->dropped++;
        return -1;
    }
    problem = &problems->items[problems->count++];
    problem->span = *span;
    problem->hint[0] = '\0';
    va_start(arguments, format);
    vsnprintf(problem->message, sizeof(problem->message), format, arguments);
    va_end(arguments);
    return -1;
}

int config_problem_hint(struct config_problems *problems, const char *format, ...)
{
    va_list arguments;

    if (problems->count > 0 && problems->dropped == 0) {
        struct config_problem *problem = &problems->items[problems->count - 1];

        va_start(arguments, format);
        vsnprintf(problem->hint, sizeof(problem->hint), format, arguments);
        va_end(arguments);
    }
    return -1;
}

/* Start of the line that holds a byte. */
static size_t line_start(const struct config_span *span)
{
    size_t at = span->start <= span->source->size ? span->start : span->source->size;

    while (at > 0 && span->source->text[at - 1] != '\n') {
        at--;
    }
    return at;
}

void config_problem_position(const struct config_span *span, size_t *line, size_t *column)
{
    size_t start = line_start(span);

    *line = 1;
    for (size_t i = 0; i < start; i++) {
        *line += span->source->text[i] == '\n';
    }
    *column = span->start - start + 1;
}

/* A tab stays a tab so that the caret lines up; other control bytes show as '?'. */
static void print_line(const struct config_span *span, FILE *stream)
{
    const struct config_source *source = span->source;
    size_t start = line_start(span);
    size_t column = span->start - start;
    size_t first = column > SHOWN_WIDTH - 20 ? column - (SHOWN_WIDTH - 20) : 0;
    size_t carets = span->length > 0 ? span->length : 1;

    fputs("    ", stream);
    for (size_t i = start + first; i < source->size && i < start + first + SHOWN_WIDTH; i++) {
        unsigned char byte = (unsigned char)source->text[i];

        if (byte == '\n' || byte == '\r') {
            break;
        }
        fputc((byte < ' ' && byte != '\t') || byte == 0x7f ? '?' : byte, stream);
    }
    fputs("\n    ", stream);
    for (size_t i = start + first; i < start + column && i < source->size; i++) {
        fputc(source->text[i] == '\t' ? '\t' : ' ', stream);
    }
    for (size_t i = 0; i < carets && i < SHOWN_WIDTH; i++) {
        if (span->start + i < source->size && source->text[span->start + i] == '\n' && i > 0) {
            break;
        }
        fputc('^', stream);
    }
    fputc('\n', stream);
}

void config_problem_print_all(const struct config_problems *problems, FILE *stream)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct config_problem *problem = &problems->items[i];
        size_t line, column;

        config_problem_position(&problem->span, &line, &column);
        fprintf(stream, "%s:%zu:%zu: error: %s\n", problem->span.source->name, line, column,
                problem->message);
        print_line(&problem->span, stream);
        if (problem->hint[0] != '\0') {
            fprintf(stream, "    %s\n", problem->hint);
        }
    }
    if (problems->dropped > 0) {
        fprintf(stream, "... and %zu more\n", problems->dropped);
    }
}

/* Edits (insert, delete, replace, swap neighbours) between two short words; `limit` + 1 if more. */
static size_t distance(const char *left, const char *right, size_t limit)
{
    enum { LONGEST = 32 };
    size_t rows[3][LONGEST + 1];
    size_t left_size = strlen(left), right_size = strlen(right);

    if (left_size > LONGEST || right_size > LONGEST) {
        return limit + 1;
    }
    for (size_t j = 0; j <= right_size; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= left_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= right_size; j++) {
            size_t best = above[j - 1] + (left[i - 1] != right[j - 1]);

            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] &&
                above2[j - 2] + 1 < best) {
                best = above2[j - 2] + 1;
            }
            row[j] = best;
        }
    }
    return rows[left_size % 3][right_size];
}

const char *config_problem_nearest(const char *word, const char *const *names)
{
    size_t limit = strlen(word) < 4 ? 1 : 2;
    size_t best_distance = limit + 1;
    const char *best = NULL;

    for (; *names != NULL; names++) {
        size_t found = distance(word, *names, limit);

        if (found < best_distance) {
            best_distance = found;
            best = *names;
        }
    }
    return best;
}
