/* SPDX-License-Identifier: MIT */
/*
 * cmd_capture.c: capture DOMAIN/vif/N: an interface's frames as pcapng on standard output, until the
 * command is interrupted or the domain ends. On the host, -w is the file that this becomes
 * (../host/output_file.c).
 * Read next: ../backends/net_capture.c
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/device_store.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/pvctl/handlers.h"
#include "dom0-tools/pvctl/session.h"

/* "web/vif/0" or "web": which interface of which domain. */
static int parse_place(const char *text, char domain[64], unsigned int *id)
{
    const char *slash = strchr(text, '/');
    size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    char rest;

    *id = 0;
    if (length == 0 || length >= 64) {
        return -1;
    }
    memcpy(domain, text, length);
    domain[length] = '\0';
    return slash == NULL || sscanf(slash, "/vif/%u%c", id, &rest) == 1 ? 0 : -1;
}

/* Whether the interface exists. */
static int check_interface(uint16_t domid, unsigned int id, const char *place, struct error *error)
{
    struct device_name name = {"vif", domid, id, 0};
    char path[STORE_PATH_MAX], *mac;
    struct store *store = session_store(error);

    if (store == NULL) {
        return -1;
    }
    device_store_back(&name, path);
    mac = store_read_at(store, STORE_NO_TRANSACTION, "%s/mac", path);
    store_close(store);
    if (mac == NULL) {
        error_set(error, ERROR_USAGE, "there is no network interface '%s'", place);
        return error_hint(error, "`pvctl network-list' shows a domain's");
    }
    free(mac);
    return 0;
}

int cmd_capture(const struct command_call *call, struct error *error)
{
    char domain[64], request[48], block[4096];
    struct domain_info info;
    unsigned int id;
    ssize_t count;
    int stream;

    if (parse_place(call->argv[0], domain, &id) < 0) {
        error_set(error, ERROR_USAGE, "'%s' is no interface", call->argv[0]);
        return error_hint(error, "for example web/vif/0");
    }
    if (session_domain(NULL, domain, &info, error) < 0 ||
        check_interface(info.domid, id, call->argv[0], error) < 0) {
        return -1;
    }
    stream = seam_service_connect("network");
    snprintf(request, sizeof(request), "capture %u %u\n", (unsigned int)info.domid, id);
    if (stream < 0 || write(stream, request, strlen(request)) < 0) {
        return error_set(error, ERROR_STORE, "the network back end does not answer");
    }
    while ((count = read(stream, block, sizeof(block))) > 0) {
        if (fwrite(block, 1, (size_t)count, stdout) != (size_t)count) {
            break;
        }
        fflush(stdout);
    }
    close(stream);
    return EXIT_OK;
}
