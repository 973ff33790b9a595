/* SPDX-License-Identifier: MIT */
/*
 * The console above its transport: /dev/console with a line discipline, and console_write for
 * reports. Owns: the input line. Invariant: CO1 (console.h): console_write uses no heap, no thread,
 * no newlib. Read next: ../arch-pv/console_transport.c, file.c
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <pvk/console.h>
#include <pvk/file.h>
#include <pvk/time.h>
#include "arch.h"
#include "core.h"

#define INPUT_BYTES 1024u
#define CONTROL(c)  ((c)&0x1f)
#define DELETE      0x7f
#define FLUSH_NS    (1000 * TIME_MILLISECOND_NS)

static unsigned int console_mode = CONSOLE_COOKED;
static char input[INPUT_BYTES];
static size_t input_length;   /* bytes in `input` */
static size_t input_complete; /* of which readable: whole lines in canonical mode */
static bool input_ended;      /* ^D on an empty line */
static struct file *console_open_file;

/* How a writer waits for room in the transport: false ends the attempt, the rest is lost. */
typedef bool (*wait_for_room_t)(uint64_t *state);

/* For reports: no thread runs meanwhile, so at most FLUSH_NS. */
static bool wait_in_place(uint64_t *deadline)
{
    if (*deadline == 0) {
        *deadline = time_monotonic_ns() + FLUSH_NS;
    } else if (time_monotonic_ns() > *deadline) {
        return false;
    }
    console_transport_wait();
    return true;
}

/* For threads: others run until the back end has made room. */
static bool wait_in_turn(uint64_t *unused)
{
    (void)unused;
    return file_wait(console_open_file, THREAD_FOREVER) == 0;
}

/* For echo, which happens in an event handler. */
static bool wait_never(uint64_t *unused)
{
    (void)unused;
    return false;
}

static bool send(const char *bytes, size_t count, wait_for_room_t wait)
{
    uint64_t state = 0;

    while (count > 0) {
        size_t taken = console_transport_write(bytes, count);

        bytes += taken;
        count -= taken;
        if (taken == 0 && !wait(&state)) {
            return false;
        }
    }
    return true;
}

/* A raw transport gets CR LF for LF. */
static bool send_text(const char *bytes, size_t count, wait_for_room_t wait)
{
    bool translate = console_transport_is_raw() && (console_mode & CONSOLE_NEWLINE) != 0;
    size_t start = 0;

    for (size_t i = 0; translate && i < count; i++) {
        if (bytes[i] == '\n') {
            if (!send(bytes + start, i - start, wait) || !send("\r\n", 2, wait)) {
                return false;
            }
            start = i + 1;
        }
    }
    return send(bytes + start, count - start, wait);
}

void console_write(const char *bytes, size_t count)
{
    (void)send_text(bytes, count, wait_in_place);
}

void console_flush(void)
{
    uint64_t deadline = time_monotonic_ns() + FLUSH_NS;

    while (!console_transport_empty() && time_monotonic_ns() < deadline) {
        console_transport_wait();
    }
}

static void echo(const char *bytes, size_t count)
{
    if ((console_mode & CONSOLE_ECHO) != 0) {
        (void)send_text(bytes, count, wait_never);
    }
}

static void erase(size_t count)
{
    while (count-- > 0 && input_length > input_complete) {
        input_length--;
        echo("\b \b", 3);
    }
}

/* Canonical mode: editing keys, and the end of the line that makes it readable. */
static void take_key(char key)
{
    if (key == '\b' || key == DELETE) {
        erase(1);
    } else if (key == CONTROL('U')) {
        erase(INPUT_BYTES);
    } else if (key == CONTROL('D')) {
        input_ended = input_length == input_complete;
        input_complete = input_length;
    } else if (key == '\n' || input_length < INPUT_BYTES - 1) {
        if (input_length == INPUT_BYTES) {
            return;
        }
        input[input_length++] = key;
        echo(&key, 1);
        if (key == '\n') {
            input_complete = input_length;
        }
    }
}

static void take_keys(const char *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char key = keys[i];

        if (key == '\r' && (console_mode & CONSOLE_NEWLINE) != 0) {
            key = '\n';
        }
        if ((console_mode & CONSOLE_CANONICAL) != 0) {
            take_key(key);
        } else if (input_length < INPUT_BYTES) {
            input[input_length++] = key;
            input_complete = input_length;
            echo(&key, 1);
        }
    }
}

void core_console_event(void)
{
    char keys[64];

    while (input_length < INPUT_BYTES) {
        size_t room = INPUT_BYTES - input_length;
        size_t count = console_transport_read(keys, room < sizeof(keys) ? room : sizeof(keys));

        if (count == 0) {
            break;
        }
        take_keys(keys, count);
    }
    if (console_open_file != NULL) {
        file_notify(console_open_file);
    }
}

static ssize_t console_read(struct file *file, void *buffer, size_t count)
{
    size_t line = 0;

    while (input_complete == 0 && !input_ended) {
        int error = (file->flags & O_NONBLOCK) != 0 ? -EAGAIN : file_wait(file, THREAD_FOREVER);

        if (error != 0) {
            return error;
        }
    }
    input_ended = false;
    while (line < input_complete && line < count) {
        if (input[line++] == '\n' && (console_mode & CONSOLE_CANONICAL) != 0) {
            break;
        }
    }
    memcpy(buffer, input, line);
    memmove(input, input + line, input_length - line);
    input_length -= line;
    input_complete -= line;
    core_console_event(); /* there may be more than fitted */
    return (ssize_t)line;
}

static ssize_t console_file_write(struct file *file, const void *buffer, size_t count)
{
    (void)file;
    return send_text(buffer, count, wait_in_turn) ? (ssize_t)count : -EINTR;
}

static unsigned int console_poll(struct file *file)
{
    (void)file;
    return POLLOUT | (input_complete > 0 || input_ended ? POLLIN : 0u);
}

static int console_ioctl(struct file *file, unsigned long request, void *argument)
{
    (void)file;
    if (request == CONSOLE_IOCTL_GET_MODE) {
        *(unsigned int *)argument = console_mode;
        return 0;
    }
    if (request == CONSOLE_IOCTL_SET_MODE) {
        console_set_mode(*(const unsigned int *)argument);
        return 0;
    }
    return -ENOTTY;
}

static int console_stat(struct file *file, struct stat *status)
{
    (void)file;
    status->st_mode = S_IFCHR | 0600;
    status->st_blksize = 1024;
    return 0;
}

static const struct file_operations console_operations = {
    .read = console_read,
    .write = console_file_write,
    .poll = console_poll,
    .ioctl = console_ioctl,
    .stat = console_stat,
};

void console_set_mode(unsigned int mode)
{
    console_mode = mode;
    if ((mode & CONSOLE_CANONICAL) == 0) {
        input_complete = input_length;
    }
    if (console_open_file != NULL) {
        file_notify(console_open_file);
    }
}

unsigned int console_get_mode(void)
{
    return console_mode;
}

struct file *console_file(void)
{
    if (console_open_file == NULL) {
        console_open_file = file_create(&console_operations, NULL, O_RDWR);
    }
    return console_open_file == NULL ? NULL : file_get(console_open_file);
}
