/* SPDX-License-Identifier: MIT */
/*
 * Messages of 64 B to 64 KiB to an echo server, by TCP and by UDP, every byte of the answers compared.
 * Read next: speed.c
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <pvk/time.h>

#include "echo.h"

#define LARGEST      65536u
#define UDP_LARGEST  65507u /* 64 KiB with both headers */
#define UDP_PATIENCE 1000   /* ms */
#define UDP_TRIES    5

/* Every message differs from every other, and from itself moved. */
void echo_fill(uint8_t *bytes, size_t length, uint32_t seed)
{
    for (size_t i = 0; i < length; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

static bool test_tcp(int connection, uint8_t *sent, uint8_t *received, size_t length)
{
    size_t done = 0, offset = 0;

    /* Both directions at once: the echo comes back before all is sent. */
    while (done < length) {
        struct pollfd poll_both = {connection, (short)(POLLIN | (offset < length ? POLLOUT : 0)),
                                   0};
        ssize_t count;

        if (poll(&poll_both, 1, 10000) <= 0) {
            return false;
        }
        if ((poll_both.revents & POLLOUT) != 0) {
            count = send(connection, sent + offset, length - offset, MSG_DONTWAIT);
            if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
                return false;
            }
            offset += count > 0 ? (size_t)count : 0;
        }
        if ((poll_both.revents & POLLIN) != 0) {
            count = recv(connection, received + done, length - done, 0);
            if (count <= 0) {
                return false;
            }
            done += (size_t)count;
        }
    }
    return memcmp(sent, received, length) == 0;
}

/* UDP may lose a message: then it is sent again; it may not change one. */
static bool test_udp(int socket_, uint8_t *sent, uint8_t *received, size_t length,
                     unsigned int *lost)
{
    for (int i = 0; i < UDP_TRIES; i++) {
        struct pollfd answer = {socket_, POLLIN, 0};

        if (send(socket_, sent, length, 0) != (ssize_t)length) {
            return false;
        }
        if (poll(&answer, 1, UDP_PATIENCE) == 1) {
            return recv(socket_, received, LARGEST, 0) == (ssize_t)length &&
                   memcmp(sent, received, length) == 0;
        }
        (*lost)++;
    }
    return false;
}

int echo_test(const char *address, uint16_t tcp_port, uint16_t udp_port)
{
    uint8_t *sent = malloc(LARGEST), *received = malloc(LARGEST);
    int tcp = echo_connect(address, SOCK_STREAM, tcp_port);
    int udp = echo_connect(address, SOCK_DGRAM, udp_port);
    unsigned int lost = 0, messages = 0;
    uint64_t began = time_monotonic_ns();

    if (sent == NULL || received == NULL || tcp < 0 || udp < 0) {
        return 1;
    }
    for (size_t size = 64; size <= LARGEST; size *= 2) {
        for (uint32_t round = 0; round < 8; round++) {
            size_t length = size - round; /* odd ones, too */
            size_t datagram = length < UDP_LARGEST ? length : UDP_LARGEST;

            echo_fill(sent, length, (uint32_t)size + round);
            if (!test_tcp(tcp, sent, received, length)) {
                printf("echo: TCP, %zu bytes: wrong\n", length);
                return 1;
            }
            if (!test_udp(udp, sent, received, datagram, &lost)) {
                printf("echo: UDP, %zu bytes: wrong\n", datagram);
                return 1;
            }
            messages += 2;
        }
    }
    printf("echo: %u messages of 57 B to 64 KiB came back unchanged in %llu ms; %u datagrams were "
           "sent again\n",
           messages, (unsigned long long)((time_monotonic_ns() - began) / TIME_MILLISECOND_NS),
           lost);
    return 0;
}
