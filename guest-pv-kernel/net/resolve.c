/* SPDX-License-Identifier: MIT */
/*
 * resolve.c: addresses as text, and names of hosts: libc's functions over lwIP's.
 * Read next: <netdb.h>, <arpa/inet.h>
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <lwip/dns.h>
#include <lwip/inet.h>
#include <lwip/netdb.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>

#include <pvk/start.h>

/* lwIP makes these names macros; they are functions here. */
#undef inet_addr
#undef inet_aton
#undef inet_ntoa
#undef inet_pton
#undef inet_ntop

/* The declarations of <arpa/inet.h> and <netdb.h>, with lwIP's types. */
in_addr_t inet_addr(const char *text);
int inet_aton(const char *text, struct in_addr *address);
char *inet_ntoa(struct in_addr address);
int inet_pton(int family, const char *text, void *address);
const char *inet_ntop(int family, const void *address, char *text, socklen_t size);
struct hostent *gethostbyname(const char *name);
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result);
void freeaddrinfo(struct addrinfo *list);

in_addr_t inet_addr(const char *text)
{
    return ipaddr_addr(text);
}

int inet_aton(const char *text, struct in_addr *address)
{
    return ip4addr_aton(text, (ip4_addr_t *)address);
}

char *inet_ntoa(struct in_addr address)
{
    return ip4addr_ntoa((const ip4_addr_t *)&address);
}

int inet_pton(int family, const char *text, void *address)
{
    return lwip_inet_pton(family, text, address);
}

const char *inet_ntop(int family, const void *address, char *text, socklen_t size)
{
    return lwip_inet_ntop(family, address, text, size);
}

/* dns=ADDRESS on the command line comes before what DHCP said, each time, since DHCP says it again. */
static void prefer_given_server(void)
{
    const char *at = strstr(start_command_line(), "dns=");
    ip_addr_t server;
    char text[16];

    if (at != NULL && sscanf(at, "dns=%15[0-9.]", text) == 1 && ip4addr_aton(text, &server)) {
        LOCK_TCPIP_CORE();
        dns_setserver(0, &server);
        UNLOCK_TCPIP_CORE();
    }
}

struct hostent *gethostbyname(const char *name)
{
    prefer_given_server();
    return lwip_gethostbyname(name);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    prefer_given_server();
    return lwip_getaddrinfo(node, service, hints, result);
}

void freeaddrinfo(struct addrinfo *list)
{
    lwip_freeaddrinfo(list);
}
