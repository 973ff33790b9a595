/* SPDX-License-Identifier: MIT */
/*
 * The state directory at work: its lock and its sockets. See state.h.
 * Invariant: HS1 (settings.h), HS2.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "state.h"

static int open_lock(const struct settings *settings)
{
    char path[SETTINGS_PATH_MAX];

    if (!settings_join(path, sizeof(path), settings->state, SETTINGS_LOCK)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

int state_lock(const struct settings *settings)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int descriptor = open_lock(settings);

    if (descriptor < 0) {
        return -1;
    }
    if (fcntl(descriptor, F_SETLK, &lock) != 0) {
        int reason = errno == EACCES ? EAGAIN : errno;

        close(descriptor);
        errno = reason;
        return -1;
    }
    return descriptor;
}

long state_lock_holder(const struct settings *settings)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int descriptor = open_lock(settings);
    long holder = 0;

    if (descriptor < 0) {
        return 0;
    }
    if (fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
        holder = (long)lock.l_pid;
    }
    close(descriptor);
    return holder;
}

bool state_set_nonblocking(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);

    return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* Runs bind or connect with the state directory as the current one (HS1). */
static int name_socket(const struct settings *settings, const char *name,
                       int (*act)(int, const struct sockaddr *, socklen_t))
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int here = open(".", O_RDONLY | O_CLOEXEC);
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    int status = -1;
    int reason;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
    if (descriptor >= 0 && here >= 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 &&
        chdir(settings->state) == 0) {
        if (act == bind) {
            unlink(name);
        }
        status = act(descriptor, (const struct sockaddr *)&address, sizeof(address));
        reason = errno;
        if (fchdir(here) != 0) {
            status = -1;
        }
    } else {
        reason = errno;
    }
    if (here >= 0) {
        close(here);
    }
    if (status != 0 && descriptor >= 0) {
        close(descriptor);
        descriptor = -1;
    }
    errno = reason;
    return descriptor;
}

int state_listen(const struct settings *settings, const char *name)
{
    int descriptor = name_socket(settings, name, bind);

    if (descriptor >= 0 && (listen(descriptor, 64) != 0 || !state_set_nonblocking(descriptor))) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

int state_connect(const struct settings *settings, const char *name)
{
    return name_socket(settings, name, connect);
}

void state_remove_sockets(const struct settings *settings)
{
    static const char *const names[] = {SETTINGS_CLIENT_SOCKET, SETTINGS_CHANNEL_SOCKET,
                                        SETTINGS_MONITOR_SOCKET, SETTINGS_CONSOLE_SOCKET};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[SETTINGS_PATH_MAX];

        if (settings_join(path, sizeof(path), settings->state, names[i])) {
            unlink(path);
        }
    }
}

void state_keep_end(const struct settings *settings, const char *why)
{
    char path[SETTINGS_PATH_MAX];
    FILE *file;

    if (settings_join(path, sizeof(path), settings->state, SETTINGS_LAST_END) &&
        (file = fopen(path, "w")) != NULL) {
        fputs(why, file);
        fclose(file);
    }
}

bool state_take_end(const struct settings *settings, char *why, size_t size)
{
    char path[SETTINGS_PATH_MAX];
    FILE *file;
    bool told = false;

    if (settings_join(path, sizeof(path), settings->state, SETTINGS_LAST_END) &&
        (file = fopen(path, "r")) != NULL) {
        told = fgets(why, (int)size, file) != NULL;
        fclose(file);
        unlink(path);
    }
    return told;
}
