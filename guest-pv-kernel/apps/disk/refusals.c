/* SPDX-License-Identifier: MIT */
/*
 * What a guest sees when the file behind its disk cannot do what a disk can: the host is full, or the
 * file was cut short.
 * Read next: main.c
 */
#include <stdio.h>
#include <string.h>

#include <pvk/thread.h>
#include <pvk/time.h>

#include "disk.h"

#define PIECE 65536u

static unsigned char bytes[PIECE], back[PIECE];

static void pattern(uint64_t piece)
{
    for (size_t i = 0; i < PIECE; i++) {
        bytes[i] = (unsigned char)(1 + (piece * 31 + i * 7) % 251);
    }
}

/* Every piece that was accepted. */
static unsigned int check(struct block_device *device, uint64_t nr_pieces)
{
    unsigned int wrong = 0;

    for (uint64_t piece = 0; piece < nr_pieces; piece++) {
        pattern(piece);
        wrong += block_read(device, piece * (PIECE / 512), back, PIECE) != 0 ||
                 memcmp(bytes, back, PIECE) != 0;
    }
    return wrong;
}

int disk_fill(struct block_device *device)
{
    struct block_information disk;
    uint64_t nr_pieces, piece = 0;
    int result = block_information(device, &disk);
    unsigned int wrong;

    nr_pieces = disk.nr_sectors / (PIECE / 512);
    while (result == 0 && piece < nr_pieces) {
        pattern(piece);
        result = block_write(device, piece * (PIECE / 512), bytes, PIECE);
        piece += result == 0;
    }
    printf("fill: %llu of %llu pieces: %s\n", (unsigned long long)piece,
           (unsigned long long)nr_pieces, result == 0 ? "all" : strerror(-result));
    fflush(stdout);
    wrong = check(device, piece);
    printf("fill: what was accepted is %s\n", wrong == 0 ? "there" : "NOT THERE");
    fflush(stdout);
    while (piece < nr_pieces) {
        pattern(piece);
        result = block_write(device, piece * (PIECE / 512), bytes, PIECE);
        piece += result == 0;
        if (result != 0) {
            thread_sleep(100 * TIME_MILLISECOND_NS);
        }
    }
    wrong += check(device, nr_pieces) + (block_flush(device) != 0);
    printf("fill: the disk is full of what was written: %s\n", wrong == 0 ? "right" : "WRONG");
    return wrong == 0 ? 0 : 1;
}

_Noreturn int disk_watch(struct block_device *device)
{
    struct block_information disk = {0};
    int last = 1;

    (void)block_information(device, &disk);
    for (;;) {
        int result = block_read(device, disk.nr_sectors - 1, bytes, 512);

        if (result != last) {
            printf("watch: %s\n", result == 0 ? "it reads" : strerror(-result));
            fflush(stdout);
            last = result;
        }
        thread_sleep(20 * TIME_MILLISECOND_NS);
    }
}
