/* SPDX-License-Identifier: MIT */
/*
 * Integrity under load: requests at a given depth over a window of the disk, each sector's contents
 * a function of its number and of how often it was written. What is under way never overlaps, so the
 * model knows what every read has to give.
 * Read next: main.c
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/thread.h>

#include "disk.h"

#define SECTOR       512u
#define WINDOW       2048u /* sectors */
#define MOST_SECTORS 64u   /* of one request */
#define MOST_DEPTH   32u
#define OPERATIONS   600u /* for each depth */

struct operation {
    struct block_io io;
    bool under_way, cut_off; /* cut off: the disk went away under it */
    unsigned int nr_sectors;
    uint8_t bytes[MOST_SECTORS * SECTOR];
};

static struct operation *operations;
static uint32_t written[WINDOW]; /* how often; the model */
static uint8_t busy[WINDOW];
static unsigned int nr_under_way, nr_wrong, nr_reads, nr_writes, nr_cut_off, nr_again;
static struct wait_queue finished;
static uint64_t random_state;

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ value >> 27) * 0x94d049bb133111ebull;
    return value ^ value >> 31;
}

static uint32_t random_below(uint32_t limit)
{
    random_state += 0x9e3779b97f4a7c15ull;
    return (uint32_t)(mix(random_state) % limit);
}

static uint64_t word_of(unsigned int sector, unsigned int index)
{
    return mix(disk_seed ^ (uint64_t)sector << 40 ^ (uint64_t)written[sector] << 8 ^ index);
}

static void fill(unsigned int sector, uint8_t *bytes)
{
    for (unsigned int i = 0; i < SECTOR / 8; i++) {
        uint64_t word = word_of(sector, i);

        memcpy(bytes + i * 8, &word, 8);
    }
}

static bool as_expected(unsigned int sector, const uint8_t *bytes)
{
    uint8_t wanted[SECTOR];

    fill(sector, wanted);
    return memcmp(wanted, bytes, SECTOR) == 0;
}

static void operation_done(struct block_io *io, int result)
{
    struct operation *operation = io->data;
    unsigned int first = (unsigned int)io->sector;

    if (result == -ENODEV) {
        operation->cut_off = true;
        nr_cut_off++;
        wait_queue_wake_all(&finished);
        return;
    }
    for (unsigned int i = 0; i < operation->nr_sectors; i++) {
        busy[first + i] = 0;
        if (io->kind == BLOCK_IO_READ && result == 0 &&
            !as_expected(first + i, operation->bytes + i * SECTOR)) {
            printf("verify: sector %u is not what was written\n", first + i);
            nr_wrong++;
        }
    }
    if (result != 0) {
        printf("verify: sector %u: %s\n", first, strerror(-result));
        nr_wrong++;
    }
    operation->under_way = false;
    nr_under_way--;
    wait_queue_wake_all(&finished);
}

/* The disk was taken away, with these under way: whether a write was done is not known, so all are done
 * again when it is back. */
static void again(struct block_device *device)
{
    disk_come_back(&device);
    for (unsigned int i = 0; i < MOST_DEPTH; i++) {
        struct operation *operation = &operations[i];

        if (operation->cut_off) {
            operation->cut_off = false;
            nr_cut_off--;
            nr_again++;
            int result = block_submit(device, &operation->io);
            if (result != 0) {
                operation_done(&operation->io, result);
            }
        }
    }
}

static void wait_for_one(struct block_device *device)
{
    if (nr_cut_off > 0) {
        again(device);
    } else {
        wait_queue_wait_always(&finished);
    }
}

static bool overlaps(unsigned int first, unsigned int count)
{
    return memchr(busy + first, 1, count) != NULL;
}

static void begin(struct block_device *device, struct operation *operation, bool write,
                  unsigned int first, unsigned int count)
{
    memset(busy + first, 1, count);
    for (unsigned int i = 0; write && i < count; i++) {
        written[first + i]++;
        fill(first + i, operation->bytes + i * SECTOR);
    }
    operation->nr_sectors = count;
    operation->under_way = true;
    operation->io = (struct block_io){write ? BLOCK_IO_WRITE : BLOCK_IO_READ,
                                      first,
                                      operation->bytes,
                                      count * SECTOR,
                                      operation_done,
                                      operation};
    nr_under_way++;
    nr_writes += write;
    nr_reads += !write;
    int result = block_submit(device, &operation->io);
    if (result != 0) {
        operation_done(&operation->io, result);
    }
}

static struct operation *idle(void)
{
    for (unsigned int i = 0; i < MOST_DEPTH; i++) {
        if (!operations[i].under_way) {
            return &operations[i];
        }
    }
    return NULL;
}

static void at_depth(struct block_device *device, unsigned int depth, unsigned int most)
{
    for (unsigned int i = 0; i < OPERATIONS && nr_wrong == 0; i++) {
        unsigned int count = 1 + random_below(most);
        unsigned int first = random_below(WINDOW - count + 1);

        while (nr_under_way >= depth || overlaps(first, count)) {
            wait_for_one(device);
        }
        begin(device, idle(), random_below(2) == 0, first, count);
    }
    while (nr_under_way > 0) {
        wait_for_one(device);
    }
}

/* For ever: rounds over the same sectors, each of which ends with a line. */
int disk_stress(struct block_device *device)
{
    int status = 0;

    for (unsigned int round = 1; status == 0; round++) {
        status = disk_verify(device);
        disk_seed++;
        printf("stress: round %u is over\n", round);
        fflush(stdout);
    }
    return status;
}

int disk_verify(struct block_device *device)
{
    struct block_information disk;
    unsigned int most = MOST_SECTORS;

    if (block_information(device, &disk) != 0 || disk.nr_sectors < WINDOW) {
        printf("verify: the disk has fewer than %u sectors\n", WINDOW);
        return 1;
    }
    most = disk.most_bytes / SECTOR < most ? (unsigned int)(disk.most_bytes / SECTOR) : most;
    operations = calloc(MOST_DEPTH, sizeof(*operations));
    if (operations == NULL) {
        printf("verify: out of memory\n");
        return 1;
    }
    random_state = disk_seed;
    for (unsigned int first = 0; first < WINDOW; first += most) {
        while (idle() == NULL) {
            wait_for_one(device);
        }
        begin(device, idle(), true, first, WINDOW - first < most ? WINDOW - first : most);
    }
    for (unsigned int depth = 1; depth <= MOST_DEPTH && nr_wrong == 0; depth *= 2) {
        at_depth(device, depth, most);
    }
    printf("verify: seed %lu, %u reads, %u writes (%u of them begun again) at depth 1 to %u: %s\n",
           disk_seed, nr_reads, nr_writes, nr_again, MOST_DEPTH,
           nr_wrong == 0 ? "all as expected" : "WRONG");
    free(operations);
    return nr_wrong == 0 ? 0 : 1;
}
