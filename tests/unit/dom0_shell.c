/* SPDX-License-Identifier: MIT */
/*
 * The shell's line editor and its words.
 * Claims: LE1 (line_editor.h). Read next: dom0-tools/dom0/line_editor.c
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dom0-tools/dom0/command_line.h"
#include "dom0-tools/dom0/line_editor.h"

static struct line_editor editor;
static size_t written;

static void count_output(void *context, const char *bytes, size_t count)
{
    (void)context;
    (void)bytes;
    written += count;
}

static void set_up(void)
{
    line_editor_init(&editor, "> ", count_output, NULL);
    line_editor_prompt(&editor);
}

/* Type keys; the last event. */
static enum line_editor_event type(const char *keys)
{
    enum line_editor_event event = LINE_EDITOR_NOTHING;

    for (; *keys != '\0'; keys++) {
        event = line_editor_key(&editor, *keys);
    }
    return event;
}

static void typed_gives(const char *keys, const char *text)
{
    cr_assert_eq(type(keys), LINE_EDITOR_LINE);
    cr_assert_str_eq(editor.text, text);
    line_editor_prompt(&editor);
}

Test(line_editor, plain_typing, .init = set_up)
{
    typed_gives("list -v\r", "list -v");
    typed_gives("\n", "");
}

Test(line_editor, backspace_and_delete, .init = set_up)
{
    typed_gives("lisx\x7ft\r", "list");
    typed_gives("\x7f\x7fok\r", "ok");
    typed_gives("abc\x1b[D\x1b[3~\r", "ab");
}

Test(line_editor, moving_and_inserting, .init = set_up)
{
    typed_gives("lst\x1b[D\x1b[Di\r", "list");
    typed_gives("ist\x01l\x05 -v\r", "list -v");
    typed_gives("\x1b[D\x1b[C\x1b[Hx\x1b[Fy\r", "xy");
}

Test(line_editor, cutting, .init = set_up)
{
    typed_gives("abc def\x17ghi\r", "abc ghi");
    typed_gives("abc\x15xyz\r", "xyz");
    typed_gives("abcdef\x1b[D\x1b[D\x0b\r", "abcd");
}

Test(line_editor, history_goes_back_and_forth_and_keeps_what_was_being_typed, .init = set_up)
{
    typed_gives("one\r", "one");
    typed_gives("two\r", "two");
    typed_gives("\x1b[A\x1b[A\r", "one");
    typed_gives("new\x1b[A\x1b[B\r", "new");
    typed_gives("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\r", "one");
}

Test(line_editor, history_forgets_the_oldest, .init = set_up)
{
    char line[16];

    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof(line), "%d\r", i);
        type(line);
        line_editor_prompt(&editor);
    }
    for (int i = 0; i < 100; i++) {
        type("\x1b[A");
    }
    cr_assert_str_eq(editor.text, "24");
}

Test(line_editor, interrupt_and_end, .init = set_up)
{
    cr_assert_eq(type("abc\x03"), LINE_EDITOR_INTERRUPT);
    line_editor_prompt(&editor);
    cr_assert_eq(type("\x04"), LINE_EDITOR_END);
    cr_assert_eq(type("a\x04"), LINE_EDITOR_NOTHING);
}

Test(line_editor, LE1_any_keys_stay_inside_the_line, .init = set_up)
{
    static const char keys[] = "ab \x01\x05\x15\x0b\x17\x0c\x7f\x1b[ABCD3~HF;O\r\x10\x0e";

    srand(7);
    for (unsigned int i = 0; i < 200000; i++) {
        size_t pick = (size_t)rand() % (sizeof(keys) - 1);
        char key = rand() % 3 == 0 ? keys[pick] : 'x';
        if (line_editor_key(&editor, key) == LINE_EDITOR_LINE) {
            line_editor_prompt(&editor);
        }
        cr_assert_lt(editor.length, LINE_EDITOR_SIZE);
        cr_assert_leq(editor.cursor, editor.length);
        cr_assert_eq(editor.text[editor.length], '\0');
    }
}

static int split(const char *text, char *argv[COMMAND_LINE_WORDS + 1])
{
    static char line[1024];

    snprintf(line, sizeof(line), "%s", text);
    return command_line_split(line, argv);
}

Test(command_line, words_quotes_and_comments)
{
    char *argv[COMMAND_LINE_WORDS + 1];

    cr_assert_eq(split("  create  /a/b.cfg 'name=\"x y\"' \"\" a\\ b # not this", argv), 5);
    cr_assert_str_eq(argv[0], "create");
    cr_assert_str_eq(argv[1], "/a/b.cfg");
    cr_assert_str_eq(argv[2], "name=\"x y\"");
    cr_assert_str_eq(argv[3], "");
    cr_assert_str_eq(argv[4], "a b");
    cr_assert_null(argv[5]);
    cr_assert_eq(split("", argv), 0);
    cr_assert_eq(split("   # nothing", argv), 0);
    cr_assert_eq(split("a#b", argv), 1);
    cr_assert_str_eq(argv[0], "a#b");
}

Test(command_line, open_quotes_and_too_many_words_are_refused)
{
    char *argv[COMMAND_LINE_WORDS + 1];
    char many[400] = "";

    cr_assert_eq(split("a 'b", argv), -EINVAL);
    cr_assert_eq(split("a \"b", argv), -EINVAL);
    for (int i = 0; i < COMMAND_LINE_WORDS; i++) {
        strcat(many, "x ");
    }
    cr_assert_eq(split(many, argv), COMMAND_LINE_WORDS);
    strcat(many, "x");
    cr_assert_eq(split(many, argv), -E2BIG);
}
