/* SPDX-License-Identifier: MIT */
/*
 * TCP and UDP echo, and what else two guests on one bridge can say to each other. The command line:
 *   (none)            serve port 7 (echo, TCP and UDP) and 9 (discard, TCP); says its address
 *   test ADDRESS [TCP-PORT UDP-PORT]
 *                     send messages of 64 B to 64 KiB to port 7 (or these) there, by TCP and by UDP,
 *                     and compare every byte of the answers; the exit status says whether all were right
 *   ping ADDRESS      four ICMP echo requests, a second apart
 *   hold ADDRESS      one message over TCP, then keep the connection and say nothing
 *   trickle ADDRESS   a small message over TCP every 20 ms for ever, compared; says how it goes
 *   speed ADDRESS     64 MiB to port 9 there, by TCP
 *   names             a DNS server: NAME.test for every address that it is asked for as a-b-c-d.test
 *   resolve NAME      its address, from the server that DHCP or dns=ADDRESS named
 *   sink, and blast MAC SIZE COUNT [out]
 *                     frames without TCP/IP, counted and timed
 *   lie               what a hostile front end does, to see that it is refused; no TCP/IP
 * All but `test', `ping', `speed', `resolve' and `lie' go on for ever.
 * Read next: test.c
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pvk/network.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#include "echo.h"

#define LARGEST       65536u
#define DHCP_PATIENCE (30 * TIME_SECOND_NS)

/* ---- serving ------------------------------------------------------------------------------------ */

bool echo_send_all(int connection, const char *bytes, size_t length)
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
           echo_send_all(connection, block, (size_t)count)) {
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

int echo_listen(int type, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int descriptor = socket(AF_INET, type, 0);

    return descriptor >= 0 && bind(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0
               ? descriptor
               : -1;
}

static void discard_connection(void *argument)
{
    int connection = (int)(intptr_t)argument;
    char *block = malloc(LARGEST);

    while (block != NULL && recv(connection, block, LARGEST, 0) > 0) {
    }
    free(block);
    close(connection);
}

/* One thread per connection, for ever. */
static void accept_all(int listener, void (*serve_one)(void *argument))
{
    for (;;) {
        int connection = accept(listener, NULL, NULL);

        if (connection >= 0 &&
            thread_create("connection", serve_one, (void *)(intptr_t)connection, 0) == NULL) {
            close(connection);
        }
    }
}

static void accept_discard(void *argument)
{
    accept_all((int)(intptr_t)argument, discard_connection);
}

static int serve(void)
{
    int streams = echo_listen(SOCK_STREAM, ECHO_PORT);
    int datagrams = echo_listen(SOCK_DGRAM, ECHO_PORT);
    int discard = echo_listen(SOCK_STREAM, DISCARD_PORT);

    if (streams < 0 || datagrams < 0 || discard < 0 || listen(streams, 8) != 0 ||
        listen(discard, 8) != 0 ||
        thread_create("datagrams", echo_datagrams, (void *)(intptr_t)datagrams, 0) == NULL ||
        thread_create("discard", accept_discard, (void *)(intptr_t)discard, 0) == NULL) {
        printf("echo: cannot listen: %s\n", strerror(errno));
        return 1;
    }
    accept_all(streams, echo_connection);
    return 0;
}

int echo_connect(const char *address, int type, uint16_t port)
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

/* ---- the command line --------------------------------------------------------------------------- */

static int test(char **words, int nr_words)
{
    return echo_test(words[0], nr_words > 2 ? (uint16_t)atoi(words[1]) : ECHO_PORT,
                     nr_words > 2 ? (uint16_t)atoi(words[2]) : ECHO_PORT);
}

static const struct {
    const char *name;
    int nr_words;
    int (*run)(char **words, int nr_words);
} tasks[] = {
    {"test", 1, test},
    {"ping", 1, echo_ping},
    {"hold", 1, echo_hold},
    {"trickle", 1, echo_trickle},
    {"speed", 1, echo_speed},
    {"names", 0, echo_names},
    {"resolve", 1, echo_resolve},
};

int main(int argc, char **argv)
{
    char address[16];

    /* These use the interface itself. */
    if (argc > 1 && strcmp(argv[1], "lie") == 0) {
        return echo_lie();
    }
    if (argc > 1 && strcmp(argv[1], "sink") == 0) {
        return echo_sink();
    }
    if (argc > 4 && strcmp(argv[1], "blast") == 0) {
        return echo_blast(argv + 2, argc - 2);
    }
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
    for (int i = 1; i < argc; i++) {
        for (size_t task = 0; task < sizeof(tasks) / sizeof(tasks[0]); task++) {
            if (strcmp(argv[i], tasks[task].name) == 0 && argc - i - 1 >= tasks[task].nr_words) {
                return tasks[task].run(argv + i + 1, argc - i - 1);
            }
        }
    }
    return serve();
}
