/* SPDX-License-Identifier: MIT */
/*
 * TCP/IP: brings the domain's interfaces up; then <sys/socket.h> works. An image that uses it links
 * the network library (guest-pv-kernel/net/build.mk).
 * Read next: ../../net/interface.c
 */
#ifndef PVK_NETWORK_H
#define PVK_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Starts TCP/IP over every vif of the domain: an address by DHCP, or the one that the command line
 * gives (ip=ADDRESS/BITS[,GATEWAY], for the first vif). dns=ADDRESS there names the server that is asked
 * for names, instead of DHCP's. An interface that is attached later is taken up, too.
 * Returns the number of interfaces, 0 when the domain has none; -ENOMEM. Calling it again changes
 * nothing. */
int network_start(void);
/* Waits until an interface has an address. 0, or -ETIMEDOUT. */
int network_wait(uint64_t deadline_ns);
/* The first interface's address as text, "0.0.0.0" without one. */
void network_address(char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
