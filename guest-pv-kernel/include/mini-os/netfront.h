/* SPDX-License-Identifier: MIT */
/*
 * Network interfaces, over <pvk/netfront.h>.
 */
#ifndef MINI_OS_NETFRONT_H
#define MINI_OS_NETFRONT_H

#include <mini-os/wait.h>

#ifdef __cplusplus
extern "C" {
#endif

struct netfront_dev;

/* Takes up interface `nodename` ("device/vif/0" when NULL) and waits until it is connected. `netif_rx` gets
 * each frame that arrives, in event context; NULL: frames are dropped. mac: 6 bytes, out; *ip: the
 * toolstack's address, malloc'ed, or NULL. Either may be NULL. NULL: there is no such interface. */
struct netfront_dev *
init_netfront(char *nodename, void (*netif_rx)(unsigned char *data, int length, void *argument),
              unsigned char mac[6], char **ip);
void netfront_set_rx_handler(struct netfront_dev *device,
                             void (*netif_rx)(unsigned char *data, int length, void *argument),
                             void *argument);
/* Waits for room. A frame that cannot be sent is dropped. */
void netfront_xmit(struct netfront_dev *device, unsigned char *data, int length);
/* Nothing is received any more; the interface stays the kernel's. */
void shutdown_netfront(struct netfront_dev *device);

#ifdef __cplusplus
}
#endif

#endif
