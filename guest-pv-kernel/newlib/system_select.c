/* SPDX-License-Identifier: MIT */
/*
 * select(2) over poll(2). Read next: system_files.c
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/select.h>
#include <sys/time.h>

/* newlib's FD_SET and friends mix int and long. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* Clears a set and enters the descriptors whose poll found one of `events`. */
static int collect(fd_set *set, const struct pollfd *polls, int count, int events)
{
    int found = 0;

    if (set == NULL) {
        return 0;
    }
    for (int i = 0; i < count; i++) {
        bool wanted = FD_ISSET(polls[i].fd, set);

        FD_CLR(polls[i].fd, set);
        if (wanted && (polls[i].revents & events) != 0) {
            FD_SET(polls[i].fd, set);
            found++;
        }
    }
    return found;
}

int select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional,
           struct timeval *timeout)
{
    struct pollfd polls[FD_SETSIZE];
    int used = 0, timeout_ms = -1, result;

    if (count < 0 || count > FD_SETSIZE) {
        errno = EINVAL;
        return -1;
    }
    for (int fd = 0; fd < count; fd++) {
        int events = (readable != NULL && FD_ISSET(fd, readable) ? POLLIN : 0) |
                     (writable != NULL && FD_ISSET(fd, writable) ? POLLOUT : 0) |
                     (exceptional != NULL && FD_ISSET(fd, exceptional) ? POLLPRI : 0);

        if (events != 0) {
            polls[used++] = (struct pollfd){fd, (short)events, 0};
        }
    }
    if (timeout != NULL) {
        /* Rounded up: a wait is never shorter than asked for. */
        timeout_ms = (int)(timeout->tv_sec * 1000 + (timeout->tv_usec + 999) / 1000);
    }
    result = poll(polls, (nfds_t)used, timeout_ms);
    if (result < 0) {
        return -1;
    }
    for (int i = 0; i < used; i++) {
        if ((polls[i].revents & POLLNVAL) != 0) {
            errno = EBADF;
            return -1;
        }
    }
    return collect(readable, polls, used, POLLIN | POLLHUP | POLLERR) +
           collect(writable, polls, used, POLLOUT | POLLERR) +
           collect(exceptional, polls, used, POLLPRI);
}
