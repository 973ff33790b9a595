/* SPDX-License-Identifier: MIT */
/*
 * A running command and its user (see command.h).
 * Invariant: CM1 (command.h).
 * Read next: builtin.c.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <public/errno.h>
#include <pvk/console.h>
#include <pvk/file.h>

#include "builtin.h"
#include "dom0-tools/libpv/seam_session.h"
#include "dom0-tools/pvctl/pvctl.h"
#include "session_file.h"

#define STACK_SIZE (128u * 1024u)
#define SHARE      "/share/"

/* A command's main. This libc's stdout is line-buffered whatever lies behind it. */
static int run_command(int argc, char **argv)
{
    const struct command *command = process_context(process_current());

    if (!dom0_session_is_terminal(STDOUT_FILENO)) {
        (void)setvbuf(stdout, NULL, _IOFBF, CHANNEL_DATA_MAX);
    }
    /* The shell's builtins open any path, so the channel does not reach them (CM1). */
    return command->session != NULL ? pvctl_main(argc, argv) : builtin_main(argc, argv);
}

int command_start(struct command *command, int argc, char **argv, struct file *const files[3])
{
    command->process = process_spawn(argv[0], run_command, argc, argv, files, STACK_SIZE);
    if (command->process == NULL) {
        return -ENOMEM;
    }
    process_set_context(command->process, command);
    return 0;
}

int command_wait(struct command *command)
{
    int status = process_wait(command->process);

    command->process = NULL;
    return status;
}

void command_cancel(struct command *command)
{
    if (command->process != NULL) {
        process_cancel(command->process);
    }
}

/* NULL in a thread that no user started. */
static struct command *current_command(void)
{
    return process_context(process_current());
}

static int open_descriptor(const char *path, int flags)
{
    struct file *file;
    int result = file_open(path, flags, 0, &file);

    if (result < 0) {
        return result;
    }
    int descriptor = file_install(file);
    if (descriptor < 0) {
        file_put(file);
    }
    return descriptor;
}

/* A path of the user's host: only what the request named, and under the name it was given. */
static int share_path(const struct channel_session *session, const char *path, char *text,
                      size_t size, int *flags)
{
    const struct channel_file *named = channel_sessions_find_file(session, path);

    if (named == NULL) {
        return -EACCES;
    }
    /* One that is to be written may be made. */
    if ((named->flags & (CHANNEL_FILE_ABSENT | CHANNEL_FILE_WRITABLE)) == CHANNEL_FILE_ABSENT) {
        return -ENOENT;
    }
    *flags = (named->flags & CHANNEL_FILE_WRITABLE) != 0 ? O_RDWR : O_RDONLY;
    int length = snprintf(text, size, SHARE "%s", named->share_path);
    return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

static int open_named(const struct channel_session *session, const char *path)
{
    char text[1024];
    int flags, result = share_path(session, path, text, sizeof(text), &flags);

    return result < 0 ? result : open_descriptor(text, flags);
}

/* The tools count in Xen's error numbers, which are libc's only up to 34. */
static int as_xen_errno(int result)
{
    return result == -ENAMETOOLONG ? -XEN_ENAMETOOLONG : result < -34 ? -XEN_EIO : result;
}

/* dom0's own shell has no session; a relative path of its is relative to its directory. */
int dom0_session_file_path(const char *path, char *text, size_t size)
{
    const struct command *command = current_command();
    char directory[512] = "";
    int flags, length;

    if (command != NULL && command->session != NULL) {
        return as_xen_errno(share_path(command->session, path, text, size, &flags));
    }
    if (path[0] != '/' && getcwd(directory, sizeof(directory)) == NULL) {
        return -XEN_EIO;
    }
    length = snprintf(text, size, "%s%s%s", directory, path[0] == '/' ? "" : "/", path);
    return length < 0 || (size_t)length >= size ? -XEN_ENAMETOOLONG : 0;
}

int dom0_session_open_file(const char *path)
{
    const struct command *command = current_command();
    int result = command != NULL && command->session != NULL ? open_named(command->session, path)
                                                             : open_descriptor(path, O_RDONLY);

    return as_xen_errno(result);
}

void dom0_session_terminal_raw(int on)
{
    struct command *command = current_command();

    if (command != NULL && command->session != NULL) {
        channel_sessions_terminal(command->session, on != 0);
    } else if (command != NULL && command->set_raw != NULL) {
        command->set_raw(command->context, on != 0);
    }
}

int dom0_session_is_terminal(int descriptor)
{
    const struct command *command = current_command();
    const struct file *file = file_of_descriptor(descriptor);

    if (command == NULL || file == NULL) {
        return 0;
    }
    if (command->session != NULL) {
        return session_file_is_terminal(file);
    }
    /* Typed at dom0's own terminal: what was not redirected is that terminal. */
    return command->set_raw != NULL && descriptor <= 2;
}
