/* SPDX-License-Identifier: MIT */
#ifndef ECHO_ECHO_H
#define ECHO_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECHO_PORT    7
#define DISCARD_PORT 9

/* A socket bound to the port; negative: errno says why. */
int echo_listen(int type, uint16_t port);
/* A socket connected to it; negative: it said why. */
int echo_connect(const char *address, int type, uint16_t port);
bool echo_send_all(int connection, const char *bytes, size_t length);
void echo_fill(uint8_t *bytes, size_t length, uint32_t seed);

/* Each returns an exit status. */
int echo_test(const char *address, uint16_t tcp_port, uint16_t udp_port);
int echo_lie(void);
int echo_sink(void);
int echo_blast(char **words, int nr_words);
int echo_ping(char **words, int nr_words);
int echo_hold(char **words, int nr_words);
int echo_trickle(char **words, int nr_words);
int echo_speed(char **words, int nr_words);
int echo_names(char **words, int nr_words);
int echo_resolve(char **words, int nr_words);

#endif
