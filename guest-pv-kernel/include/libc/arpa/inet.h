/* SPDX-License-Identifier: MIT */
/*
 * IPv4 addresses as text.
 */
#ifndef _ARPA_INET_H
#define _ARPA_INET_H

#include <netinet/in.h>

#define INET_ADDRSTRLEN 16

in_addr_t inet_addr(const char *text);
int inet_aton(const char *text, struct in_addr *address);
char *inet_ntoa(struct in_addr address);
/* AF_INET only: -1 with EAFNOSUPPORT for others. */
int inet_pton(int family, const char *text, void *address);
const char *inet_ntop(int family, const void *address, char *text, socklen_t size);

#endif
