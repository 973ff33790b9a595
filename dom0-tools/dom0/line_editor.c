/* SPDX-License-Identifier: MIT */
/*
 * A line editor (see line_editor.h). After a change in the middle the whole line is drawn again:
 * simple, and short lines cost nothing.
 * Invariant: LE1 (line_editor.h).
 * Read next: terminal.c.
 */
#include "line_editor.h"

#include <stdio.h>
#include <string.h>

#define CONTROL(letter) ((letter) - '@')
#define KEY_ESCAPE      0x1b
#define KEY_DELETE      0x7f

static void put(struct line_editor *editor, const char *text)
{
    editor->write(editor->context, text, strlen(text));
}

/* Draw prompt and text, and put the cursor where it belongs. */
static void redraw(struct line_editor *editor)
{
    char back[16];

    put(editor, "\r\x1b[K");
    put(editor, editor->prompt);
    editor->write(editor->context, editor->text, editor->length);
    if (editor->length > editor->cursor) {
        snprintf(back, sizeof(back), "\x1b[%uD", (unsigned int)(editor->length - editor->cursor));
        put(editor, back);
    }
}

void line_editor_init(struct line_editor *editor, const char *prompt,
                      void (*write)(void *context, const char *bytes, size_t count), void *context)
{
    memset(editor, 0, sizeof(*editor));
    editor->prompt = prompt;
    editor->write = write;
    editor->context = context;
}

void line_editor_prompt(struct line_editor *editor)
{
    editor->text[0] = '\0';
    editor->length = editor->cursor = 0;
    editor->escape = 0;
    editor->history_at = editor->history_count;
    put(editor, editor->prompt);
}

static void insert(struct line_editor *editor, char key)
{
    if (editor->length + 1 >= LINE_EDITOR_SIZE) {
        return;
    }
    memmove(editor->text + editor->cursor + 1, editor->text + editor->cursor,
            editor->length - editor->cursor + 1);
    editor->text[editor->cursor++] = key;
    editor->length++;
    if (editor->cursor == editor->length) {
        editor->write(editor->context, &key, 1);
    } else {
        redraw(editor);
    }
}

/* Remove [from, to) and leave the cursor at `from`. */
static void cut(struct line_editor *editor, size_t from, size_t to)
{
    if (from == to) {
        return;
    }
    memmove(editor->text + from, editor->text + to, editor->length - to + 1);
    editor->length -= to - from;
    editor->cursor = from;
    redraw(editor);
}

static void move_to(struct line_editor *editor, size_t position)
{
    if (position <= editor->length && position != editor->cursor) {
        editor->cursor = position;
        redraw(editor);
    }
}

static size_t word_start(const struct line_editor *editor)
{
    size_t at = editor->cursor;

    while (at > 0 && editor->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && editor->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static void show_history(struct line_editor *editor, unsigned int at)
{
    unsigned int oldest = editor->history_count > LINE_EDITOR_HISTORY
                              ? editor->history_count - LINE_EDITOR_HISTORY
                              : 0;

    if (at < oldest || at > editor->history_count || at == editor->history_at) {
        return;
    }
    if (editor->history_at == editor->history_count) {
        memcpy(editor->kept, editor->text, sizeof(editor->kept));
    }
    editor->history_at = at;
    const char *line =
        at == editor->history_count ? editor->kept : editor->history[at % LINE_EDITOR_HISTORY];
    memcpy(editor->text, line, sizeof(editor->text));
    editor->length = editor->cursor = strlen(editor->text);
    redraw(editor);
}

static void remember(struct line_editor *editor)
{
    if (editor->length == 0) {
        return;
    }
    if (editor->history_count != 0 &&
        strcmp(editor->history[(editor->history_count - 1) % LINE_EDITOR_HISTORY], editor->text) ==
            0) {
        return;
    }
    memcpy(editor->history[editor->history_count % LINE_EDITOR_HISTORY], editor->text,
           sizeof(editor->text));
    editor->history_count++;
}

/* ESC [ letter, or ESC [ digit ~. */
static void escape_key(struct line_editor *editor, char key)
{
    char meaning = key == '~' ? editor->escape_digit : key;

    if (meaning == 'A') {
        show_history(editor, editor->history_at - 1);
    } else if (meaning == 'B') {
        show_history(editor, editor->history_at + 1);
    } else if (meaning == 'C') {
        move_to(editor, editor->cursor + 1);
    } else if (meaning == 'D') {
        move_to(editor, editor->cursor - 1);
    } else if (meaning == 'H' || meaning == '1' || meaning == '7') {
        move_to(editor, 0);
    } else if (meaning == 'F' || meaning == '4' || meaning == '8') {
        move_to(editor, editor->length);
    } else if (meaning == '3' && editor->cursor < editor->length) {
        cut(editor, editor->cursor, editor->cursor + 1);
    }
}

static void in_escape(struct line_editor *editor, char key)
{
    if (editor->escape == 1) {
        editor->escape = key == '[' || key == 'O' ? 2 : 0;
        editor->escape_digit = '\0';
    } else if (key >= '0' && key <= '9') {
        editor->escape = 3;
        editor->escape_digit = key;
    } else if (key != ';') {
        editor->escape = 0;
        escape_key(editor, key);
    }
}

static void control_key(struct line_editor *editor, char key)
{
    if (key == KEY_ESCAPE) {
        editor->escape = 1;
    } else if (key == KEY_DELETE || key == '\b') {
        cut(editor, editor->cursor == 0 ? 0 : editor->cursor - 1, editor->cursor);
    } else if (key == CONTROL('A')) {
        move_to(editor, 0);
    } else if (key == CONTROL('E')) {
        move_to(editor, editor->length);
    } else if (key == CONTROL('U')) {
        cut(editor, 0, editor->cursor);
    } else if (key == CONTROL('K')) {
        cut(editor, editor->cursor, editor->length);
    } else if (key == CONTROL('W')) {
        cut(editor, word_start(editor), editor->cursor);
    } else if (key == CONTROL('P')) {
        show_history(editor, editor->history_at - 1);
    } else if (key == CONTROL('N')) {
        show_history(editor, editor->history_at + 1);
    } else if (key == CONTROL('L')) {
        put(editor, "\x1b[H\x1b[2J");
        redraw(editor);
    }
}

enum line_editor_event line_editor_key(struct line_editor *editor, char key)
{
    if (editor->escape != 0) {
        in_escape(editor, key);
    } else if (key == '\r' || key == '\n') {
        put(editor, "\r\n");
        remember(editor);
        return LINE_EDITOR_LINE;
    } else if (key == CONTROL('C')) {
        put(editor, "^C\r\n");
        return LINE_EDITOR_INTERRUPT;
    } else if (key == CONTROL('D') && editor->length == 0) {
        return LINE_EDITOR_END;
    } else if ((unsigned char)key < ' ' || key == KEY_DELETE) {
        control_key(editor, key);
    } else {
        insert(editor, key);
    }
    return LINE_EDITOR_NOTHING;
}
