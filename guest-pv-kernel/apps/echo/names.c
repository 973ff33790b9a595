/* SPDX-License-Identifier: MIT */
/*
 * DNS from both ends (RFC 1035): a server that knows one rule, a-b-c-d.test is the address a.b.c.d, and
 * a client. So names can be tried where there is no server outside.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "echo.h"

#define DNS_PORT     53
#define HEADER       12u
#define LARGEST      512u
#define ANSWER_BYTES 16u
#define NO_SUCH_NAME 3u
#define TTL_S        5u

/* The question's first label as an address; false: it is none, or the name is not under test. */
static bool address_in(const uint8_t *name, size_t length, uint8_t address[4])
{
    unsigned int numbers[4];
    char label[64];

    if (length < 1u + name[0] + 6u || name[0] >= sizeof(label) ||
        memcmp(name + 1 + name[0], "\4test", 6) != 0) {
        return false;
    }
    memcpy(label, name + 1, name[0]);
    label[name[0]] = '\0';
    if (sscanf(label, "%3u-%3u-%3u-%3u", &numbers[0], &numbers[1], &numbers[2], &numbers[3]) != 4) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        address[i] = (uint8_t)numbers[i];
    }
    return true;
}

/* Turns a question of `length` bytes into its answer; the answer's length, 0: none is due. */
static size_t answer(uint8_t *message, size_t length)
{
    const uint8_t pointer_and_kind[] = {0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, TTL_S, 0, 4};
    uint8_t address[4];

    if (length < HEADER + 6 || (message[2] & 0x80) != 0) {
        return 0;
    }
    message[2] |= 0x84; /* an answer, with authority */
    message[3] = NO_SUCH_NAME;
    if (address_in(message + HEADER, length - HEADER, address) &&
        length + ANSWER_BYTES <= LARGEST) {
        message[3] = 0;
        message[7] = 1; /* one answer */
        memcpy(message + length, pointer_and_kind, sizeof(pointer_and_kind));
        memcpy(message + length + sizeof(pointer_and_kind), address, sizeof(address));
        length += ANSWER_BYTES;
    }
    return length;
}

int echo_names(char **words, int nr_words)
{
    int port = echo_listen(SOCK_DGRAM, DNS_PORT);
    struct sockaddr_in from;
    uint8_t message[LARGEST];
    unsigned int asked = 0;

    (void)words;
    (void)nr_words;
    if (port < 0) {
        printf("names: port %d: %s\n", DNS_PORT, strerror(errno));
        return 1;
    }
    for (;;) {
        socklen_t size = sizeof(from);
        ssize_t count =
            recvfrom(port, message, sizeof(message), 0, (struct sockaddr *)&from, &size);
        size_t length = count > 0 ? answer(message, (size_t)count) : 0;

        if (length > 0) {
            printf("names: asked %u\n", ++asked);
            sendto(port, message, length, 0, (struct sockaddr *)&from, size);
        }
    }
}

int echo_resolve(char **words, int nr_words)
{
    for (int i = 0; i < nr_words; i++) {
        const struct hostent *host = gethostbyname(words[i]);
        struct in_addr address;

        if (host == NULL) {
            printf("resolve: %s: no such name\n", words[i]);
            continue;
        }
        memcpy(&address, host->h_addr_list[0], sizeof(address));
        printf("resolve: %s is %s\n", words[i], inet_ntoa(address));
    }
    return 0;
}
