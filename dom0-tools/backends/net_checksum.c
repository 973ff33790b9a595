/* SPDX-License-Identifier: MIT */
/*
 * net_checksum.c: RFC 1071 over the pseudo header and the segment (RFC 9293, 768, 8200).
 * Every offset is checked against the frame's length: the frame is a guest's.
 * Read next: net_ring.c
 */
#include "dom0-tools/backends/net_checksum.h"

#define ETHERNET_HEADER 14u
#define TYPE_IPV4       0x0800u
#define TYPE_IPV6       0x86ddu
#define TYPE_VLAN       0x8100u
#define PROTOCOL_TCP    6u
#define PROTOCOL_UDP    17u

static unsigned int word_at(const uint8_t *bytes)
{
    return (unsigned int)bytes[0] << 8 | bytes[1];
}

static uint64_t add_words(uint64_t sum, const uint8_t *bytes, size_t length)
{
    for (; length > 1; bytes += 2, length -= 2) {
        sum += word_at(bytes);
    }
    return length == 1 ? sum + ((unsigned int)bytes[0] << 8) : sum;
}

static unsigned int fold(uint64_t sum)
{
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (unsigned int)sum;
}

/* Where the transport's part lies. */
struct segment {
    uint8_t *bytes;
    size_t length;
    unsigned int protocol;
    const uint8_t *addresses; /* source and destination, one behind the other */
    size_t nr_address_bytes;
};

static bool find_ipv4(uint8_t *packet, size_t length, struct segment *segment)
{
    size_t header = length >= 20 ? (packet[0] & 15u) * 4u : 0;
    size_t total = length >= 20 ? word_at(packet + 2) : 0;

    /* A fragment holds only a part of what the checksum covers. */
    if (header < 20 || total < header || total > length || (word_at(packet + 6) & 0x3fffu) != 0) {
        return false;
    }
    *segment = (struct segment){packet + header, total - header, packet[9], packet + 12, 8};
    return true;
}

static bool find_ipv6(uint8_t *packet, size_t length, struct segment *segment)
{
    size_t payload = length >= 40 ? word_at(packet + 4) : 0;

    if (length < 40 || payload > length - 40) {
        return false;
    }
    *segment = (struct segment){packet + 40, payload, packet[6], packet + 8, 32};
    return true;
}

bool net_checksum_fill(uint8_t *frame, size_t length)
{
    struct segment segment;
    size_t at = ETHERNET_HEADER, field;
    unsigned int type, checksum;
    uint64_t sum;

    if (length < ETHERNET_HEADER) {
        return false;
    }
    type = word_at(frame + 12);
    if (type == TYPE_VLAN && length >= ETHERNET_HEADER + 4) {
        type = word_at(frame + 16);
        at += 4;
    }
    if (!(type == TYPE_IPV4 && find_ipv4(frame + at, length - at, &segment)) &&
        !(type == TYPE_IPV6 && find_ipv6(frame + at, length - at, &segment))) {
        return false;
    }
    field = segment.protocol == PROTOCOL_TCP ? 16 : 6;
    if ((segment.protocol != PROTOCOL_TCP && segment.protocol != PROTOCOL_UDP) ||
        segment.length < field + 2) {
        return false;
    }
    segment.bytes[field] = segment.bytes[field + 1] = 0;
    sum = segment.protocol + segment.length;
    sum = add_words(sum, segment.addresses, segment.nr_address_bytes);
    checksum = ~fold(add_words(sum, segment.bytes, segment.length)) & 0xffffu;
    if (checksum == 0 && segment.protocol == PROTOCOL_UDP) {
        checksum = 0xffff; /* 0 means "none" there */
    }
    segment.bytes[field] = (uint8_t)(checksum >> 8);
    segment.bytes[field + 1] = (uint8_t)checksum;
    return true;
}
