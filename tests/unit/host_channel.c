/* SPDX-License-Identifier: MIT */
/*
 * The host channel's frames, from both ends and with hostile bytes.
 * Invariant under test: HC1 (dom0-tools/host/channel_protocol.h).
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "dom0-tools/host/channel.h"

static struct channel_exec sample_exec(void)
{
    struct channel_exec exec = {
        .terminals = CHANNEL_TERMINAL_STDIN | CHANNEL_TERMINAL_STDOUT,
        .columns = 132,
        .rows = 43,
        .nr_arguments = 3,
        .nr_environment = 1,
        .nr_files = 2,
        .directory = "/home/user/guests",
        .share_directory = "guests",
        .arguments = {"pvctl", "create", "hello.cfg"},
        .environment = {"TERM=xterm"},
        .files = {{"hello.cfg", "guests/hello.cfg", 0},
                  {"disk.img", "guests/disk.img", CHANNEL_FILE_WRITABLE}},
    };

    return exec;
}

Test(host_channel, an_exec_request_survives_the_wire)
{
    struct channel_exec in = sample_exec(), out;
    uint8_t payload[1024];
    size_t size = channel_encode_exec(payload, sizeof(payload), &in);
    struct channel_frame frame = {
        .type = CHANNEL_EXEC, .length = (uint32_t)size, .payload = payload};

    cr_assert_gt(size, 0u);
    cr_assert_eq(channel_decode_exec(&frame, &out), 0);
    cr_assert_eq(out.terminals, in.terminals);
    cr_assert_eq(out.columns, 132);
    cr_assert_eq(out.rows, 43);
    cr_assert_str_eq(out.directory, in.directory);
    cr_assert_str_eq(out.share_directory, in.share_directory);
    cr_assert_str_eq(out.arguments[2], "hello.cfg");
    cr_assert_null(out.arguments[3]);
    cr_assert_str_eq(out.environment[0], "TERM=xterm");
    cr_assert_str_eq(out.files[1].name, "disk.img");
    cr_assert_str_eq(out.files[1].share_path, "guests/disk.img");
    cr_assert_eq(out.files[1].flags, CHANNEL_FILE_WRITABLE);
}

Test(host_channel, a_cut_exec_request_is_refused_at_every_length)
{
    struct channel_exec in = sample_exec(), out;
    uint8_t payload[1024];
    size_t size = channel_encode_exec(payload, sizeof(payload), &in);

    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc(cut + 1);
        struct channel_frame frame = {.length = (uint32_t)cut, .payload = exact};

        memcpy(exact, payload, cut);
        cr_assert_eq(channel_decode_exec(&frame, &out), -EPROTO, "length %zu", cut);
        free(exact);
    }
}

Test(host_channel, an_exec_request_that_does_not_fit_is_not_made)
{
    struct channel_exec in = sample_exec();
    uint8_t payload[1024];
    size_t size = channel_encode_exec(payload, sizeof(payload), &in);

    cr_assert_eq(channel_encode_exec(payload, size - 1, &in), 0u);
    cr_assert_eq(channel_encode_exec(payload, size, &in), size);
    in.nr_arguments = CHANNEL_ARGUMENTS_MAX + 1;
    cr_assert_eq(channel_encode_exec(payload, sizeof(payload), &in), 0u);
}

Test(host_channel, a_string_with_an_inner_zero_is_refused)
{
    uint8_t payload[64];
    size_t size = channel_encode_hello(payload, sizeof(payload), 0x12345678, "abcdef");
    struct channel_frame frame = {.length = (uint32_t)size, .payload = payload};
    const char *build_id;
    uint32_t nonce;

    cr_assert_eq(channel_decode_hello(&frame, &nonce, &build_id), 0);
    cr_assert_eq(nonce, 0x12345678u);
    cr_assert_str_eq(build_id, "abcdef");
    payload[16] = 0;
    cr_assert_eq(channel_decode_hello(&frame, &nonce, &build_id), -EPROTO);
}

Test(host_channel, HC1_a_longer_frame_is_refused_before_it_is_read)
{
    uint8_t header[CHANNEL_HEADER_SIZE];
    struct channel_frame frame;

    channel_encode_header(header, CHANNEL_DATA, CHANNEL_STDOUT, 7, CHANNEL_PAYLOAD_MAX);
    cr_assert_eq(channel_decode(header, sizeof(header), &frame), 0);
    channel_encode_header(header, CHANNEL_DATA, CHANNEL_STDOUT, 7, CHANNEL_PAYLOAD_MAX + 1);
    cr_assert_eq(channel_decode(header, sizeof(header), &frame), -EPROTO);
}

Test(host_channel, another_version_is_told_apart_from_garbage)
{
    uint8_t header[CHANNEL_HEADER_SIZE];
    struct channel_frame frame;

    channel_encode_header(header, CHANNEL_PING, 0, 0, 0);
    header[4]++;
    cr_assert_eq(channel_decode(header, sizeof(header), &frame), -EPROTONOSUPPORT);
    header[10] = 1;
    cr_assert_eq(channel_decode(header, sizeof(header), &frame), -EPROTO);
}

Test(host_channel, frames_cut_anywhere_come_out_whole_and_in_order)
{
    static uint8_t wire[64 * 300];
    static struct channel_reader reader;
    size_t total = 0, fed = 0;
    unsigned expected = 0;

    for (unsigned i = 0; i < 64; i++) {
        uint8_t payload[256];

        memset(payload, (int)i, sizeof(payload));
        total += channel_encode(wire + total, sizeof(wire) - total, CHANNEL_DATA, CHANNEL_STDIN,
                                (uint16_t)(i + 1), payload, i * 4);
    }
    for (unsigned step = 1; fed < total; step = step * 7 % 61 + 1) {
        struct channel_frame frame;
        size_t space, count;
        uint8_t *to = channel_reader_space(&reader, &space);

        count = total - fed < step ? total - fed : step;
        memcpy(to, wire + fed, count);
        fed += count;
        channel_reader_filled(&reader, count);
        while (channel_reader_next(&reader, &frame) == 1) {
            cr_assert_eq(frame.session, expected + 1);
            cr_assert_eq(frame.length, expected * 4);
            for (unsigned i = 0; i < frame.length; i++) {
                cr_assert_eq(frame.payload[i], expected);
            }
            expected++;
        }
    }
    cr_assert_eq(expected, 64u);
}

Test(host_channel, a_payload_too_large_for_the_buffer_is_not_made)
{
    uint8_t out[CHANNEL_HEADER_SIZE + 4];

    cr_assert_eq(channel_encode(out, sizeof(out), CHANNEL_DATA, 0, 1, "12345", 5), 0u);
    cr_assert_eq(channel_encode(out, sizeof(out), CHANNEL_DATA, 0, 1, "1234", 4), sizeof(out));
    cr_assert_eq(channel_encode(out, 4, CHANNEL_DATA, 0, 1, "", 0), 0u);
}
