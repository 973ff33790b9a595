/* SPDX-License-Identifier: MIT */
/*
 * lwIP as we build it: IPv4 with DHCP and DNS, TCP and UDP, sockets behind newlib's descriptors.
 * Memory comes from malloc, so the pools' counts are no limits, except that of sockets.
 */
#ifndef NET_PORT_LWIPOPTS_H
#define NET_PORT_LWIPOPTS_H

#define NO_SYS                  0
#define SYS_LIGHTWEIGHT_PROT    0 /* EV1 */
#define LWIP_TCPIP_CORE_LOCKING 1

#include "../timers.h"
#define LWIP_TIMERS_CUSTOM  1
#define LOCK_TCPIP_CORE()   timers_lock()
#define UNLOCK_TCPIP_CORE() timers_unlock()

#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT   8

#define LWIP_IPV4          1
#define LWIP_IPV6          0
#define LWIP_ARP           1
#define LWIP_ICMP          1
#define LWIP_RAW           1
#define LWIP_UDP           1
#define LWIP_TCP           1
#define LWIP_DHCP          1
#define LWIP_DNS           1
#define IP_REASSEMBLY      1
#define IP_REASS_MAX_PBUFS 96 /* two messages of 64 KiB */
#define IP_FRAG            1

#define LWIP_SOCKET                  1
#define LWIP_NETCONN                 1
#define LWIP_NETIF_API               1
#define LWIP_COMPAT_SOCKETS          0
#define LWIP_POSIX_SOCKETS_IO_NAMES  0
#define LWIP_SOCKET_OFFSET           0
#define LWIP_SO_SNDTIMEO             1
#define LWIP_SO_RCVTIMEO             1
#define LWIP_SO_RCVBUF               1
#define LWIP_TCP_KEEPALIVE           1
#define SO_REUSE                     1
#define MEMP_NUM_NETCONN             48 /* sockets; descriptors end at 64 */
#define LWIP_TIMEVAL_PRIVATE         0
#define LWIP_DNS_API_DECLARE_STRUCTS 1
#define LWIP_ERRNO_STDINCLUDE        1

#define TCP_MSS            1460
#define TCP_WND            (40 * TCP_MSS)
#define TCP_SND_BUF        (40 * TCP_MSS)
#define TCP_SND_QUEUELEN   (4 * TCP_SND_BUF / TCP_MSS)
#define MEMP_NUM_TCP_SEG   TCP_SND_QUEUELEN
#define TCP_LISTEN_BACKLOG 1
#define MEMP_NUM_TCP_PCB   64
#define MEMP_NUM_UDP_PCB   32
#define PBUF_POOL_SIZE     256

#define TCPIP_THREAD_NAME         "tcpip"
#define TCPIP_THREAD_STACKSIZE    (32 * 1024)
#define TCPIP_THREAD_PRIO         1
#define TCPIP_MBOX_SIZE           512
#define DEFAULT_TCP_RECVMBOX_SIZE 128
#define DEFAULT_UDP_RECVMBOX_SIZE 128
#define DEFAULT_RAW_RECVMBOX_SIZE 32
#define DEFAULT_ACCEPTMBOX_SIZE   32

#define LWIP_NETIF_HOSTNAME        1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_TX_SINGLE_PBUF  0
#define LWIP_DHCP_DOES_ACD_CHECK   0
#define DHCP_DOES_ARP_CHECK        0 /* one server on the bridge; saves half a second at start */

#define LWIP_STATS 0
#define LWIP_DEBUG 0

#endif
