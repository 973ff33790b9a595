/* SPDX-License-Identifier: MIT */
/*
 * cmd_network.c: network-attach, -list, -detach, -restart: interfaces of domains, by their nodes in the store.
 * The back end and the front end do the rest (../backends/net_device.c).
 * Owns: nothing. Read next: ../libpv/device_store.h.
 */
#include <stdlib.h>
#include <string.h>

#include <public/io/xenbus.h>

#include "dom0-tools/libpv/device_store.h"
#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/pvctl/handlers.h"
#include "dom0-tools/pvctl/network.h"
#include "dom0-tools/pvctl/session.h"
#include "dom0-tools/pvctl/vif_status.h"

#define MAX_INTERFACES         64u
#define DETACH_TIMEOUT_SECONDS 10ul
#define MAC_SIZE               18u

/* ---- attach ------------------------------------------------------------------------------------- */

/* Xen's prefix, then a hash of the domain's name and the interface's number: a domain that is made
 * again is the same to the network, and gets its address back. */
static void choose_mac(struct store *store, uint16_t domid, unsigned int id, char mac[MAC_SIZE])
{
    char name[DOMAIN_NAME_MAX + 16];
    uint32_t hash = 2166136261u + id * 0x9e3779b9u;

    domain_register_name(store, domid, name, sizeof(name));
    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    }
    snprintf(mac, MAC_SIZE, "00:16:3e:%02x:%02x:%02x", hash >> 24 & 0x7fu, hash >> 16 & 0xffu,
             hash >> 8 & 0xffu);
}

static void set_key(struct device_key *row, const char *key, const char *value)
{
    row->key = key;
    snprintf(row->value, sizeof(row->value), "%s", value);
}

int network_attach(struct store *store, uint16_t domid, unsigned int id,
                   const struct config_vif *vif, struct error *error)
{
    struct device_name name = {"vif", domid, id, 0};
    struct device_key front[2], back[5];
    size_t nr_front = 1, nr_back = 2;
    char mac[MAC_SIZE], reason[96];
    int result;

    snprintf(mac, sizeof(mac), "%s", vif->mac);
    if (mac[0] == '\0') {
        choose_mac(store, domid, id, mac);
    }
    set_key(&front[0], "mac", mac);
    set_key(&back[0], "mac", mac);
    set_key(&back[1], "bridge", vif->bridge[0] != '\0' ? vif->bridge : "xenbr0");
    if (vif->mtu != 0) {
        set_key(&front[nr_front], "mtu", "");
        snprintf(front[nr_front++].value, sizeof(front[0].value), "%u", vif->mtu);
    }
    if (vif->ip[0] != '\0') {
        set_key(&back[nr_back++], "ip", vif->ip);
    }
    if (vif->vifname[0] != '\0') {
        set_key(&back[nr_back++], "vifname", vif->vifname);
    }
    result = device_store_add(store, &name, front, nr_front, back, nr_back);
    if (result < 0) {
        error_describe_errno(result, reason, sizeof(reason));
        error_set(error, ERROR_STORE, "cannot make network interface %u", id);
        return error_why(error, "%s", reason);
    }
    return 0;
}

/* The words behind the domain, as one text of a configuration's `vif'. */
static int parse_words(char *const *words, struct config_vif *vif, struct error *error)
{
    static struct config_problems problems;
    char text[256] = "";
    struct config_source source = {.name = "network-attach", .text = text};
    struct config_value value = {.kind = CONFIG_TEXT, .text = text};

    for (; *words != NULL; words++) {
        size_t used = strlen(text);

        if ((size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? "," : "",
                             *words) >= sizeof(text) - used) {
            return error_set(error, ERROR_USAGE, "the interface's description is too long");
        }
    }
    source.size = strlen(text);
    value.span = (struct config_span){&source, 0, source.size};
    memset(&problems, 0, sizeof(problems));
    if (config_vif_parse(&value, vif, &problems) < 0) {
        error_set(error, ERROR_USAGE, "%s", problems.items[0].message);
        return error_hint(error, "%s",
                          problems.items[0].hint[0] != '\0'
                              ? problems.items[0].hint
                              : "the keys are mac, bridge, ip, mtu, vifname");
    }
    return 0;
}

/* ---- what is there ------------------------------------------------------------------------------ */

struct interface {
    unsigned int id;
    char back[STORE_PATH_MAX], front[STORE_PATH_MAX];
};

static int interfaces_of(struct store *store, uint16_t domid, struct interface *list)
{
    char path[64], **names;
    size_t count;
    int found = 0;

    snprintf(path, sizeof(path), "/local/domain/%u/device/vif", (unsigned int)domid);
    if (store_directory(store, 0, path, &names, &count) < 0) {
        return 0;
    }
    for (size_t i = 0; i < count && found < (int)MAX_INTERFACES; i++) {
        struct device_name name = {"vif", domid, (unsigned int)strtoul(names[i], NULL, 10), 0};

        list[found].id = name.id;
        device_store_front(&name, list[found].front);
        device_store_back(&name, list[found].back);
        found++;
    }
    free(names);
    return found;
}

/* A number below a directory, -1 when it is not there. */
static long number_at(struct store *store, const char *directory, const char *key)
{
    char *text = store_read_at(store, 0, "%s/%s", directory, key);
    long number = text != NULL && text[0] != '\0' ? strtol(text, NULL, 10) : -1;

    free(text);
    return number;
}

static void text_at(struct store *store, const char *directory, const char *key, char *place,
                    size_t size)
{
    char *text = store_read_at(store, 0, "%s/%s", directory, key);

    snprintf(place, size, "%s", text != NULL ? text : "");
    free(text);
}

int cmd_network_attach(const struct command_call *call, struct error *error)
{
    struct interface *list = calloc(MAX_INTERFACES, sizeof(*list));
    struct store *store = session_store(error);
    struct config_vif vif;
    struct domain_info info;
    unsigned int id = 0;
    int result = -1, count;

    if (store != NULL && list != NULL && parse_words(call->argv + 1, &vif, error) == 0 &&
        session_domain(store, call->argv[0], &info, error) == 0) {
        count = interfaces_of(store, info.domid, list);
        for (int i = 0; i < count; i++) {
            id = list[i].id >= id ? list[i].id + 1 : id;
        }
        result = network_attach(store, info.domid, id, &vif, error);
    }
    store_close(store);
    free(list);
    return result;
}

/* ---- list --------------------------------------------------------------------------------------- */

static void print_row(struct store *store, const struct interface *interface)
{
    char mac[MAC_SIZE];
    long port = number_at(store, interface->front, "event-channel");

    if (port < 0) {
        port = number_at(store, interface->front, "event-channel-tx");
    }
    text_at(store, interface->front, "mac", mac, sizeof(mac));
    printf("%-3u %-2d %-17s %6u %5ld %6ld %5ld/%-11ld %-30s\n", interface->id, 0, mac,
           interface->id, number_at(store, interface->front, "state"), port,
           number_at(store, interface->front, "tx-ring-ref"),
           number_at(store, interface->front, "rx-ring-ref"), interface->back);
}

static void print_json(struct store *store, const char *domain, const struct interface *interface,
                       bool first)
{
    char mac[MAC_SIZE], ip[48];

    text_at(store, interface->front, "mac", mac, sizeof(mac));
    text_at(store, interface->back, "seen-ip", ip, sizeof(ip));
    printf("%s\n  {\"domain\": ", first ? "" : ",");
    session_json_text(stdout, domain);
    printf(", \"idx\": %u, \"mac\": ", interface->id);
    session_json_text(stdout, mac);
    printf(", \"seen_ip\": ");
    session_json_text(stdout, ip);
    printf(", \"front_state\": %ld, \"back_state\": %ld, \"backend\": ",
           number_at(store, interface->front, "state"), number_at(store, interface->back, "state"));
    session_json_text(stdout, interface->back);
    printf("}");
}

int cmd_network_list(const struct command_call *call, struct error *error)
{
    struct interface *list = calloc(MAX_INTERFACES, sizeof(*list));
    struct store *store = session_store(error);
    bool as_json = commands_option(call, "json") != NULL, first = true;
    struct domain_info info;
    int result = store != NULL && list != NULL ? 0 : -1;

    if (result == 0 && as_json) {
        printf("{\"schema\": 1, \"interfaces\": [");
    } else if (result == 0) {
        printf("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx", "BE", "Mac Addr.",
               "handle", "state", "evt-ch", "tx-", "rx-ring-ref", "BE-path");
    }
    for (int i = 0; result == 0 && i < call->argc; i++) {
        result = session_domain(store, call->argv[i], &info, error);
        int count = result == 0 ? interfaces_of(store, info.domid, list) : 0;

        for (int k = 0; k < count; k++, first = false) {
            if (as_json) {
                print_json(store, call->argv[i], &list[k], first);
            } else {
                print_row(store, &list[k]);
            }
        }
    }
    if (as_json && store != NULL && list != NULL) {
        printf("\n]}\n");
    }
    store_close(store);
    free(list);
    return result;
}

/* ---- detach ------------------------------------------------------------------------------------- */

/* By number, or by MAC address. */
static struct interface *find_interface(struct store *store, struct interface *list, int count,
                                        const char *wanted)
{
    for (int i = 0; i < count; i++) {
        char mac[MAC_SIZE], number[12];

        snprintf(number, sizeof(number), "%u", list[i].id);
        text_at(store, list[i].front, "mac", mac, sizeof(mac));
        if (strcmp(number, wanted) == 0 || strcmp(mac, wanted) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

/* Until the back end has closed: it does when the front end has let go. */
static int wait_closed(struct store *store, const struct interface *interface, uint64_t deadline,
                       struct error *error)
{
    struct store_event event;

    store_watch(store, interface->back, "detach");
    while (number_at(store, interface->back, "state") != XenbusStateClosed) {
        struct seam_wait wait = {store_descriptor(store), SEAM_READ, 0};
        uint64_t now = seam_now_ns();
        int result =
            now >= deadline ? 0 : seam_wait_any(&wait, 1, (int)((deadline - now) / 1000000u) + 1);

        if (result < 0) {
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
        }
        if (result == 0) {
            error_set(error, ERROR_TIMEOUT, "interface %u is still in use by its domain",
                      interface->id);
            return error_why(error, "its front end is in state %ld and did not close",
                             number_at(store, interface->front, "state"));
        }
        while (store_next_event(store, false, &event) > 0) {
            store_event_free(&event);
        }
    }
    return 0;
}

int cmd_network_detach(const struct command_call *call, struct error *error)
{
    struct interface *list = calloc(MAX_INTERFACES, sizeof(*list));
    struct store *store = session_store(error);
    const char *seconds = commands_option(call, "timeout");
    const struct interface *interface = NULL;
    struct domain_info info;
    int result = -1;

    if (store != NULL && list != NULL && session_domain(store, call->argv[0], &info, error) == 0) {
        interface =
            find_interface(store, list, interfaces_of(store, info.domid, list), call->argv[1]);
        if (interface == NULL) {
            error_set(error, ERROR_USAGE, "domain '%s' has no network interface '%s'",
                      call->argv[0], call->argv[1]);
            error_hint(error, "`pvctl network-list %s' shows them", call->argv[0]);
        }
    }
    if (interface != NULL) {
        struct device_name name = {"vif", info.domid, interface->id, 0};
        unsigned long patience =
            seconds != NULL ? strtoul(seconds, NULL, 10) : DETACH_TIMEOUT_SECONDS;

        device_store_unplug(store, &name);
        result = wait_closed(store, interface, seam_now_ns() + patience * 1000000000ull, error);
        if (result == 0) {
            device_store_remove(store, &name);
        }
    }
    store_close(store);
    free(list);
    return result;
}

/* ---- restart ------------------------------------------------------------------------------------ */

/* The next back end has the rings; its count of beginnings says so. */
static bool is_resumed(uint16_t domid, unsigned long id, unsigned int before)
{
    struct vif_status status;

    return vif_status_ask("status", domid, id, &status) && status.connected &&
           status.resumed != before;
}

int cmd_network_restart(const struct command_call *call, struct error *error)
{
    struct interface *list = calloc(MAX_INTERFACES, sizeof(*list));
    struct store *store = session_store(error);
    const struct interface *interface = NULL;
    struct vif_status status;
    struct domain_info info;
    int result = -1;

    if (store != NULL && list != NULL && session_domain(store, call->argv[0], &info, error) == 0) {
        interface =
            find_interface(store, list, interfaces_of(store, info.domid, list), call->argv[1]);
        if (interface == NULL || !vif_status_ask("restart", info.domid, interface->id, &status)) {
            error_set(error, ERROR_USAGE, "domain '%s' has no network interface '%s'",
                      call->argv[0], call->argv[1]);
            error_hint(error, "`pvctl network-list %s' shows them", call->argv[0]);
        } else if (!status.connected) {
            error_set(error, ERROR_NO_SUCH_DEVICE, "interface '%s' is not connected",
                      call->argv[1]);
            error_hint(error, "`pvctl device %s' shows who has to move next", call->argv[0]);
        } else if (!is_resumed(info.domid, interface->id, status.resumed)) {
            error_set(error, ERROR_TIMEOUT, "the back end of interface '%s' does not come back",
                      call->argv[1]);
        } else {
            result = 0;
        }
    }
    store_close(store);
    free(list);
    return result;
}
