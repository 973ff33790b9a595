/* SPDX-License-Identifier: MIT */
/*
 * Options of level IPPROTO_TCP.
 */
#ifndef _NETINET_TCP_H
#define _NETINET_TCP_H

#define TCP_NODELAY   0x01
#define TCP_KEEPIDLE  0x03 /* seconds */
#define TCP_KEEPINTVL 0x04
#define TCP_KEEPCNT   0x05

#endif
