/* SPDX-License-Identifier: MIT */
/*
 * The speed of a disk: how long a number of requests take, some of them under way together, and how often
 * each end rang the other's bell for one. In an exact run a nanosecond is an instruction.
 * Read next: main.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/thread.h>
#include <pvk/time.h>

#include "../../drivers/blkfront.h"
#include "disk.h"

#define MOST_DEPTH  32u
#define MOST_BYTES  131072u
#define TOTAL_BYTES (4u * 1024 * 1024)
#define TOTAL_SMALL 1000u
#define TOTAL_LARGE 256u

static unsigned int nr_under_way, nr_failed;
static struct wait_queue finished;
static bool under_way[MOST_DEPTH];

static void one_done(struct block_io *io, int result)
{
    bool *flag = io->data;

    *flag = false;
    nr_failed += result != 0;
    nr_under_way--;
    wait_queue_wake_all(&finished);
}

struct run {
    const char *name;
    enum block_operation_kind kind;
    size_t bytes;
    unsigned int depth, count;
    bool random;
};

static void run_one(struct block_device *device, const struct run *run, uint8_t *buffers,
                    uint64_t nr_places)
{
    static struct block_io ios[MOST_DEPTH];
    uint64_t sent = device->nr_sent, received = device->nr_received;
    uint64_t place = 1, began = time_monotonic_ns(), ran = time_running_ns(), ns;

    for (unsigned int i = 0; i < run->count; i++) {
        unsigned int slot = 0;

        while (nr_under_way >= run->depth) {
            wait_queue_wait_always(&finished);
        }
        while (under_way[slot]) {
            slot++;
        }
        place = run->random ? place * 6364136223846793005ull + 1442695040888963407ull : i;
        ios[slot] =
            (struct block_io){run->kind,
                              ((place >> (run->random ? 33 : 0)) % nr_places) * (run->bytes / 512),
                              buffers + slot * MOST_BYTES,
                              run->bytes,
                              one_done,
                              &under_way[slot]};
        under_way[slot] = true;
        nr_under_way++;
        if (block_submit(device, &ios[slot]) != 0) {
            one_done(&ios[slot], -1);
        }
    }
    while (nr_under_way > 0) {
        wait_queue_wait_always(&finished);
    }
    ns = time_monotonic_ns() - began;
    ran = time_running_ns() - ran;
    printf("%-22s depth %2u  %8.1f MB/s  %8.0f requests/s  %9.3f us each, %8.3f of them busy  "
           "bells %.2f + %.2f\n",
           run->name, run->depth, (double)run->count * (double)run->bytes * 1e3 / (double)ns,
           (double)run->count * 1e9 / (double)ns, (double)ns / 1e3 / run->count,
           (double)ran / 1e3 / run->count, (double)(device->nr_sent - sent) / run->count,
           (double)(device->nr_received - received) / run->count);
}

int disk_bench(struct block_device *device)
{
    static const struct run runs[] = {
        {"write 128 KiB in order", BLOCK_IO_WRITE, MOST_BYTES, 1, TOTAL_LARGE, false},
        {"write 128 KiB in order", BLOCK_IO_WRITE, MOST_BYTES, 32, TOTAL_LARGE, false},
        {"read 128 KiB in order", BLOCK_IO_READ, MOST_BYTES, 1, TOTAL_LARGE, false},
        {"read 128 KiB in order", BLOCK_IO_READ, MOST_BYTES, 32, TOTAL_LARGE, false},
        {"read 4 KiB anywhere", BLOCK_IO_READ, 4096, 1, TOTAL_SMALL, true},
        {"read 4 KiB anywhere", BLOCK_IO_READ, 4096, 32, TOTAL_SMALL, true},
        {"write 4 KiB anywhere", BLOCK_IO_WRITE, 4096, 1, TOTAL_SMALL, true},
        {"write 4 KiB anywhere", BLOCK_IO_WRITE, 4096, 32, TOTAL_SMALL, true},
    };
    uint8_t *buffers = calloc(MOST_DEPTH, MOST_BYTES);
    struct block_information disk;

    if (buffers == NULL || block_information(device, &disk) != 0 ||
        disk.nr_sectors * 512 < TOTAL_BYTES || disk.read_only || disk.most_bytes < MOST_BYTES) {
        printf("bench: needs a writable disk of %u MiB and memory\n", TOTAL_BYTES >> 20);
        free(buffers);
        return 1;
    }
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        for (unsigned int j = 0; j < disk_times && (disk_only == 0 || disk_only == i + 1); j++) {
            run_one(device, &runs[i], buffers, TOTAL_BYTES / runs[i].bytes);
        }
    }
    free(buffers);
    if (nr_failed > 0) {
        printf("bench: %u requests failed\n", nr_failed);
    }
    return nr_failed > 0 ? 1 : 0;
}
