/* SPDX-License-Identifier: MIT */
/*
 * For whoever pulls the plug at any moment: rounds of writes to random places, many under way together,
 * each round ended by a flush and a line that says so. Which places a round writes follows from its
 * number alone, and each sector says its round: so the file tells afterwards whether something is missing.
 * Read next: main.c, tests/system/test_block.py
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pvk/thread.h>

#include "disk.h"

#define CHUNKS     256u /* places */
#define CHUNK      8u   /* sectors of each */
#define EACH_ROUND 64u
#define MOST_DEPTH 32u

static struct chunk {
    struct block_io io;
    bool under_way;
    char bytes[CHUNK * 512];
} chunks[MOST_DEPTH];

static unsigned int nr_under_way;
static int failed;
static struct wait_queue finished;

static void chunk_done(struct block_io *io, int result)
{
    struct chunk *chunk = io->data;

    chunk->under_way = false;
    failed = result != 0 ? result : failed;
    nr_under_way--;
    wait_queue_wake_all(&finished);
}

static struct chunk *idle_chunk(void)
{
    unsigned int i = 0;

    while (chunks[i].under_way) {
        i++;
    }
    return &chunks[i];
}

static void write_chunk(struct block_device *device, unsigned int place, unsigned int round)
{
    struct chunk *chunk = idle_chunk();
    int result;

    memset(chunk->bytes, 0, sizeof(chunk->bytes));
    for (unsigned int i = 0; i < CHUNK; i++) {
        snprintf(chunk->bytes + i * 512, 512, "round %u sector %u\n", round, place * CHUNK + i);
    }
    chunk->io = (struct block_io){BLOCK_IO_WRITE,       place * CHUNK, chunk->bytes,
                                  sizeof(chunk->bytes), chunk_done,    chunk};
    chunk->under_way = true;
    nr_under_way++;
    result = block_submit(device, &chunk->io);
    if (result != 0) {
        chunk_done(&chunk->io, result);
    }
}

static void one_round(struct block_device *device, unsigned int round)
{
    unsigned int depth = 1u << round % 6;
    uint64_t random = round;
    bool taken[CHUNKS] = {false};

    for (unsigned int i = 0; i < EACH_ROUND;) {
        unsigned int place;

        random = random * 6364136223846793005ull + 1442695040888963407ull;
        place = (unsigned int)(random >> 33) % CHUNKS;
        if (taken[place]) {
            continue;
        }
        taken[place] = true;
        i++;
        while (nr_under_way >= depth) {
            wait_queue_wait_always(&finished);
        }
        write_chunk(device, place, round);
    }
    while (nr_under_way > 0) {
        wait_queue_wait_always(&finished);
    }
}

int disk_plug(struct block_device *device)
{
    for (unsigned int round = 1; failed == 0; round++) {
        one_round(device, round);
        if (failed == 0) {
            failed = block_flush(device);
        }
        if (failed == 0) {
            printf("flushed %u\n", round);
            fflush(stdout);
        }
    }
    printf("plug: %s\n", strerror(-failed));
    return 1;
}
