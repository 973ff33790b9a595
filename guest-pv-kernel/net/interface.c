/* SPDX-License-Identifier: MIT */
/*
 * interface.c: a vif as an interface of lwIP.
 * Owns: the interfaces, never removed; one that goes down keeps its place and comes up again.
 * Invariant NI1: a received frame is copied out of the page that it came in before lwIP sees it.
 * Read next: ../drivers/netfront.c, socket.c
 */
#include <pvk/network.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/netif.h>
#include <lwip/netifapi.h>
#include <lwip/tcpip.h>

#include <pvk/netfront.h>
#include <pvk/start.h>
#include <pvk/thread.h>
#include <pvk/time.h>
#include <pvk/xenbus.h>

#include "timers.h"

#define MAX_INTERFACES 8u
/* How long the stack waits for a buffer; a back end that takes longer has stopped. */
#define SEND_PATIENCE_NS (100 * TIME_MILLISECOND_NS)
#define MAX_PIECES       64u

static struct interface {
    struct netif netif;
    struct netfront *front;
} interfaces[MAX_INTERFACES];
static unsigned int nr_interfaces;
static struct wait_queue address_changed;

static err_t link_output(struct netif *netif, struct pbuf *packet)
{
    struct interface *interface = netif->state;
    struct netfront_piece pieces[MAX_PIECES];
    size_t count = 0;

    for (struct pbuf *part = packet; part != NULL; part = part->next) {
        if (count == MAX_PIECES) {
            return ERR_BUF;
        }
        pieces[count++] = (struct netfront_piece){part->payload, part->len};
    }
    return netfront_send(interface->front, pieces, count, time_monotonic_ns() + SEND_PATIENCE_NS) ==
                   0
               ? ERR_OK
               : ERR_IF;
}

/* What lwIP was built to understand. QEMU's network, for one, also says IPv6 now and then. */
static bool is_ours(const uint8_t *frame, size_t length)
{
    return length >= SIZEOF_ETH_HDR && frame[12] == 0x08 &&
           (frame[13] == 0x00 || frame[13] == 0x06);
}

/* Event context: the frame goes to lwIP's thread; when that is far behind, it is dropped. */
static void on_frame(void *data, const void *bytes, size_t length)
{
    struct interface *interface = data;
    struct pbuf *packet =
        is_ours(bytes, length) ? pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_RAM) : NULL;

    if (packet == NULL) {
        return;
    }
    timers_note_frame();
    memcpy(packet->payload, bytes, length);
    if (interface->netif.input == NULL ||
        interface->netif.input(packet, &interface->netif) != ERR_OK) {
        pbuf_free(packet);
    }
}

static void on_link(void *data, bool is_up)
{
    struct interface *interface = data;

    if (is_up) {
        memcpy(interface->netif.hwaddr, netfront_mac(interface->front), 6);
        netifapi_netif_set_link_up(&interface->netif);
        wait_queue_wake_all(&address_changed); /* a fixed address counts from now on */
    } else {
        netifapi_netif_set_link_down(&interface->netif);
    }
}

static void on_status(struct netif *netif)
{
    (void)netif;
    wait_queue_wake_all(&address_changed);
}

static err_t init(struct netif *netif)
{
    struct interface *interface = netif->state;
    unsigned int mtu = netfront_mtu(interface->front);

    netif->name[0] = 'e';
    netif->name[1] = 't';
    netif->mtu = (u16_t)(mtu < 68 || mtu > 9000 ? 1500 : mtu);
    netif->hwaddr_len = 6;
    memcpy(netif->hwaddr, netfront_mac(interface->front), 6);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = link_output;
    netif->hostname = "xenlike";
    return ERR_OK;
}

/* ip=ADDRESS/BITS[,GATEWAY] on the command line. */
static bool fixed_address(ip4_addr_t *address, ip4_addr_t *mask, ip4_addr_t *gateway)
{
    const char *at = strstr(start_command_line(), "ip=");
    char text[16], via[16] = "0.0.0.0";
    unsigned int bits;

    if (at == NULL || sscanf(at, "ip=%15[0-9.]/%u,%15[0-9.]", text, &bits, via) < 2 || bits == 0 ||
        bits > 32 || !ip4addr_aton(text, address) || !ip4addr_aton(via, gateway)) {
        return false;
    }
    ip4_addr_set_u32(mask, lwip_htonl(0xffffffffu << (32 - bits)));
    return true;
}

static int add_interface(unsigned int id)
{
    static const struct netfront_handlers handlers = {on_frame, on_link};
    struct interface *interface = &interfaces[id];
    ip4_addr_t address = {0}, mask = {0}, gateway = {0};
    bool is_fixed = id == 0 && fixed_address(&address, &mask, &gateway);
    int result = interface->front == NULL
                     ? netfront_open(id, &handlers, interface, &interface->front)
                     : -EBUSY; /* two threads may look at once */

    if (result < 0) {
        return result;
    }
    if (netifapi_netif_add(&interface->netif, &address, &mask, &gateway, interface, init,
                           tcpip_input) != ERR_OK) {
        return -ENOMEM;
    }
    netif_set_status_callback(&interface->netif, on_status);
    if (id == 0) {
        netifapi_netif_set_default(&interface->netif);
    }
    netifapi_netif_set_up(&interface->netif);
    if (!is_fixed) {
        netifapi_dhcp_start(&interface->netif);
    }
    /* The link may have come up before lwIP knew the interface. */
    if (netfront_wait(interface->front, 0) == 0) {
        on_link(interface, true);
    }
    return 0;
}

static int add_interfaces(void)
{
    int result = 0;

    while (result == 0 && nr_interfaces < MAX_INTERFACES) {
        result = add_interface(nr_interfaces);
        nr_interfaces += result == 0;
    }
    return result == -ENOMEM ? result : (int)nr_interfaces;
}

/* The toolstack attached one, perhaps. */
static void on_devices(struct xenbus *store, const char *path, void *data)
{
    (void)store;
    (void)path;
    (void)data;
    (void)add_interfaces();
}

int network_start(void)
{
    static struct xenbus_watch *watch;
    int result;

    if (watch != NULL) {
        return (int)nr_interfaces;
    }
    if (xenbus_default() == NULL) {
        return 0;
    }
    srand((unsigned int)time_monotonic_ns() ^ start_domid());
    tcpip_init(timers_own_thread, NULL);
    result = add_interfaces();
    if (result >= 0) {
        (void)xenbus_watch(xenbus_default(), "device", on_devices, NULL, &watch);
    }
    return result;
}

static const struct interface *with_address(void)
{
    for (unsigned int i = 0; i < nr_interfaces; i++) {
        if (netif_is_up(&interfaces[i].netif) && netif_is_link_up(&interfaces[i].netif) &&
            !ip4_addr_isany_val(*netif_ip4_addr(&interfaces[i].netif))) {
            return &interfaces[i];
        }
    }
    return NULL;
}

int network_wait(uint64_t deadline_ns)
{
    while (with_address() == NULL) {
        if (!wait_queue_wait(&address_changed, deadline_ns)) {
            return -ETIMEDOUT;
        }
    }
    return 0;
}

void network_address(char *text, size_t size)
{
    const struct interface *interface = with_address();

    snprintf(text, size, "%s",
             interface != NULL ? ip4addr_ntoa(netif_ip4_addr(&interface->netif)) : "0.0.0.0");
}
