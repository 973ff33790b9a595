/* SPDX-License-Identifier: MIT */
/*
 * Frames without TCP/IP, as fast as they go, for measuring the path: `blast' sends windows of them to
 * `sink', which answers each window with a short frame, so that none is dropped.
 * Read next: ../../../tests/bench/bench_network.py
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pvk/netfront.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#include "echo.h"

#define HEADER    14u
#define TYPE_HIGH 0x88u /* 0x88b5: for experiments */
#define TYPE_LOW  0xb5u
#define PAGES     64u /* in a window: half of what a receiver has given */
#define PATIENCE  (10 * TIME_SECOND_NS)

static struct netfront *front;
static struct wait_queue heard;
static uint8_t answer[64];
static uint64_t nr_received, bytes_received, nr_windows;

static bool is_blast(const uint8_t *frame, size_t length)
{
    return length >= HEADER + 4 && frame[12] == TYPE_HIGH && frame[13] == TYPE_LOW;
}

/* A frame's first byte behind its header says whether it is the last of its window. */
static void on_sink(void *data, const void *bytes, size_t length)
{
    const uint8_t *frame = bytes;
    const struct netfront_piece piece = {answer, sizeof(answer)};

    (void)data;
    if (!is_blast(frame, length)) {
        return;
    }
    nr_received++;
    bytes_received += length;
    if (frame[HEADER] == 1) {
        memcpy(answer, frame + 6, 6);
        memcpy(answer + 6, netfront_mac(front), 6);
        memcpy(answer + 12, frame + 12, 2);
        (void)netfront_send(front, &piece, 1, 0);
    }
}

static void on_answer(void *data, const void *bytes, size_t length)
{
    (void)data;
    if (is_blast(bytes, length)) {
        nr_windows++;
        wait_queue_wake_all(&heard);
    }
}

static bool open_with(void (*receive)(void *data, const void *bytes, size_t length))
{
    static struct netfront_handlers handlers;

    handlers.receive = receive;
    return netfront_open(0, &handlers, NULL, &front) == 0 &&
           netfront_wait(front, time_monotonic_ns() + PATIENCE) == 0;
}

int echo_sink(void)
{
    if (!open_with(on_sink)) {
        printf("sink: no interface\n");
        return 1;
    }
    printf("sink: ready\n");
    fflush(stdout);
    for (;;) {
        thread_sleep(THREAD_FOREVER / 4);
    }
}

static bool send_window(uint8_t *frame, size_t length, unsigned int count, bool wait)
{
    const struct netfront_piece piece = {frame, length};
    uint64_t before = nr_windows;

    for (unsigned int i = 1; i <= count; i++) {
        frame[HEADER] = i == count;
        if (netfront_send(front, &piece, 1, time_monotonic_ns() + PATIENCE) != 0) {
            return false;
        }
    }
    if (!wait) {
        thread_sleep(TIME_MILLISECOND_NS);
    }
    while (wait && nr_windows == before) {
        if (!wait_queue_wait(&heard, time_monotonic_ns() + PATIENCE)) {
            return false;
        }
    }
    return true;
}

/* MAC SIZE COUNT, and `out' when nobody answers */
int echo_blast(char **words, int nr_words)
{
    bool wait = nr_words < 4 || strcmp(words[3], "out") != 0;
    size_t length = strtoul(words[1], NULL, 10);
    unsigned long count = strtoul(words[2], NULL, 10), sent = 0;
    unsigned int window = (unsigned int)(PAGES / ((length + 4095) / 4096 + (length == 0)));
    uint8_t *frame = calloc(1, length + 64);
    unsigned int mac[6];
    uint64_t began;

    if (frame == NULL || length < HEADER + 4 || length > NETFRONT_FRAME_MAX ||
        sscanf(words[0], "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
               &mac[5]) != 6 ||
        !open_with(on_answer)) {
        printf("blast: MAC SIZE COUNT, and an interface\n");
        return 1;
    }
    for (int i = 0; i < 6; i++) {
        frame[i] = (uint8_t)mac[i];
    }
    memcpy(frame + 6, netfront_mac(front), 6);
    frame[12] = TYPE_HIGH;
    frame[13] = TYPE_LOW;
    began = time_monotonic_ns();
    for (; sent < count; sent += window) {
        if (!send_window(frame, length, window, wait)) {
            printf("blast: no answer\n");
            return 1;
        }
    }
    printf("blast: %lu frames of %zu bytes in %llu ns, %llu notifications\n", sent, length,
           (unsigned long long)(time_monotonic_ns() - began),
           (unsigned long long)netfront_counters(front)->notifications);
    return 0;
}
