/* SPDX-License-Identifier: MIT */
/*
 * gdb_stub.c: packets in, answers out ($text#checksum), as the manual of GDB's remote protocol has them.
 * Owns: the breakpoints it stored, until it ends.
 * Invariant GS1: while the domain is paused for the debugger, memory holds its breakpoints or nothing of ours.
 * Locks: none. Read next: gdb_target.c, what the packets do to the domain.
 */
#include "dom0-tools/pvctl/gdb_stub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <public/errno.h>

#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/pvctl/gdb_target.h"

#define PACKET_SIZE 4096u
#define INTERRUPT   3

struct stub {
    struct gdb_target target;
    int input, output;
    char packet[PACKET_SIZE + 1], answer[PACKET_SIZE + 1];
    uint8_t bytes[PACKET_SIZE / 2];
    bool ended, killed;
};

/* ---- the wire ---------------------------------------------------------------------------------- */

static int read_byte(struct stub *stub)
{
    unsigned char byte;

    return read(stub->input, &byte, 1) == 1 ? byte : -1;
}

static void send_raw(struct stub *stub, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t done = write(stub->output, text, size);

        if (done <= 0) {
            stub->ended = true;
            return;
        }
        text += done;
        size -= (size_t)done;
    }
}

/* The next packet, acknowledged; false at the end. A stray interrupt is no packet: the domain stands. */
static bool receive(struct stub *stub)
{
    for (;;) {
        size_t size = 0;
        unsigned char sum = 0;
        char digits[3] = "";
        int byte;

        while ((byte = read_byte(stub)) != '$') {
            if (byte < 0) {
                return false;
            }
        }
        while ((byte = read_byte(stub)) >= 0 && byte != '#' && size < PACKET_SIZE) {
            stub->packet[size++] = (char)byte;
            sum = (unsigned char)(sum + byte);
        }
        stub->packet[size] = '\0';
        for (int i = 0; i < 2 && byte >= 0; i++) {
            byte = read_byte(stub);
            digits[i] = (char)byte;
        }
        if (byte < 0) {
            return false;
        }
        if (strtoul(digits, NULL, 16) == sum) {
            send_raw(stub, "+", 1);
            return true;
        }
        send_raw(stub, "-", 1);
    }
}

static void send_answer(struct stub *stub)
{
    char *frame = malloc(PACKET_SIZE + 8);
    size_t size = strlen(stub->answer);
    unsigned char sum = 0;

    if (frame == NULL) {
        stub->ended = true;
        return;
    }
    for (size_t i = 0; i < size; i++) {
        sum = (unsigned char)(sum + (unsigned char)stub->answer[i]);
    }
    send_raw(stub, frame, (size_t)snprintf(frame, PACKET_SIZE + 8, "$%s#%02x", stub->answer, sum));
    free(frame);
}

static void answer(struct stub *stub, const char *text)
{
    snprintf(stub->answer, sizeof(stub->answer), "%s", text);
}

static void answer_result(struct stub *stub, bool good)
{
    answer(stub, good ? "OK" : "E01");
}

/* ---- bytes as digits --------------------------------------------------------------------------- */

static void answer_bytes(struct stub *stub, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        snprintf(stub->answer + 2 * i, 3, "%02x", bytes[i]);
    }
    stub->answer[2 * size] = '\0';
}

/* How many bytes the digits gave, at most `most`. */
static size_t parse_bytes(const char *digits, uint8_t *bytes, size_t most)
{
    size_t count = 0;

    while (count < most && digits[0] != '\0' && digits[1] != '\0') {
        char pair[3] = {digits[0], digits[1], '\0'};

        bytes[count++] = (uint8_t)strtoul(pair, NULL, 16);
        digits += 2;
    }
    return count;
}

/* "ADDRESS,LENGTH" and what follows. */
static const char *parse_range(const char *text, uint64_t *address, size_t *length)
{
    char *end;

    *address = strtoull(text, &end, 16);
    *length = *end == ',' ? (size_t)strtoull(end + 1, &end, 16) : 0;
    return end;
}

/* ---- packets ----------------------------------------------------------------------------------- */

static void stop_reply(struct stub *stub)
{
    snprintf(stub->answer, sizeof(stub->answer), "T05thread:%x;", stub->target.vcpu + 1);
}

static void run(struct stub *stub, bool step)
{
    int result = gdb_target_run(&stub->target, step);

    while (result == 0) {
        struct seam_wait wait = {stub->input, SEAM_READ, 0};

        result = gdb_target_wait(&stub->target, &wait);
        if (result == 0 && wait.ready != 0) {
            int byte = read_byte(stub);

            if (byte < 0) {
                stub->ended = true;
                return;
            }
            result = byte == INTERRUPT ? gdb_target_stop(&stub->target) : 0;
        }
    }
    if (result > 0) {
        stop_reply(stub);
    } else {
        answer(stub, result == -XEN_ESRCH ? "W00" : "X0b"); /* gone; or crashed, and kept */
    }
}

static void packet_continue(struct stub *stub)
{
    run(stub, false);
}

static void packet_step(struct stub *stub)
{
    run(stub, true);
}

static void packet_registers(struct stub *stub)
{
    size_t size = gdb_target_get_registers(&stub->target, stub->bytes);

    if (size == 0) {
        answer_result(stub, false);
    } else {
        answer_bytes(stub, stub->bytes, size);
    }
}

static void packet_set_registers(struct stub *stub)
{
    size_t size = parse_bytes(stub->packet + 1, stub->bytes, sizeof(stub->bytes));

    answer_result(stub, gdb_target_set_registers(&stub->target, stub->bytes, size));
}

static void packet_read(struct stub *stub)
{
    uint64_t address;
    size_t size;

    parse_range(stub->packet + 1, &address, &size);
    size = size < sizeof(stub->bytes) ? size : sizeof(stub->bytes);
    size = gdb_target_read(&stub->target, address, stub->bytes, size);
    if (size == 0) {
        answer_result(stub, false);
    } else {
        answer_bytes(stub, stub->bytes, size);
    }
}

static void packet_write(struct stub *stub)
{
    uint64_t address;
    size_t size;
    const char *data = parse_range(stub->packet + 1, &address, &size);

    size = *data == ':' ? parse_bytes(data + 1, stub->bytes, sizeof(stub->bytes)) : 0;
    answer_result(stub, gdb_target_write(&stub->target, address, stub->bytes, size) == size);
}

/* Z0,ADDRESS,KIND and z0: breakpoints in memory. Other kinds are not offered. */
static void packet_breakpoint(struct stub *stub)
{
    uint64_t address;
    size_t kind;

    if (strncmp(stub->packet + 1, "0,", 2) != 0) {
        return;
    }
    parse_range(stub->packet + 3, &address, &kind);
    answer_result(stub, stub->packet[0] == 'Z' ? gdb_target_insert(&stub->target, address)
                                               : gdb_target_remove(&stub->target, address));
}

/* Hg THREAD: whose registers are meant. 0 and -1: any. */
static void packet_thread(struct stub *stub)
{
    long thread = strtol(stub->packet + 2, NULL, 16);

    if (stub->packet[1] == 'g' && thread > 0) {
        answer_result(stub, gdb_target_choose(&stub->target, (uint32_t)thread - 1));
    } else {
        answer(stub, "OK");
    }
}

static void packet_alive(struct stub *stub)
{
    unsigned long thread = strtoul(stub->packet + 1, NULL, 16);

    answer_result(stub, thread >= 1 && thread <= stub->target.nr_vcpus);
}

static void packet_detach(struct stub *stub)
{
    answer(stub, "OK");
    stub->ended = true;
}

static void packet_kill(struct stub *stub)
{
    stub->killed = stub->ended = true;
}

static void threads(struct stub *stub)
{
    size_t length = 0;

    for (uint32_t i = 0; i < stub->target.nr_vcpus && length + 16 < sizeof(stub->answer); i++) {
        length += (size_t)snprintf(stub->answer + length, 16, "%c%x", i == 0 ? 'm' : ',', i + 1);
    }
}

static void packet_query(struct stub *stub)
{
    static const struct {
        const char *question, *reply;
    } fixed[] = {
        {"qSupported", "PacketSize=fff;qXfer:features:read+"},
        {"qXfer:features:read:target.xml", "l<?xml version=\"1.0\"?><target version=\"1.0\">"
                                           "<architecture>i386:x86-64</architecture></target>"},
        {"qAttached", "1"},
        {"qsThreadInfo", "l"},
        {"qSymbol", "OK"},
    };

    if (strcmp(stub->packet, "qfThreadInfo") == 0) {
        threads(stub);
    } else if (strcmp(stub->packet, "qC") == 0) {
        snprintf(stub->answer, sizeof(stub->answer), "QC%x", stub->target.vcpu + 1);
    }
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (strncmp(stub->packet, fixed[i].question, strlen(fixed[i].question)) == 0) {
            answer(stub, fixed[i].reply);
        }
    }
}

static const struct {
    char letter;
    void (*handle)(struct stub *stub);
} packets[] = {
    {'?', stop_reply},       {'c', packet_continue},      {'s', packet_step},
    {'g', packet_registers}, {'G', packet_set_registers}, {'m', packet_read},
    {'M', packet_write},     {'Z', packet_breakpoint},    {'z', packet_breakpoint},
    {'H', packet_thread},    {'T', packet_alive},         {'D', packet_detach},
    {'k', packet_kill},      {'q', packet_query},
};

int gdb_stub_run(uint16_t domid, uint32_t nr_vcpus, int input, int output)
{
    struct stub *stub = calloc(1, sizeof(*stub));
    int result;

    if (stub == NULL) {
        return -XEN_ENOMEM;
    }
    stub->input = input;
    stub->output = output;
    result = gdb_target_open(&stub->target, domid, nr_vcpus);
    while (result == 0 && !stub->ended && receive(stub)) {
        stub->answer[0] = '\0'; /* a packet that is not known gets an empty answer */
        for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
            if (packets[i].letter == stub->packet[0]) {
                packets[i].handle(stub);
            }
        }
        if (!stub->killed) {
            send_answer(stub);
        }
    }
    if (stub->ended && !stub->killed) {
        /* gdb acknowledges the last answer, and takes it ill when nobody is there to hear. */
        read_byte(stub);
    }
    gdb_target_close(&stub->target);
    free(stub);
    return result;
}
