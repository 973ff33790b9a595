/* SPDX-License-Identifier: MIT */
/*
 * Smaller things to say: ping, a connection that is kept, a trickle, and a transfer that is timed.
 * Read next: names.c
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pvk/thread.h>
#include <pvk/time.h>

#include "echo.h"

#define PING_BYTES   64u
#define PING_COUNT   4u
#define IP_HEADER    20u
#define SPEED_BYTES  (64u << 20)
#define BLOCK        65536u
#define TRICKLE_WAIT (20 * TIME_MILLISECOND_NS)

/* ---- ping --------------------------------------------------------------------------------------- */

struct icmp_echo {
    uint8_t type, code;
    uint16_t checksum, identifier, sequence;
    uint8_t data[PING_BYTES - 8];
};

static uint16_t checksum_of(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < length; i += 2) {
        sum += (uint32_t)at[i] << 8 | at[i + 1];
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return htons((uint16_t)~sum);
}

/* One request and its answer, every byte compared. */
static bool ping_once(int icmp, uint16_t sequence, uint64_t *took_ns)
{
    struct icmp_echo request = {8, 0, 0, htons(0x7876), htons(sequence), {0}};
    uint8_t answer[256];
    struct pollfd readable = {icmp, POLLIN, 0};
    uint64_t began = time_monotonic_ns();

    echo_fill(request.data, sizeof(request.data), sequence);
    request.checksum = checksum_of(&request, sizeof(request));
    if (send(icmp, &request, sizeof(request), 0) != (ssize_t)sizeof(request)) {
        return false;
    }
    while (poll(&readable, 1, 1000) == 1) {
        ssize_t count = recv(icmp, answer, sizeof(answer), 0);

        if (count == (ssize_t)(IP_HEADER + sizeof(request)) && answer[IP_HEADER] == 0 &&
            memcmp(answer + IP_HEADER + 4, &request.identifier, sizeof(request) - 4) == 0) {
            *took_ns = time_monotonic_ns() - began;
            return true;
        }
    }
    return false;
}

int echo_ping(char **words, int nr_words)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    int icmp = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    unsigned int answers = 0;

    (void)nr_words;
    to.sin_addr.s_addr = inet_addr(words[0]);
    if (icmp < 0 || connect(icmp, (struct sockaddr *)&to, sizeof(to)) != 0) {
        printf("ping: %s: %s\n", words[0], strerror(errno));
        return 1;
    }
    for (uint16_t i = 1; i <= PING_COUNT; i++) {
        uint64_t took;

        if (ping_once(icmp, i, &took)) {
            printf("ping: %u bytes from %s: %llu us\n", PING_BYTES, words[0],
                   (unsigned long long)(took / 1000));
            answers++;
        } else {
            printf("ping: no answer from %s\n", words[0]);
        }
        if (i < PING_COUNT) {
            thread_sleep(TIME_SECOND_NS);
        }
    }
    printf("ping: %u of %u answered\n", answers, PING_COUNT);
    return answers == PING_COUNT ? 0 : 1;
}

/* ---- TCP ---------------------------------------------------------------------------------------- */

static bool exchange(int connection, uint32_t seed)
{
    uint8_t sent[64], received[64];
    size_t done = 0;

    echo_fill(sent, sizeof(sent), seed);
    if (!echo_send_all(connection, (char *)sent, sizeof(sent))) {
        return false;
    }
    while (done < sizeof(sent)) {
        ssize_t count = recv(connection, received + done, sizeof(received) - done, 0);

        if (count <= 0) {
            return false;
        }
        done += (size_t)count;
    }
    return memcmp(sent, received, sizeof(sent)) == 0;
}

int echo_hold(char **words, int nr_words)
{
    int connection = echo_connect(words[0], SOCK_STREAM, ECHO_PORT);
    char byte;

    (void)nr_words;
    if (connection < 0 || !exchange(connection, 1)) {
        printf("hold: no echo\n");
        return 1;
    }
    printf("hold: connected\n");
    return recv(connection, &byte, 1, 0) < 0;
}

int echo_trickle(char **words, int nr_words)
{
    int connection = echo_connect(words[0], SOCK_STREAM, ECHO_PORT);

    (void)nr_words;
    if (connection < 0) {
        return 1;
    }
    for (uint32_t round = 1; exchange(connection, round); round++) {
        if (round % 50 == 0) {
            printf("trickle: %u came back\n", round);
        }
        thread_sleep(TRICKLE_WAIT);
    }
    printf("trickle: the connection is lost\n");
    return 1;
}

int echo_speed(char **words, int nr_words)
{
    int connection = echo_connect(words[0], SOCK_STREAM, DISCARD_PORT);
    char *block = calloc(1, BLOCK), byte;
    uint64_t began = time_monotonic_ns(), took;

    (void)nr_words;
    if (connection < 0 || block == NULL) {
        return 1;
    }
    for (size_t sent = 0; sent < SPEED_BYTES; sent += BLOCK) {
        if (!echo_send_all(connection, block, BLOCK)) {
            printf("speed: the connection is lost\n");
            return 1;
        }
    }
    shutdown(connection, SHUT_WR);
    (void)recv(connection, &byte, 1, 0); /* the other end has taken all */
    took = time_monotonic_ns() - began;
    printf("speed: %u MiB in %llu ms, %llu Mbit/s\n", SPEED_BYTES >> 20,
           (unsigned long long)(took / TIME_MILLISECOND_NS),
           (unsigned long long)(SPEED_BYTES * 8000ull / (took + 1)));
    return 0;
}
