/* SPDX-License-Identifier: MIT */
/*
 * The block back end's handshake over a fake store: front ends that do as they should, that write
 * nonsense, that flap, that vanish; and a back end that comes back to a store that says Connected.
 */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/errno.h>

#include "dom0-tools/backends/block_handshake.h"
#include "dom0-tools/libpv/vbd.h"

#define BACK  VBD_BACK_ROOT "/3/51712"
#define FRONT "/local/domain/3/device/vbd/51712"

/* ---- a store ------------------------------------------------------------------------------------ */

static struct {
    char path[128], value[96];
} nodes[64];
static size_t nr_nodes;

static char *value_of(const char *path)
{
    for (size_t i = 0; i < nr_nodes; i++) {
        if (strcmp(nodes[i].path, path) == 0) {
            return nodes[i].value;
        }
    }
    return NULL;
}

static int set(const char *path, const char *value)
{
    char *place = value_of(path);

    if (place == NULL) {
        cr_assert_lt(nr_nodes, 64);
        strcpy(nodes[nr_nodes].path, path);
        place = nodes[nr_nodes++].value;
    }
    snprintf(place, 96, "%s", value);
    return 0;
}

static void unset(const char *prefix)
{
    for (size_t i = nr_nodes; i-- > 0;) {
        if (strncmp(nodes[i].path, prefix, strlen(prefix)) == 0) {
            nodes[i] = nodes[--nr_nodes];
        }
    }
}

char *store_read_at(struct store *store, uint32_t transaction, const char *format, ...)
{
    char path[160], *value;
    va_list arguments;

    (void)store;
    (void)transaction;
    va_start(arguments, format);
    vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    value = value_of(path);
    return value == NULL ? NULL : strdup(value);
}

static enum xenbus_state own_state(void)
{
    return xenbus_device_parse_state(value_of(BACK "/state"));
}

int store_write_at(struct store *store, uint32_t transaction, const char *value, const char *format,
                   ...)
{
    char path[160];
    va_list arguments;

    (void)store;
    (void)transaction;
    va_start(arguments, format);
    vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    if (strcmp(path, BACK "/state") == 0) {
        cr_assert(xenbus_device_may_step(XENBUS_DEVICE_BACK, own_state(),
                                         xenbus_device_parse_state(value)),
                  "BLB1: %s to %s", value_of(path), value);
    }
    return set(path, value);
}

int store_watch(struct store *store, const char *path, const char *token)
{
    (void)store;
    cr_assert_str_eq(path, FRONT "/state");
    cr_assert_str_eq(token, "3/51712");
    return 0;
}

int store_unwatch(struct store *store, const char *path, const char *token)
{
    (void)store;
    (void)path;
    (void)token;
    return 0;
}

int store_remove(struct store *store, uint32_t transaction, const char *path)
{
    (void)store;
    (void)transaction;
    unset(path);
    return 0;
}

void vbd_prune(struct store *store, uint16_t domid)
{
    (void)store;
    (void)domid;
}

/* ---- a device ----------------------------------------------------------------------------------- */

static int open_result, connect_result;
static struct block_offer offered;
static bool ends_at_once = true;

int block_disk_open(struct block_disk *disk, const char *path, bool read_only)
{
    cr_assert_str_eq(path, "/share/data.img");
    disk->limits = (struct block_limits){8192, read_only, false};
    disk->descriptor = open_result == 0 ? 50 : -1;
    return open_result;
}

void block_disk_close(struct block_disk *disk)
{
    disk->descriptor = -1;
}

int block_device_connect(struct block_device *device, const struct block_offer *offer, int done)
{
    (void)done;
    cr_assert_null(device->ring_pages, "connected twice");
    cr_assert_geq(device->disk.descriptor, 0, "connected without a disk");
    offered = *offer;
    if (connect_result == 0) {
        device->ring_pages = &offered;
        device->stopping = false;
    }
    return connect_result;
}

void block_device_stop(struct block_device *device)
{
    device->stopping = device->ring_pages != NULL;
    if (ends_at_once) {
        device->ring_pages = NULL;
    }
}

bool block_device_is_connected(const struct block_device *device)
{
    return device->ring_pages != NULL;
}

/* ---- help --------------------------------------------------------------------------------------- */

static struct block_backend backend;
static struct block_vbd vbd;

static void attach(const char *mode)
{
    unset("/");
    memset(&vbd, 0, sizeof(vbd));
    vbd.number = 51712;
    vbd.device.domid = 3;
    vbd.device.disk.descriptor = -1;
    set(BACK "/frontend", FRONT);
    set(BACK "/params", "/share/data.img");
    set(BACK "/mode", mode);
    set(BACK "/online", "1");
    set(BACK "/state", "1");
    set(FRONT "/state", "1");
    cr_assert_eq(block_handshake_begin(&backend, &vbd), 0);
}

static bool step(const char *front)
{
    set(FRONT "/state", front);
    return block_handshake_step(&backend, &vbd);
}

static void publish_ring(void)
{
    set(FRONT "/ring-ref", "8");
    set(FRONT "/event-channel", "11");
    set(FRONT "/protocol", "x86_64-abi");
    set(FRONT "/feature-persistent", "1");
}

static void connected(void)
{
    attach("w");
    cr_assert(step("1"));
    publish_ring();
    cr_assert(step("3"));
    cr_assert_eq(own_state(), XenbusStateConnected);
}

/* ---- tests -------------------------------------------------------------------------------------- */

Test(block_handshake, a_front_end_that_does_as_it_should_is_connected)
{
    attach("r");
    cr_assert(step("1"));
    cr_assert_eq(own_state(), XenbusStateInitWait);
    cr_assert_str_eq(value_of(BACK "/sectors"), "8192");
    cr_assert_str_eq(value_of(BACK "/info"), "4");
    cr_assert_str_eq(value_of(BACK "/feature-flush-cache"), "1");
    publish_ring();
    cr_assert(step("3"));
    cr_assert_eq(own_state(), XenbusStateConnected);
    cr_assert_eq(offered.ring_references[0], 8);
    cr_assert_eq(offered.port, 11);
    cr_assert(offered.persistent);
    cr_assert(step("4"));
    cr_assert_eq(own_state(), XenbusStateConnected);
}

Test(block_handshake, a_ring_of_several_pages)
{
    attach("w");
    step("1");
    publish_ring();
    set(FRONT "/ring-page-order", "2");
    for (int i = 0; i < 4; i++) {
        char path[80], value[16];

        snprintf(path, sizeof(path), FRONT "/ring-ref%d", i);
        snprintf(value, sizeof(value), "%d", 20 + i);
        set(path, value);
    }
    cr_assert(step("3"));
    cr_assert_eq(offered.ring_order, 2);
    cr_assert_eq(offered.ring_references[3], 23);
}

Test(block_handshake, what_a_front_end_writes_wrongly_closes_its_device_alone)
{
    static const struct {
        const char *node, *value;
    } wrong[] = {
        {"ring-ref", ""},
        {"ring-ref", "x"},
        {"ring-ref", "-1"},
        {"ring-ref", "8z"},
        {"ring-ref", "4294967296"},
        {"event-channel", "0"},
        {"event-channel", "99999999999"},
        {"protocol", "x86_32-abi"},
        {"ring-page-order", "5"},
        {"ring-page-order", "63"},
        {"ring-page-order", "4294967297"},
        {"ring-page-order", "1"},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char path[96];

        attach("w");
        step("1");
        publish_ring();
        snprintf(path, sizeof(path), FRONT "/%s", wrong[i].node);
        set(path, wrong[i].value);
        cr_assert(step("3"));
        cr_assert_eq(own_state(), XenbusStateClosed, "%s = %s", wrong[i].node, wrong[i].value);
        cr_assert_not_null(value_of(BACK "/hotplug-error"));
        cr_assert_null(vbd.device.ring_pages);
    }
}

Test(block_handshake, a_file_that_cannot_be_opened_is_said)
{
    open_result = -2;
    attach("w");
    cr_assert(step("1"));
    cr_assert_eq(own_state(), XenbusStateClosed);
    cr_assert_str_eq(value_of(BACK "/hotplug-status"), "error");
}

Test(block_handshake, closing_waits_for_the_thread_and_reopening_works)
{
    connected();
    ends_at_once = false;
    cr_assert(step("5"));
    cr_assert_eq(own_state(), XenbusStateClosing);
    cr_assert(step("6"));
    cr_assert_eq(own_state(), XenbusStateClosing, "the thread still runs");
    vbd.device.ring_pages = NULL;
    cr_assert(step("6"));
    cr_assert_eq(own_state(), XenbusStateClosed);
    cr_assert_eq(vbd.device.disk.descriptor, -1);
    cr_assert(step("1"));
    cr_assert_eq(own_state(), XenbusStateInitWait);
    cr_assert(step("3"));
    cr_assert_eq(own_state(), XenbusStateConnected);
}

Test(block_handshake, a_device_that_is_offline_does_not_begin_again)
{
    connected();
    step("6");
    set(BACK "/online", "0");
    cr_assert(step("1"));
    cr_assert_eq(own_state(), XenbusStateClosed);
}

Test(block_handshake, a_detach_serves_on_until_the_guest_lets_go)
{
    connected();
    step("4");
    set(BACK "/state", "5");
    cr_assert(step("4"));
    cr_assert_not_null(vbd.device.ring_pages, "the guest may refuse");
    cr_assert(step("5"));
    cr_assert_not_null(vbd.device.ring_pages, "and is answered while it drains");
    cr_assert(step("6"));
    cr_assert_null(vbd.device.ring_pages);
    cr_assert_eq(own_state(), XenbusStateClosed);
}

Test(block_handshake, a_vanished_domain_leaves_nothing)
{
    connected();
    ends_at_once = false;
    unset(FRONT);
    cr_assert(block_handshake_step(&backend, &vbd), "its thread has yet to end");
    vbd.device.ring_pages = NULL;
    cr_assert(!block_handshake_step(&backend, &vbd));
    cr_assert_null(value_of(BACK "/state"));
}

Test(block_handshake, a_ring_that_was_given_up_closes_the_device)
{
    connected();
    vbd.device.ring_pages = NULL;
    vbd.device.broken = "the front end overran its ring";
    cr_assert(step("4"));
    cr_assert_eq(own_state(), XenbusStateClosing);
    cr_assert_str_eq(value_of(BACK "/hotplug-error"), "the front end overran its ring");
    cr_assert(step("5"), "it waits for answers that nobody will give");
    cr_assert_eq(own_state(), XenbusStateClosed);
}

Test(block_handshake, a_back_end_that_comes_back_takes_the_same_ring)
{
    connected();
    step("4");
    /* The one before is gone, with all it had mapped. */
    memset(&vbd.device, 0, sizeof(vbd.device));
    vbd.device.domid = 3;
    vbd.device.disk.descriptor = -1;
    memset(&offered, 0, sizeof(offered));
    cr_assert(step("4"));
    cr_assert_eq(own_state(), XenbusStateConnected, "the front end's state is left alone");
    cr_assert_eq(offered.ring_references[0], 8);
    cr_assert_eq(offered.port, 11);
    cr_assert_eq(vbd.nr_resumed, 1);
}

Test(block_handshake, a_front_end_that_flaps_gets_nowhere)
{
    srandom(11);
    for (unsigned int round = 0; round < 300; round++) {
        attach("w");
        publish_ring();
        for (unsigned int turn = 0; turn < 60; turn++) {
            char state[3] = {(char)('0' + random() % 10), '\0', '\0'};

            connect_result = random() % 8 == 0 ? -XEN_EINVAL : 0;
            open_result = random() % 8 == 0 ? -2 : 0;
            ends_at_once = random() % 2 == 0;
            if (vbd.device.stopping && random() % 2 == 0) {
                vbd.device.ring_pages = NULL; /* its thread has ended */
            }
            if (!step(state)) {
                cr_assert_null(vbd.device.ring_pages, "gone, and still mapped");
                break;
            }
            if (vbd.device.ring_pages != NULL && !vbd.device.stopping) {
                cr_assert(own_state() == XenbusStateConnected || own_state() == XenbusStateClosing,
                          "%s", xenbus_device_state_name(own_state()));
            }
        }
    }
}
