/* SPDX-License-Identifier: MIT */
/*
 * The 9P client against a server that answers as each test says.
 * Claims: 9P1 (p9_wire.h), 9P2, 9P3 (p9_client.h). Read next: guest-pv-kernel/drivers/p9_client.c
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "guest-pv-kernel/drivers/p9_client.h"

static uint8_t request[4096];
static uint8_t reply[8192];
static int locks;
static unsigned int exchanges;
static uint32_t next_error; /* answer the next request with this Rlerror */
static uint8_t last_type;
static size_t reply_bytes;     /* cut the next reply to this, when not 0 */
static char walked[512];       /* the names of all Twalks, joined with '/' */
static unsigned int fail_walk; /* the n-th Twalk from now is answered one qid short */
static char contents[6000];
static bool damage; /* answer with spoilt bytes */

static void lock(struct p9_transport *transport)
{
    (void)transport;
    cr_assert_eq(locks++, 0);
}

static void unlock(struct p9_transport *transport)
{
    (void)transport;
    cr_assert_eq(--locks, 0);
}

static void answer_walk(struct p9_reader *in, struct p9_writer *out)
{
    (void)p9_wire_get32(in);
    (void)p9_wire_get32(in);
    uint16_t count = p9_wire_get16(in);
    for (uint16_t i = 0; i < count; i++) {
        size_t length;
        const char *name = p9_wire_get_string(in, &length);
        strncat(walked, name, length);
        strcat(walked, "/");
    }
    count = (uint16_t)(count - (fail_walk != 0 && --fail_walk == 0 ? 1 : 0));
    p9_wire_put16(out, count);
    for (unsigned int i = 0; i < count * 13u; i++) {
        p9_wire_put8(out, 0);
    }
}

static void answer_read(struct p9_reader *in, struct p9_writer *out)
{
    (void)p9_wire_get32(in);
    uint64_t offset = p9_wire_get64(in);
    uint32_t count = p9_wire_get32(in);
    uint64_t left = offset < sizeof(contents) ? sizeof(contents) - offset : 0;
    count = count < left ? count : (uint32_t)left;
    p9_wire_put32(out, count);
    p9_wire_put_bytes(out, contents + offset, count);
}

static void answer_readdir(struct p9_writer *out)
{
    static const char *const names[] = {".", "a.cfg", "kernel"};
    uint8_t data[256];
    struct p9_writer entries = {.buffer = data, .capacity = sizeof(data)};

    for (unsigned int i = 0; i < 3; i++) {
        p9_wire_put8(&entries, 0);
        p9_wire_put32(&entries, 0);
        p9_wire_put64(&entries, 100 + i);
        p9_wire_put64(&entries, i + 1);
        p9_wire_put8(&entries, i == 0 ? 4 : 8);
        p9_wire_put_string(&entries, names[i], strlen(names[i]));
    }
    p9_wire_put32(out, (uint32_t)entries.length);
    p9_wire_put_bytes(out, data, entries.length);
}

static int exchange(struct p9_transport *transport, uint32_t length)
{
    struct p9_reader in = {.data = transport->request, .length = length};
    struct p9_writer out;

    cr_assert_eq(locks, 1);
    exchanges++;
    cr_assert_eq(p9_wire_get32(&in), length);
    uint8_t type = last_type = p9_wire_get8(&in);
    uint16_t tag = p9_wire_get16(&in);
    p9_wire_begin(&out, reply, sizeof(reply), next_error != 0 ? P9_RLERROR : (uint8_t)(type + 1),
                  tag);
    if (next_error != 0) {
        p9_wire_put32(&out, next_error);
        next_error = 0;
    } else if (type == P9_TVERSION) {
        p9_wire_put32(&out, p9_wire_get32(&in) / 2);
        p9_wire_put_string(&out, "9P2000.L", 8);
    } else if (type == P9_TWALK) {
        answer_walk(&in, &out);
    } else if (type == P9_TREAD) {
        answer_read(&in, &out);
    } else if (type == P9_TREADDIR) {
        answer_readdir(&out);
    } else if (type == P9_TWRITE) {
        (void)p9_wire_get_bytes(&in, 12);
        p9_wire_put32(&out, p9_wire_get32(&in));
    } else if (type == P9_TGETATTR) {
        for (unsigned int i = 0; i < 153; i++) {
            p9_wire_put8(&out, (uint8_t)i);
        }
    }
    cr_assert(p9_wire_finish(&out));
    cr_assert_not(in.truncated);
    if (damage) {
        for (unsigned int i = 0; i < 4; i++) {
            reply[(size_t)rand() % (out.length + 4)] = (uint8_t)rand();
        }
        return rand() % 8 == 0 ? -EIO : (int)((size_t)rand() % (out.length + 1));
    }
    size_t result = reply_bytes != 0 ? reply_bytes : out.length;
    reply_bytes = 0;
    return (int)result;
}

static struct p9_transport transport = {
    .lock = lock,
    .unlock = unlock,
    .exchange = exchange,
    .request = request,
    .request_capacity = sizeof(request),
    .reply = reply,
    .reply_capacity = sizeof(reply),
};
static struct p9_client client;

static void set_up(void)
{
    for (size_t i = 0; i < sizeof(contents); i++) {
        contents[i] = (char)(i * 7);
    }
    cr_assert_eq(p9_client_start(&client, &transport, ""), 0);
    cr_assert_eq(client.message_size, sizeof(reply) / 2);
}

Test(p9_wire, 9P1_a_full_writer_and_an_empty_reader_stay_inside)
{
    uint8_t buffer[9];
    struct p9_writer writer;
    struct p9_reader reader = {.data = buffer, .length = 3};

    p9_wire_begin(&writer, buffer, sizeof(buffer), P9_TCLUNK, 1);
    p9_wire_put16(&writer, 0xabcd);
    cr_assert(p9_wire_finish(&writer));
    cr_assert_eq(buffer[0], 9);
    cr_assert_eq(buffer[7], 0xcd);
    p9_wire_put8(&writer, 1);
    cr_assert_not(p9_wire_finish(&writer));
    cr_assert_eq(p9_wire_get32(&reader), 0);
    cr_assert(reader.truncated);
    cr_assert_eq(p9_wire_get8(&reader), 0);
}

Test(p9_client, a_path_is_walked_name_by_name_and_long_ones_in_parts, .init = set_up)
{
    uint32_t fid;

    cr_assert_eq(p9_client_walk(&client, "/a//b/./c", &fid), 0);
    cr_assert_str_eq(walked, "a/b/c/");
    walked[0] = '\0';
    exchanges = 0;
    cr_assert_eq(p9_client_walk(&client, "1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h/i", &fid), 0);
    cr_assert_str_eq(walked, "1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h/i/");
    cr_assert_eq(exchanges, 2);
}

Test(p9_client, 9P3_a_walk_upwards_is_refused_before_anything_is_sent, .init = set_up)
{
    static const char *const paths[] = {"..", "/..", "a/../b", "a/b/.."};
    uint32_t fid;

    exchanges = 0;
    for (unsigned int i = 0; i < 4; i++) {
        cr_assert_eq(p9_client_walk(&client, paths[i], &fid), -EINVAL);
    }
    cr_assert_eq(exchanges, 0);
    cr_assert_eq(client.fids_in_use, 1);
}

Test(p9_client, 9P2_a_walk_that_fails_keeps_no_fid, .init = set_up)
{
    uint32_t fid;

    next_error = 2;
    cr_assert_eq(p9_client_walk(&client, "a", &fid), -ENOENT);
    fail_walk = 1;
    cr_assert_eq(p9_client_walk(&client, "a/b", &fid), -ENOENT);
    fail_walk = 2;
    cr_assert_eq(p9_client_walk(&client, "1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h/i", &fid), -ENOENT);
    cr_assert_eq(last_type, P9_TCLUNK);
    cr_assert_eq(client.fids_in_use, 1);
}

Test(p9_client, fids_run_out_with_an_error_and_come_back, .init = set_up)
{
    uint32_t fid = 0;

    for (unsigned int i = 1; i < P9_FID_COUNT; i++) {
        cr_assert_eq(p9_client_walk(&client, "a", &fid), 0);
    }
    uint32_t extra;
    cr_assert_eq(p9_client_walk(&client, "a", &extra), -EMFILE);
    cr_assert_eq(p9_client_clunk(&client, fid), 0);
    cr_assert_eq(p9_client_walk(&client, "a", &extra), 0);
}

Test(p9_client, the_parent_of_a_path, .init = set_up)
{
    const char *name;
    uint32_t fid;

    cr_assert_eq(p9_client_walk_parent(&client, "/a/b/c", &fid, &name), 0);
    cr_assert_str_eq(walked, "a/b/");
    cr_assert_str_eq(name, "c");
    cr_assert_eq(p9_client_walk_parent(&client, "c", &fid, &name), 0);
    cr_assert_eq(p9_client_walk_parent(&client, "a/", &fid, &name), -EINVAL);
    cr_assert_eq(p9_client_walk_parent(&client, "a/..", &fid, &name), -EINVAL);
}

Test(p9_client, reads_are_cut_to_the_message_size, .init = set_up)
{
    static char buffer[8000];

    int64_t got = p9_client_read(&client, 1, 0, buffer, sizeof(buffer));
    cr_assert_eq(got, (int64_t)(sizeof(reply) / 2 - 11));
    cr_assert_arr_eq(buffer, contents, got);
    cr_assert_eq(p9_client_read(&client, 1, 5990, buffer, 100), 10);
    cr_assert_eq(p9_client_read(&client, 1, 6000, buffer, 100), 0);
}

Test(p9_client, writes_are_cut_to_the_request_buffer, .init = set_up)
{
    static char buffer[8000];

    cr_assert_eq(p9_client_write(&client, 1, 0, buffer, sizeof(buffer)),
                 (int64_t)(sizeof(request) - 23));
    cr_assert_eq(p9_client_write(&client, 1, 0, buffer, 5), 5);
}

Test(p9_client, directories_are_listed, .init = set_up)
{
    struct p9_entry entries[4];

    cr_assert_eq(p9_client_readdir(&client, 1, 0, entries, 4), 3);
    cr_assert_str_eq(entries[1].name, "a.cfg");
    cr_assert_eq(entries[2].next_offset, 3);
    cr_assert_eq(entries[0].type, 4);
    cr_assert_eq(p9_client_readdir(&client, 1, 0, entries, 2), 2);
}

Test(p9_client, short_replies_are_errors_at_every_length, .init = set_up)
{
    struct p9_attributes attributes;
    uint32_t whole = P9_HEADER_SIZE + 153;

    for (uint32_t length = 1; length < whole; length++) {
        reply_bytes = length;
        cr_assert_eq(p9_client_getattr(&client, 1, &attributes), -EIO, "%u", length);
    }
    cr_assert_eq(p9_client_getattr(&client, 1, &attributes), 0);
}

Test(p9_client, errors_above_34_are_translated, .init = set_up)
{
    static const struct {
        uint32_t wire;
        int local;
    } cases[] = {{2, -ENOENT}, {13, -EACCES},     {36, -ENAMETOOLONG}, {39, -ENOTEMPTY},
                 {40, -ELOOP}, {95, -EOPNOTSUPP}, {9999, -EIO}};

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        next_error = cases[i].wire;
        cr_assert_eq(p9_client_open(&client, 1, 0), cases[i].local);
    }
}

Test(p9_client, damaged_replies_do_no_harm, .init = set_up)
{
    static char buffer[8000];
    struct p9_attributes attributes;
    struct p9_capacity capacity;
    struct p9_entry entries[8];
    uint32_t fid;

    damage = true;
    for (unsigned int seed = 0; seed < 20000; seed++) {
        srand(seed);
        walked[0] = '\0';
        if (p9_client_walk(&client, "a/b", &fid) == 0) {
            cr_assert_leq(p9_client_read(&client, fid, 0, buffer, sizeof(buffer)),
                          (int64_t)sizeof(buffer));
            cr_assert_leq(p9_client_write(&client, fid, 0, buffer, 100), 100);
            cr_assert_leq(p9_client_readdir(&client, fid, 0, entries, 8), 8);
            (void)p9_client_getattr(&client, fid, &attributes);
            (void)p9_client_statfs(&client, fid, &capacity);
            (void)p9_client_clunk(&client, fid);
        }
        cr_assert_eq(locks, 0);
        cr_assert_eq(client.fids_in_use, 1);
    }
}
