/* SPDX-License-Identifier: MIT */
/*
 * What newlib asks of a system: memory, time, the end, and what a library kernel does not have.
 */
#include <errno.h>
#include <reent.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include <pvk/process.h>
#include <pvk/thread.h>
#include <pvk/time.h>
#include "../core/arch.h"

void *sbrk(ptrdiff_t bytes)
{
    void *old = memory_heap_grow(bytes);

    if (old == NULL) {
        errno = ENOMEM;
        return (void *)-1;
    }
    return old;
}

/* newlib's own exit() would close the files of every process. */
void exit(int status)
{
    process_exit(status);
}

void _exit(int status)
{
    process_exit(status);
}

void abort(void)
{
    process_exit(128 + SIGABRT);
}

int getpid(void)
{
    return 1;
}

int kill(int pid, int signal)
{
    (void)pid;
    (void)signal;
    errno = ENOSYS;
    return -1;
}

int gettimeofday(struct timeval *time, void *zone)
{
    uint64_t now = time_wall_ns();

    (void)zone;
    time->tv_sec = (time_t)(now / TIME_SECOND_NS);
    time->tv_usec = (suseconds_t)(now % TIME_SECOND_NS / TIME_MICROSECOND_NS);
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    uint64_t now = clock == CLOCK_REALTIME ? time_wall_ns() : time_monotonic_ns();

    time->tv_sec = (time_t)(now / TIME_SECOND_NS);
    time->tv_nsec = (long)(now % TIME_SECOND_NS);
    return 0;
}

clock_t times(struct tms *usage)
{
    clock_t now = (clock_t)(time_monotonic_ns() / (TIME_SECOND_NS / CLOCKS_PER_SEC));

    memset(usage, 0, sizeof(*usage));
    usage->tms_utime = now;
    return now;
}

unsigned sleep(unsigned seconds)
{
    thread_sleep(seconds * TIME_SECOND_NS);
    return 0;
}

int usleep(useconds_t microseconds)
{
    thread_sleep(microseconds * TIME_MICROSECOND_NS);
    return 0;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    thread_sleep((uint64_t)wanted->tv_sec * TIME_SECOND_NS + (uint64_t)wanted->tv_nsec);
    if (left != NULL) {
        *left = (struct timespec){0, 0};
    }
    return 0;
}
