/* SPDX-License-Identifier: MIT */
/*
 * TCP and UDP echo, and their test. Arguments:
 *   (none)            serve port 7, both protocols; says its address
 *   test ADDRESS [TCP-PORT UDP-PORT]
 *                     send messages of 64 B to 64 KiB to port 7 (or these) there, by TCP and by UDP,
 *                     and compare every byte of the answers; the exit status says whether all were right
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pvk/network.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#define PORT          7
#define LARGEST       65536u
#define UDP_LARGEST   65507u /* 64 KiB with both headers */
#define DHCP_PATIENCE (30 * TIME_SECOND_NS)
#define UDP_PATIENCE  1000 /* ms */
#define UDP_TRIES     5

/* ---- serving ------------------------------------------------------------------------------------ */

static bool send_all(int connection, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(connection, bytes, length, 0);

        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static void echo_connection(void *argument)
{
    int connection = (int)(intptr_t)argument;
    char block[4096];
    ssize_t count;

    while ((count = recv(connection, block, sizeof(block), 0)) > 0 &&
           send_all(connection, block, (size_t)count)) {
    }
    close(connection);
}

static void echo_datagrams(void *argument)
{
    int datagrams = (int)(intptr_t)argument;
    char *block = malloc(LARGEST);
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    ssize_t count;

    while (block != NULL && (count = recvfrom(datagrams, block, LARGEST, 0,
                                              (struct sockaddr *)&from, &length)) >= 0) {
        sendto(datagrams, block, (size_t)count, 0, (struct sockaddr *)&from, length);
        length = sizeof(from);
    }
}

static int open_port(int type)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int descriptor = socket(AF_INET, type, 0);

    return descriptor >= 0 && bind(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0
               ? descriptor
               : -1;
}

static int serve(void)
{
    int listener = open_port(SOCK_STREAM), datagrams = open_port(SOCK_DGRAM);

    if (listener < 0 || datagrams < 0 || listen(listener, 8) != 0 ||
        thread_create("datagrams", echo_datagrams, (void *)(intptr_t)datagrams, 0) == NULL) {
        printf("echo: cannot listen: %s\n", strerror(errno));
        return 1;
    }
    for (;;) {
        int connection = accept(listener, NULL, NULL);

        if (connection >= 0 &&
            thread_create("connection", echo_connection, (void *)(intptr_t)connection, 0) == NULL) {
            close(connection);
        }
    }
}

/* ---- testing ------------------------------------------------------------------------------------ */

/* Every message differs from every other, and from itself moved. */
static void fill(uint8_t *bytes, size_t length, uint32_t seed)
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

static int connect_to(const char *address, int type, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int descriptor = socket(AF_INET, type, 0);

    to.sin_addr.s_addr = inet_addr(address);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&to, sizeof(to)) != 0) {
        printf("echo: cannot connect to %s: %s\n", address, strerror(errno));
        return -1;
    }
    return descriptor;
}

static int test(const char *address, uint16_t tcp_port, uint16_t udp_port)
{
    uint8_t *sent = malloc(LARGEST), *received = malloc(LARGEST);
    int tcp = connect_to(address, SOCK_STREAM, tcp_port);
    int udp = connect_to(address, SOCK_DGRAM, udp_port);
    unsigned int lost = 0, messages = 0;
    uint64_t began = time_monotonic_ns();

    if (sent == NULL || received == NULL || tcp < 0 || udp < 0) {
        return 1;
    }
    for (size_t size = 64; size <= LARGEST; size *= 2) {
        for (uint32_t round = 0; round < 8; round++) {
            size_t length = size - round; /* odd ones, too */
            size_t datagram = length < UDP_LARGEST ? length : UDP_LARGEST;

            fill(sent, length, (uint32_t)size + round);
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

int main(int argc, char **argv)
{
    char address[16];

    if (network_start() <= 0) {
        printf("echo: this domain has no network interface: give it vif = ['']\n");
        return 1;
    }
    if (network_wait(time_monotonic_ns() + DHCP_PATIENCE) != 0) {
        printf("echo: no address from DHCP\n");
        return 1;
    }
    network_address(address, sizeof(address));
    printf("echo: at %s\n", address);
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "test") == 0) {
            bool ports = i + 3 < argc;

            return test(argv[i + 1], ports ? (uint16_t)atoi(argv[i + 2]) : PORT,
                        ports ? (uint16_t)atoi(argv[i + 3]) : PORT);
        }
    }
    return serve();
}
