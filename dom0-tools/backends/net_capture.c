/* SPDX-License-Identifier: MIT */
/*
 * net_capture.c: see net_capture.h. A session's request is one line, "capture DOMID ID"; its answer
 * is the pcapng stream (draft-ietf-opsawg-pcapng): a section header, an interface, then a block per
 * frame with microseconds since 1970.
 * Invariant NC1. Read next: ../pvctl/cmd_capture.c
 */
#include "dom0-tools/backends/net_capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define BUFFER_BYTES  (256u * 1024u)
#define REQUEST_BYTES 48u
#define LINK_ETHERNET 1u
#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_DEVICE  1u
#define BLOCK_PACKET  6u
#define BYTE_ORDER_   0x1a2b3c4du
#define OPTION_FLAGS  2u
#define FLAG_RECEIVED 1u
#define FLAG_SENT     2u

struct session {
    int descriptor; /* negative: free */
    bool is_running;
    uint16_t domid;
    unsigned int id;
    char request[REQUEST_BYTES];
    size_t nr_request;
    uint8_t *buffer; /* BUFFER_BYTES; bytes [begin, end) are not yet written */
    size_t begin, end;
};

static struct session sessions[NET_CAPTURE_SESSIONS];
static int listener = -1;
static size_t nr_running;

void net_capture_start(void)
{
    for (size_t i = 0; i < NET_CAPTURE_SESSIONS; i++) {
        sessions[i].descriptor = -1;
    }
    listener = seam_service_listen("network");
}

static void end_session(struct session *session)
{
    nr_running -= session->is_running;
    close(session->descriptor);
    free(session->buffer);
    *session = (struct session){.descriptor = -1};
}

/* Room for `bytes` in the buffer, moving what waits to its start; NULL: it is full. */
static uint8_t *reserve(struct session *session, size_t bytes)
{
    uint8_t *place;

    if (session->end + bytes > BUFFER_BYTES) {
        session->end -= session->begin;
        memmove(session->buffer, session->buffer + session->begin, session->end);
        session->begin = 0;
    }
    if (session->end + bytes > BUFFER_BYTES) {
        return NULL;
    }
    place = session->buffer + session->end;
    session->end += bytes;
    return place;
}

/* Begins when the request is whole and good; a bad one ends the session. */
static bool begin(struct session *session)
{
    const uint32_t head[] = {BLOCK_SECTION, 28, BYTE_ORDER_,   1, 0xffffffffu, 0xffffffffu, 28,
                             BLOCK_DEVICE,  20, LINK_ETHERNET, 0, 20};
    unsigned int domid, id;

    if (sscanf(session->request, "capture %u %u", &domid, &id) != 2 || domid > UINT16_MAX) {
        return false;
    }
    session->buffer = malloc(BUFFER_BYTES);
    if (session->buffer == NULL) {
        return false;
    }
    session->domid = (uint16_t)domid;
    session->id = id;
    session->is_running = true;
    nr_running++;
    memcpy(reserve(session, sizeof(head)), head, sizeof(head));
    return true;
}

static void read_request(struct session *session)
{
    char byte;
    ssize_t count = read(session->descriptor, &byte, 1);

    if (count == 0 || (count == 1 && session->is_running)) {
        end_session(session); /* who watched has gone */
        return;
    }
    while (count == 1 && byte != '\n' && session->nr_request + 1 < REQUEST_BYTES) {
        session->request[session->nr_request++] = byte;
        count = read(session->descriptor, &byte, 1);
    }
    if (count == 1 && (byte != '\n' || !begin(session))) {
        end_session(session);
    }
}

static void write_out(struct session *session)
{
    while (session->begin < session->end) {
        ssize_t count = write(session->descriptor, session->buffer + session->begin,
                              session->end - session->begin);

        if (count <= 0) {
            return;
        }
        session->begin += (size_t)count;
    }
}

static void accept_one(void)
{
    int descriptor = listener >= 0 ? seam_service_accept(listener) : -1;

    if (descriptor < 0) {
        return;
    }
    for (size_t i = 0; i < NET_CAPTURE_SESSIONS; i++) {
        if (sessions[i].descriptor < 0) {
            sessions[i] = (struct session){.descriptor = descriptor};
            return;
        }
    }
    close(descriptor);
}

size_t net_capture_waits(struct seam_wait *waits)
{
    size_t count = 0;

    if (listener >= 0) {
        waits[count++] = (struct seam_wait){listener, SEAM_READ, 0};
    }
    for (size_t i = 0; i < NET_CAPTURE_SESSIONS; i++) {
        const struct session *session = &sessions[i];

        if (session->descriptor >= 0) {
            bool waiting = session->begin < session->end;

            waits[count++] = (struct seam_wait){
                session->descriptor, (uint8_t)(SEAM_READ | (waiting ? SEAM_WRITE : 0u)), 0};
        }
    }
    return count;
}

void net_capture_serve(void)
{
    accept_one();
    for (size_t i = 0; i < NET_CAPTURE_SESSIONS; i++) {
        struct seam_wait wait = {sessions[i].descriptor, SEAM_READ, 0};

        if (sessions[i].descriptor >= 0 && seam_wait_any(&wait, 1, 0) > 0) {
            read_request(&sessions[i]);
        }
        if (sessions[i].descriptor >= 0) {
            write_out(&sessions[i]);
        }
    }
}

static void add_packet(struct session *session, const struct net_frame *frame, bool is_sent)
{
    size_t padded = (frame->length + 3) & ~(size_t)3;
    uint32_t total = (uint32_t)(28 + padded + 16); /* head, frame, options and the length again */
    struct timeval now;
    uint64_t stamp;
    uint8_t *place = reserve(session, total);

    if (place == NULL) {
        return;
    }
    gettimeofday(&now, NULL);
    stamp = (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_usec;
    const uint32_t head[] = {BLOCK_PACKET,
                             total,
                             0,
                             (uint32_t)(stamp >> 32),
                             (uint32_t)stamp,
                             (uint32_t)frame->length,
                             (uint32_t)frame->length};
    const uint32_t tail[] = {OPTION_FLAGS | 4u << 16, is_sent ? FLAG_SENT : FLAG_RECEIVED, 0,
                             total};

    memset(place, 0, total);
    memcpy(place, head, sizeof(head));
    memcpy(place + sizeof(head), frame->bytes, frame->length);
    memcpy(place + sizeof(head) + padded, tail, sizeof(tail));
}

void net_capture_frame(const struct device_name *name, const struct net_frame *frame, bool is_sent)
{
    for (size_t i = 0; nr_running > 0 && i < NET_CAPTURE_SESSIONS; i++) {
        struct session *session = &sessions[i];

        if (session->is_running && session->domid == name->domid && session->id == name->id) {
            add_packet(session, frame, is_sent);
        }
    }
}
