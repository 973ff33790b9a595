/* SPDX-License-Identifier: MIT */
/*
 * `disk-speed FILE`: how long dom0 itself takes for what the guest `disk` asks of its disk with the task
 * `bench`: the difference is what the way through two drivers and a ring costs (tests/bench/block.py).
 * Without a file: how long dom0 has run at all.
 * Owns: nothing beyond the call. Read next: ../../guest-pv-kernel/apps/disk/bench.c.
 */
#include "disk_speed.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvk/file.h>
#include <pvk/process.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#define MOST_DEPTH  32u
#define TOTAL_BYTES (4u * 1024 * 1024)

static const struct run {
    const char *name;
    size_t bytes;
    unsigned int depth, count;
    bool write, random;
} runs[] = {
    {"write 128 KiB in order", 131072, 1, 256, true, false},
    {"write 128 KiB in order", 131072, 32, 256, true, false},
    {"read 128 KiB in order", 131072, 1, 256, false, false},
    {"read 128 KiB in order", 131072, 32, 256, false, false},
    {"read 4 KiB anywhere", 4096, 1, 1000, false, true},
    {"read 4 KiB anywhere", 4096, 32, 1000, false, true},
    {"write 4 KiB anywhere", 4096, 1, 1000, true, true},
    {"write 4 KiB anywhere", 4096, 32, 1000, true, true},
};

/* One run, whose threads take turns. */
struct work {
    const struct run *run;
    const char *path;
    unsigned int nr_begun, nr_ended, nr_failed;
    uint64_t place;
    struct wait_queue ended;
};

static off_t next_place(struct work *work)
{
    uint64_t nr_places = TOTAL_BYTES / work->run->bytes;

    work->place = work->run->random ? work->place * 6364136223846793005ull + 1442695040888963407ull
                                    : work->nr_begun;
    work->nr_begun++;
    return (off_t)((work->place >> (work->run->random ? 33 : 0)) % nr_places * work->run->bytes);
}

static void worker(void *argument)
{
    struct work *work = argument;
    void *bytes = malloc(work->run->bytes);
    struct file *file = NULL;

    if (bytes == NULL ||
        file_open(work->path, work->run->write ? O_RDWR : O_RDONLY, 0, &file) < 0) {
        work->nr_failed++;
    }
    while (file != NULL && work->nr_begun < work->run->count) {
        ssize_t done;

        file->position = next_place(work);
        done = work->run->write ? file_write(file, bytes, work->run->bytes)
                                : file_read(file, bytes, work->run->bytes);
        work->nr_failed += done != (ssize_t)work->run->bytes;
    }
    if (file != NULL) {
        file_put(file);
    }
    free(bytes);
    work->nr_ended++;
    wait_queue_wake_all(&work->ended);
}

static unsigned int run_one(const struct run *run, const char *path)
{
    static struct work work; /* the threads may outlive a call that was cut short */
    uint64_t began = time_monotonic_ns(), ran = time_running_ns(), ns;
    unsigned int nr_threads = 0;

    work = (struct work){.run = run, .path = path, .place = 1};
    while (nr_threads < run->depth && thread_create("disk speed", worker, &work, 0) != NULL) {
        nr_threads++;
    }
    while (work.nr_ended < nr_threads) {
        wait_queue_wait_always(&work.ended);
    }
    ns = time_monotonic_ns() - began;
    ran = time_running_ns() - ran;
    printf("%-22s depth %2u  %8.1f MB/s  %8.0f requests/s  %9.3f us each, %8.3f of them busy\n",
           run->name, run->depth, (double)run->count * (double)run->bytes * 1e3 / (double)ns,
           (double)run->count * 1e9 / (double)ns, (double)ns / 1e3 / run->count,
           (double)ran / 1e3 / run->count);
    return work.nr_failed + (nr_threads < run->depth);
}

int disk_speed(int argc, char **argv)
{
    unsigned int failed = 0;

    if (argc == 1) {
        printf("dom0 has run for %llu ns\n", (unsigned long long)time_running_ns());
        return 0;
    }
    if (argc != 2) {
        fprintf(stderr, "usage: disk-speed [FILE]    (what is in its first 4 MiB is lost)\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]) && failed == 0; i++) {
        failed = run_one(&runs[i], argv[1]);
    }
    if (failed > 0) {
        fprintf(stderr, "disk-speed: %s: %u requests failed; it needs 4 MiB that can be written\n",
                argv[1], failed);
    }
    return failed > 0 ? 1 : 0;
}
