/* SPDX-License-Identifier: MIT */
/*
 * `net-speed`: how long dom0 itself takes to send frames through QEMU's virtio-net device: what the way
 * through two drivers, two rings and the bridge comes on top of (tests/bench/bench_network.py). Needs a
 * dom0 that was started with network=off, since the back end keeps the card otherwise.
 * Owns: the card, once it was opened. Read next: ../../guest-pv-kernel/apps/echo/blast.c.
 */
#include "net_speed.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pvk/thread.h>
#include <pvk/time.h>

#include "dom0-tools/libpv/seam.h"
#include "guest-pv-kernel/drivers/pci.h"

#define FRAMES 6400u
#define WINDOW 64u
#define PAUSE  TIME_MILLISECOND_NS

/* Running time per frame, in nanoseconds; 0: the card took too few. */
static uint64_t time_frames(int card, uint8_t *frame, size_t length)
{
    uint64_t began = time_running_ns();
    unsigned int sent = 0;

    for (unsigned int i = 1; i <= FRAMES; i++) {
        sent += write(card, frame, length) == (ssize_t)length;
        if (i % WINDOW == 0) {
            thread_sleep(PAUSE);
        }
    }
    return sent == FRAMES ? (time_running_ns() - began) / FRAMES : 0;
}

int net_speed(int argc, char **argv)
{
    static int card = -1;
    static const size_t lengths[] = {64, 1500};
    static uint8_t frame[1500];

    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: net-speed\n");
        return 2;
    }
    card = card >= 0 || pci_init() < 0 ? card : seam_uplink_open();
    if (card < 0) {
        fprintf(stderr, "net-speed: no card; is dom0's command line without network=off?\n");
        return 1;
    }
    memset(frame, 0xff, 12);
    frame[12] = 0x88; /* 0x88b5: for experiments */
    frame[13] = 0xb5;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        printf("frames of %zu bytes: %llu ns each\n", lengths[i],
               (unsigned long long)time_frames(card, frame, lengths[i]));
    }
    return 0;
}
