/* SPDX-License-Identifier: MIT */
/*
 * The shell on the machine's console (see terminal.h).
 * Owns: struct terminal, the only one.
 * Invariant: TM1 (terminal.h).
 * Read next: builtin.c.
 */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <pvk/console.h>
#include <pvk/file.h>
#include <pvk/thread.h>

#include "command.h"
#include "command_line.h"
#include "line_editor.h"

#define KEY_INTERRUPT 0x03
#define KEY_END       0x04
#define KEY_BACKSPACE 0x08
#define KEY_DELETE    0x7f
#define PROMPT        "dom0> "

struct terminal {
    struct file *console;
    struct line_editor editor;
    struct command command;
    struct file *keys;       /* where the foreground command's input is written; NULL after ^D */
    struct file *stdin_file; /* its other end */
    char line[256];          /* typed for a command that reads lines */
    size_t line_length;
    bool running;
    bool raw;
};

static struct terminal terminal;

static void write_console(void *context, const char *bytes, size_t count)
{
    (void)context;
    console_write(bytes, count);
}

static void set_raw(void *context, bool raw)
{
    struct terminal *self = context;

    self->raw = raw;
    console_set_mode(raw ? CONSOLE_RAW : CONSOLE_NEWLINE);
}

static void close_keys(struct terminal *self)
{
    if (self->keys != NULL) {
        file_put(self->keys);
        self->keys = NULL;
    }
}

/* Waits for the command in the foreground and gives the terminal back. */
static void reap(void *argument)
{
    struct terminal *self = argument;
    int status = command_wait(&self->command);

    close_keys(self);
    file_put(self->stdin_file);
    set_raw(self, false);
    self->running = false;
    if (status != 0) {
        char line[32];
        int length = snprintf(line, sizeof(line), "[status %d]\r\n", status);
        console_write(line, (size_t)length);
    }
    line_editor_prompt(&self->editor);
}

static int start(struct terminal *self, int argc, char **argv)
{
    struct file *pipe[2];
    int result = file_pipe(pipe, 0);

    if (result < 0) {
        return result;
    }
    self->stdin_file = pipe[0];
    self->keys = pipe[1];
    self->keys->flags |= O_NONBLOCK; /* keys that nobody reads are dropped, as by a full terminal */
    self->line_length = 0;
    self->command = (struct command){.set_raw = set_raw, .context = self};
    struct file *const files[3] = {self->stdin_file, self->console, self->console};
    result = command_start(&self->command, argc, argv, files);
    if (result == 0 && thread_create_in(NULL, "reap", reap, self, 0) == NULL) {
        command_cancel(&self->command);
        (void)command_wait(&self->command);
        result = -ENOMEM;
    }
    if (result < 0) {
        close_keys(self);
        file_put(self->stdin_file);
        return result;
    }
    self->running = true;
    return 0;
}

static void run_line(struct terminal *self)
{
    char *argv[COMMAND_LINE_WORDS + 1];
    int argc = command_line_split(self->editor.text, argv);
    int result = argc <= 0 ? argc : start(self, argc, argv);

    if (result < 0) {
        printf("dom0: %s\n", result == -EINVAL  ? "a quote is not closed"
                             : result == -E2BIG ? "too many words"
                                                : strerror(-result));
    }
    if (!self->running) {
        line_editor_prompt(&self->editor);
    }
}

/* Hand the line typed so far to the command. */
static void deliver(struct terminal *self)
{
    if (self->keys != NULL && self->line_length != 0) {
        (void)file_write(self->keys, self->line, self->line_length);
    }
    self->line_length = 0;
}

/* A key for a command that reads lines: shown, corrected, and delivered with Enter. */
static void line_key(struct terminal *self, char key)
{
    bool erase = key == KEY_BACKSPACE || key == KEY_DELETE;

    if (erase && self->line_length != 0) {
        self->line_length--;
        console_write("\b \b", 3);
    } else if (!erase && self->line_length < sizeof(self->line) - 1) {
        self->line[self->line_length++] = key;
        console_write(&key, 1);
    }
}

/* A key while a command runs. In raw mode the command gets every key as it is. */
static void foreground_key(struct terminal *self, char key)
{
    if (self->raw) {
        if (self->keys != NULL) {
            (void)file_write(self->keys, &key, 1);
        }
    } else if (key == KEY_INTERRUPT) {
        console_write("^C\r\n", 4);
        close_keys(self);
        command_cancel(&self->command);
    } else if (key == KEY_END && self->line_length == 0) {
        close_keys(self);
    } else if (key == KEY_END) {
        deliver(self);
    } else if (key == '\r' || key == '\n') {
        console_write("\r\n", 2);
        self->line[self->line_length++] = '\n';
        deliver(self);
    } else {
        line_key(self, key);
    }
}

static void handle_key(struct terminal *self, char key)
{
    if (self->running) {
        foreground_key(self, key);
        return;
    }
    enum line_editor_event event = line_editor_key(&self->editor, key);
    if (event == LINE_EDITOR_LINE) {
        run_line(self);
    } else if (event == LINE_EDITOR_INTERRUPT) {
        line_editor_prompt(&self->editor);
    }
}

_Noreturn void terminal_run(void)
{
    struct terminal *self = &terminal;
    char keys[64];

    self->console = console_file();
    set_raw(self, false);
    line_editor_init(&self->editor, PROMPT, write_console, self);
    line_editor_prompt(&self->editor);
    for (;;) {
        ssize_t count = file_read(self->console, keys, sizeof(keys));
        for (ssize_t i = 0; i < count; i++) {
            handle_key(self, keys[i]);
        }
        if (count <= 0) {
            thread_sleep(1000000000ull); /* no console input at all: keep dom0 alive */
        }
    }
}
