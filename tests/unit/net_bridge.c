/* SPDX-License-Identifier: MIT */
/*
 * The bridge: who gets a frame. Checksums that a guest left to its device.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "dom0-tools/backends/net_bridge.h"
#include "dom0-tools/backends/net_checksum.h"

struct port {
    struct net_port port;
    unsigned int frames;
};

static void count(struct net_port *port, struct net_frame *frame)
{
    (void)frame;
    ((struct port *)port)->frames++;
}

static struct net_bridge bridge;
static struct port ports[4];

static void set_up(void)
{
    memset(&bridge, 0, sizeof(bridge));
    memset(ports, 0, sizeof(ports));
    for (size_t i = 0; i < 4; i++) {
        ports[i].port.deliver = count;
        cr_assert_eq(net_bridge_add(&bridge, &ports[i].port), 0);
    }
}

/* Addresses by number; 0 is broadcast. */
static void send(size_t from, uint16_t to, uint16_t sender)
{
    uint8_t bytes[60] = {0};
    struct net_frame frame = {.bytes = bytes, .length = sizeof(bytes)};

    if (to == 0) {
        memset(bytes, 0xff, 6);
    } else {
        bytes[4] = (uint8_t)(to >> 8);
        bytes[5] = (uint8_t)to;
    }
    bytes[10] = (uint8_t)(sender >> 8);
    bytes[11] = (uint8_t)sender;
    net_bridge_forward(&bridge, &ports[from].port, &frame);
}

static void expect(unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
    cr_assert_eq(ports[0].frames, a);
    cr_assert_eq(ports[1].frames, b);
    cr_assert_eq(ports[2].frames, c);
    cr_assert_eq(ports[3].frames, d);
}

Test(net_bridge, an_unknown_address_goes_to_all_others, .init = set_up)
{
    send(0, 11, 10);
    expect(0, 1, 1, 1);
}

Test(net_bridge, a_learned_address_goes_to_its_port_alone, .init = set_up)
{
    send(1, 0, 11);
    expect(1, 0, 1, 1);
    send(0, 11, 10);
    expect(1, 1, 1, 1);
    send(1, 10, 11);
    expect(2, 1, 1, 1);
}

Test(net_bridge, a_known_address_needs_to_have_sent_nothing, .init = set_up)
{
    const uint8_t address[NET_ADDRESS_BYTES] = {0, 0, 0, 0, 0, 11};

    net_bridge_learn(&bridge, address, &ports[1].port);
    send(0, 11, 10);
    expect(0, 1, 0, 0);
}

Test(net_bridge, NB1_a_frame_never_goes_back, .init = set_up)
{
    send(0, 0, 10);
    send(0, 10, 12); /* both behind the same port */
    expect(0, 1, 1, 1);
}

Test(net_bridge, an_address_that_moves_is_found_at_its_new_port, .init = set_up)
{
    send(1, 0, 11);
    send(2, 0, 11);
    memset(&ports[0].frames, 0, sizeof(ports[0].frames));
    unsigned int before = ports[2].frames;
    send(0, 11, 10);
    cr_assert_eq(ports[2].frames, before + 1);
}

Test(net_bridge, a_removed_port_gets_nothing_more, .init = set_up)
{
    send(1, 0, 11);
    net_bridge_remove(&bridge, &ports[1].port);
    send(0, 11, 10);
    expect(1, 0, 2, 2);
}

Test(net_bridge, NB2_endless_addresses_cost_a_fixed_table, .init = set_up)
{
    for (uint16_t sender = 1; sender < 60000; sender++) {
        send(3, 0, sender);
    }
    send(1, 0, 0xfff0); /* someone else is still learned */
    unsigned int before = ports[1].frames, others = ports[2].frames;
    send(0, 0xfff0, 10);
    cr_assert_eq(ports[1].frames, before + 1);
    cr_assert_eq(ports[2].frames, others);
}

Test(net_bridge, a_frame_without_a_header_is_dropped, .init = set_up)
{
    uint8_t bytes[13] = {0};
    struct net_frame frame = {.bytes = bytes, .length = sizeof(bytes)};

    net_bridge_forward(&bridge, &ports[0].port, &frame);
    expect(0, 0, 0, 0);
}

/* UDP from 192.168.0.1:1000 to 192.168.0.2:2000, payload "xen!", with a checksum to be replaced. */
static const uint8_t datagram[] = {
    1, 2,  3,   4,    5,   6,    7,  8,  9,    10,   11,  12,  0x08, 0x00, 0x45, 0,
    0, 32, 0,   0,    0,   0,    64, 17, 0,    0,    192, 168, 0,    1,    192,  168,
    0, 2,  0x3, 0xe8, 0x7, 0xd0, 0,  12, 0xaa, 0xaa, 'x', 'e', 'n',  '!',
};

Test(net_checksum, a_datagram_gets_the_checksum_of_the_specification)
{
    uint8_t frame[sizeof(datagram)];

    memcpy(frame, datagram, sizeof(frame));
    cr_assert(net_checksum_fill(frame, sizeof(frame)));
    uint32_t sum =
        0xc0a8 + 0x0001 + 0xc0a8 + 0x0002 + 17 + 12 + 0x03e8 + 0x07d0 + 12 + 0x7865 + 0x6e21;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    cr_assert_eq(frame[40], (uint8_t)(~sum >> 8));
    cr_assert_eq(frame[41], (uint8_t)~sum);
}

Test(net_checksum, what_is_no_whole_datagram_is_left_alone)
{
    uint8_t frame[sizeof(datagram)];

    for (size_t length = 0; length < sizeof(datagram); length++) {
        memcpy(frame, datagram, sizeof(frame));
        cr_assert_not(net_checksum_fill(frame, length), "length %zu", length);
        cr_assert_eq(memcmp(frame, datagram, sizeof(frame)), 0);
    }
    memcpy(frame, datagram, sizeof(frame));
    frame[20] = 0x20; /* more fragments follow */
    cr_assert_not(net_checksum_fill(frame, sizeof(frame)));
}
