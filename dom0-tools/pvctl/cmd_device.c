/* SPDX-License-Identifier: MIT */
/*
 * cmd_device.c: device: both ends of every handshake of a domain, who has to move next, and of disks
 * the ring and what went over it. Owns: nothing.
 * Read next: ../../guest-pv-kernel/xenbus/xenbus_device.h.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/vbd.h"
#include "dom0-tools/pvctl/block_status.h"
#include "dom0-tools/pvctl/device_lint.h"
#include "dom0-tools/pvctl/session.h"
#include "dom0-tools/pvctl/vif_status.h"
#include "guest-pv-kernel/xenbus/xenbus_device.h"

static enum xenbus_state state_at(struct store *store, const char *directory)
{
    char *text = store_read_at(store, 0, "%s/state", directory);
    enum xenbus_state state = xenbus_device_parse_state(text);

    free(text);
    return state;
}

static const char *turn_in_words(char turn)
{
    return turn == 'f' ? "the guest" : turn == 'b' ? "the back end" : "nobody";
}

/* What the block back end knows of a disk. */
static void show_block_counters(uint16_t domid, const char *number)
{
    struct block_status status;

    if (!block_status_ask("status", domid, strtoul(number, NULL, 10), &status)) {
        return;
    }
    if (status.connected) {
        printf("    ring: %u slots, req_prod %u, req_cons %u, rsp_prod %u; notifications %llu\n",
               status.slots, status.produced, status.consumed, status.answered,
               status.notifications);
    }
    printf("    requests %llu (reads %llu, writes %llu, flushes %llu, refused or failed %llu)\n",
           status.requests, status.reads, status.writes, status.flushes, status.errors);
    printf("    sectors read %llu, written %llu\n", status.sectors_read, status.sectors_written);
    printf("    segments through mapped grants %llu, through grant copy %llu\n", status.mapped,
           status.copied);
    if (status.last_error != 0) {
        printf("    the last error of its file: %s\n", strerror(status.last_error));
    }
    if (status.resumed > 0) {
        printf("    its back end was begun anew %u times\n", status.resumed);
    }
}

/* What the network back end knows of an interface. tx: what the guest sends. */
static void show_network_counters(uint16_t domid, const char *id)
{
    struct vif_status status;

    if (!vif_status_ask("status", domid, strtoul(id, NULL, 10), &status)) {
        return;
    }
    if (status.connected) {
        printf("    tx ring: req_prod %u, req_cons %u, rsp_prod %u\n", status.tx_produced,
               status.tx_consumed, status.tx_answered);
        printf("    rx ring: req_prod %u, req_cons %u, rsp_prod %u; notifications of both %llu\n",
               status.rx_given, status.rx_used, status.rx_answered, status.notifications);
    }
    printf("    sent by the guest: frames %llu, bytes %llu, refused %llu; pieces through mapped "
           "grants %llu\n",
           status.sent, status.bytes_sent, status.sent_refused, status.mapped);
    printf("    received: frames %llu, bytes %llu, dropped %llu, refused %llu, waiting %llu\n",
           status.received, status.bytes_received, status.dropped, status.received_refused,
           status.waiting);
    if (status.resumed > 0) {
        printf("    its back end was begun anew %u times\n", status.resumed);
    }
}

/* Why an end gave the device up. */
static void show_reason(struct store *store, const char *directory, const char *key,
                        const char *who)
{
    char *why = store_read_at(store, 0, "%s/%s", directory, key);

    if (why != NULL && why[0] != '\0') {
        printf("    %s says: %s\n", who, why);
    }
    free(why);
}

/* Since when nobody has moved: "", or ", for 12.3 s". */
static void say_since(struct store *store, const char *front, const char *back, char text[32])
{
    char path[128];
    int64_t ages[2];

    snprintf(path, sizeof(path), "%s/state", front);
    ages[0] = store_age_ms(store, path);
    snprintf(path, sizeof(path), "%.110s/state", back);
    ages[1] = store_age_ms(store, path);
    text[0] = '\0';
    if (ages[0] >= 0 && ages[1] >= 0) {
        int64_t age = ages[0] < ages[1] ? ages[0] : ages[1];

        snprintf(text, 32, ", for %lld.%lld s", (long long)(age / 1000),
                 (long long)(age % 1000 / 100));
    }
}

static void show_device(struct store *store, uint16_t domid, const char *type, const char *number)
{
    enum xenbus_state front, back = XenbusStateUnknown;
    char directory[96], name[VBD_NAME_SIZE];
    char *back_directory, since[32];

    snprintf(directory, sizeof(directory), "/local/domain/%u/device/%.24s/%.20s",
             (unsigned int)domid, type, number);
    front = state_at(store, directory);
    back_directory = store_read_at(store, 0, "%s/backend", directory);
    if (back_directory == NULL) {
        return; /* no split device: suspend and the like */
    }
    back = state_at(store, back_directory);
    printf("%s/%s", type, number);
    if (strcmp(type, "vbd") == 0) {
        vbd_name((uint32_t)strtoul(number, NULL, 10), name);
        printf(" (%s)", name);
    }
    say_since(store, directory, back_directory, since);
    printf(": front end %s, back end %s, to move next: %s%s\n", xenbus_device_state_name(front),
           xenbus_device_state_name(back), turn_in_words(xenbus_device_whose_turn(front, back)),
           since);
    show_reason(store, directory, "error", "the front end");
    show_reason(store, back_directory, "error", "the back end");
    show_reason(store, back_directory, "hotplug-error", "the back end");
    if (strcmp(type, "vbd") == 0) {
        show_block_counters(domid, number);
    } else if (strcmp(type, "vif") == 0) {
        show_network_counters(domid, number);
    }
    free(back_directory);
}

int cmd_device(const struct command_call *call, struct error *error)
{
    struct store *store = session_store(error);
    bool lint = commands_option(call, "lint") != NULL;
    struct domain_info info;
    char path[96];
    char **types, **numbers;
    size_t nr_types = 0, nr_numbers;
    unsigned int findings = 0;

    if (store == NULL || session_domain(store, call->argv[0], &info, error) < 0) {
        store_close(store);
        return -1;
    }
    snprintf(path, sizeof(path), "/local/domain/%u/device", (unsigned int)info.domid);
    if (store_directory(store, 0, path, &types, &nr_types) < 0) {
        types = NULL;
        nr_types = 0;
    }
    for (size_t i = 0; i < nr_types; i++) {
        snprintf(path, sizeof(path), "/local/domain/%u/device/%.24s", (unsigned int)info.domid,
                 types[i]);
        if (store_directory(store, 0, path, &numbers, &nr_numbers) < 0) {
            continue;
        }
        for (size_t j = 0; j < nr_numbers; j++) {
            if (lint) {
                findings += device_lint(store, info.domid, types[i], numbers[j]);
            } else {
                show_device(store, info.domid, types[i], numbers[j]);
            }
        }
        free(numbers);
    }
    free(types);
    store_close(store);
    return findings > 0 ? EXIT_FAILED : EXIT_OK;
}
