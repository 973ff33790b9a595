/* SPDX-License-Identifier: MIT */
/*
 * cmd_block.c: block-attach, block-list, block-detach, block-restart: virtual disks of a running domain.
 * Owns: nothing. block-list's columns are xl's.
 * Read next: disk_setup.c.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/libpv/vbd.h"
#include "dom0-tools/pvctl/block_status.h"
#include "dom0-tools/pvctl/disk_setup.h"
#include "dom0-tools/pvctl/disk_spec.h"
#include "dom0-tools/pvctl/session.h"

#define RESTART_SECONDS 20u

int cmd_block_attach(const struct command_call *call, struct error *error)
{
    struct store *store = session_store(error);
    struct domain_info info;
    struct disk_spec spec;
    int result = -1;

    if (store == NULL) {
        return -1;
    }
    if (session_domain(store, call->argv[0], &info, error) == 0 &&
        disk_spec_parse(call->argv + 1, &spec, error) == 0) {
        result = disk_setup_attach(store, info.domid, &spec.disk, error);
        disk_spec_free(&spec);
    }
    store_close(store);
    return result;
}

int cmd_block_detach(const struct command_call *call, struct error *error)
{
    struct store *store = session_store(error);
    struct domain_info info;
    int result = -1;

    if (store == NULL) {
        return -1;
    }
    if (session_domain(store, call->argv[0], &info, error) == 0) {
        result = disk_setup_detach(store, info.domid, call->argv[1],
                                   commands_option(call, "force") != NULL, error);
    }
    store_close(store);
    return result;
}

/* Until a new back end has taken the ring up; that takes no longer than the request under way. */
static bool wait_for_resumption(uint16_t domid, uint32_t number, unsigned int before)
{
    uint64_t deadline_ns = seam_now_ns() + RESTART_SECONDS * 1000000000ull;
    struct block_status status;

    while (block_status_ask("status", domid, number, &status)) {
        if (status.connected && status.resumed != before) {
            return true;
        }
        if (seam_now_ns() >= deadline_ns || seam_wait_any(NULL, 0, 5) < 0) {
            return false;
        }
    }
    return false;
}

int cmd_block_restart(const struct command_call *call, struct error *error)
{
    struct store *store = session_store(error);
    struct block_status status;
    struct domain_info info;
    uint32_t number;
    int result;

    if (store == NULL) {
        return -1;
    }
    result = session_domain(store, call->argv[0], &info, error);
    store_close(store);
    if (result < 0) {
        return result;
    }
    if (vbd_number(call->argv[1], &number) < 0 ||
        !block_status_ask("restart", info.domid, number, &status)) {
        return error_set(error, ERROR_NO_SUCH_DEVICE, "domain %u has no disk '%s'",
                         (unsigned int)info.domid, call->argv[1]);
    }
    if (!status.connected) {
        error_set(error, ERROR_DISK, "disk '%s' is not connected", call->argv[1]);
        return error_hint(error, "`pvctl device' shows who has to move next");
    }
    if (!wait_for_resumption(info.domid, number, status.resumed)) {
        return error_set(error, ERROR_TIMEOUT, "the back end of disk '%s' does not come back",
                         call->argv[1]);
    }
    return 0;
}

/* A number of a node; xl shows -1 for what is not there. */
static int number_at(struct store *store, const char *directory, const char *name)
{
    char *text = store_read_at(store, 0, "%s/%s", directory, name);
    int value = text != NULL && text[0] != '\0' ? atoi(text) : -1;

    free(text);
    return value;
}

static void list_domain(struct store *store, uint16_t domid)
{
    char directory[64];
    char **numbers;
    size_t count;

    snprintf(directory, sizeof(directory), "/local/domain/%u/device/vbd", (unsigned int)domid);
    if (store_directory(store, 0, directory, &numbers, &count) < 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char front[96];
        char *back;

        snprintf(front, sizeof(front), "%s/%.20s", directory, numbers[i]);
        back = store_read_at(store, 0, "%s/backend", front);
        printf("%-5d %-3d %-6d %-5d %-6d %-8d %-30s\n", atoi(numbers[i]),
               number_at(store, front, "backend-id"), (int)domid, number_at(store, front, "state"),
               number_at(store, front, "event-channel"), number_at(store, front, "ring-ref"),
               back != NULL ? back : "");
        free(back);
    }
    free(numbers);
}

int cmd_block_list(const struct command_call *call, struct error *error)
{
    struct store *store = session_store(error);
    int result = EXIT_OK;

    if (store == NULL) {
        return -1;
    }
    printf("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state", "evt-ch",
           "ring-ref", "BE-path");
    for (int i = 0; i < call->argc && result == EXIT_OK; i++) {
        struct domain_info info;

        result = session_domain(store, call->argv[i], &info, error);
        if (result == 0) {
            list_domain(store, info.domid);
        }
    }
    store_close(store);
    return result;
}
