/* SPDX-License-Identifier: MIT */
/*
 * Edits one line on a terminal, key by key: insertion, backspace, arrows, ^A ^E ^U ^K ^W ^L, history.
 * Owns: the line, the history, the state of an escape sequence.
 * Invariant: LE1 cursor <= length < LINE_EDITOR_SIZE; the text is terminated.
 * Locks: none. Pure but for `write`; host tests run it.
 * Read next: terminal.c.
 */
#ifndef DOM0_LINE_EDITOR_H
#define DOM0_LINE_EDITOR_H

#include <stddef.h>

#define LINE_EDITOR_SIZE    512u
#define LINE_EDITOR_HISTORY 16u

enum line_editor_event {
    LINE_EDITOR_NOTHING,
    LINE_EDITOR_LINE,      /* Enter: the text is in line_editor.text until the next prompt */
    LINE_EDITOR_INTERRUPT, /* ^C */
    LINE_EDITOR_END,       /* ^D on an empty line */
};

struct line_editor {
    void (*write)(void *context, const char *bytes, size_t count);
    void *context;
    const char *prompt;
    char text[LINE_EDITOR_SIZE];
    size_t length;
    size_t cursor;
    int escape; /* 0 none, 1 after ESC, 2 after ESC [ or ESC O, 3 inside a number */
    char escape_digit;
    char history[LINE_EDITOR_HISTORY][LINE_EDITOR_SIZE];
    unsigned int history_count;  /* lines ever stored; the oldest are overwritten */
    unsigned int history_at;     /* history_count: the line being typed */
    char kept[LINE_EDITOR_SIZE]; /* the line being typed, while history is shown */
};

void line_editor_init(struct line_editor *editor, const char *prompt,
                      void (*write)(void *context, const char *bytes, size_t count), void *context);
/* Begin a new line. */
void line_editor_prompt(struct line_editor *editor);
enum line_editor_event line_editor_key(struct line_editor *editor, char key);

#endif
