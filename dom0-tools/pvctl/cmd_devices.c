/* SPDX-License-Identifier: MIT */
/*
 * cmd_devices.c: device-attach, device-list, device-detach: devices of any type.
 * Owns: nothing. Read next: device_setup.h; cmd_device.c shows handshakes.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/pvctl/device_setup.h"
#include "dom0-tools/pvctl/session.h"

#define DETACH_TIMEOUT_SECONDS 10ul
#define TEXT_MAX               1024u

/* ---- attach ------------------------------------------------------------------------------------- */

/* The words behind the domain as one text of a configuration's `device'. The device keeps nothing of
 * it. -1 with every problem printed. */
static int parse_words(char *const *words, struct config_device *device, struct error *error)
{
    struct config_problems *problems = calloc(1, sizeof(*problems));
    char text[TEXT_MAX] = "";
    struct config_source source = {.name = "device", .text = text};
    struct config_value value = {.kind = CONFIG_TEXT, .text = text};
    int result = -1;

    for (size_t used = 0; *words != NULL; words++, used = strlen(text)) {
        if ((size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? "," : "",
                             *words) >= sizeof(text) - used) {
            free(problems);
            return error_set(error, ERROR_USAGE, "the device's description is too long");
        }
    }
    source.size = strlen(text);
    value.span = (struct config_span){&source, 0, source.size};
    if (problems != NULL) {
        result = config_device_parse(&value, device, problems);
    }
    if (problems != NULL && result < 0) {
        fflush(stdout);
        config_problem_print_all(problems, stderr);
    }
    free(problems);
    return result < 0 ? error_set(error, ERROR_USAGE, "this device cannot be attached") : 0;
}

int cmd_device_attach(const struct command_call *call, struct error *error)
{
    struct store *store = session_store(error);
    struct config_device device = {.text = NULL};
    struct domain_info info;
    int result = -1;

    if (store != NULL && parse_words(call->argv + 1, &device, error) == 0 &&
        session_domain(store, call->argv[0], &info, error) == 0) {
        result = device_setup_attach(store, info.domid, &device, error);
    }
    config_device_free(&device);
    store_close(store);
    return result;
}

/* ---- list --------------------------------------------------------------------------------------- */

struct listing {
    struct store *store;
    uint16_t domid;
    bool as_json, first;
};

static long number_at(struct store *store, const char *directory, const char *key)
{
    char *text = store_read_at(store, STORE_NO_TRANSACTION, "%s/%s", directory, key);
    long number = text != NULL && text[0] != '\0' ? strtol(text, NULL, 10) : -1;

    free(text);
    return number;
}

static void print_device(struct listing *listing, const char *type, const char *number)
{
    struct device_name name = {type, listing->domid, (unsigned int)strtoul(number, NULL, 10), 0};
    char front[STORE_PATH_MAX], back[STORE_PATH_MAX] = "";
    bool has_back;

    device_store_front(&name, front);
    if (number_at(listing->store, front, "backend-id") < 0) {
        return; /* no split device: suspend and the like */
    }
    has_back = device_store_find_back(listing->store, &name);
    if (has_back) {
        device_store_back(&name, back);
    }
    if (listing->as_json) {
        printf("%s\n  {\"type\": ", listing->first ? "" : ",");
        session_json_text(stdout, type);
        printf(", \"devid\": %u, \"backend_domid\": %d, \"front_state\": %ld, \"back_state\": %ld, "
               "\"backend\": ",
               name.id, has_back ? (int)name.back_domid : -1,
               number_at(listing->store, front, "state"),
               has_back ? number_at(listing->store, back, "state") : -1);
        session_json_text(stdout, back);
        printf("}");
    } else {
        printf("%-12s %5u %5d %5ld %5ld %s\n", type, name.id, has_back ? (int)name.back_domid : -1,
               number_at(listing->store, front, "state"),
               has_back ? number_at(listing->store, back, "state") : -1l, back);
    }
    listing->first = false;
}

static void print_type(struct listing *listing, const char *type)
{
    char path[96], **numbers;
    size_t count;

    snprintf(path, sizeof(path), "/local/domain/%u/device/%.40s", (unsigned int)listing->domid,
             type);
    if (store_directory(listing->store, STORE_NO_TRANSACTION, path, &numbers, &count) < 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        print_device(listing, type, numbers[i]);
    }
    free(numbers);
}

static void print_all(struct listing *listing, const char *only)
{
    char path[64], **types;
    size_t count;

    snprintf(path, sizeof(path), "/local/domain/%u/device", (unsigned int)listing->domid);
    if (store_directory(listing->store, STORE_NO_TRANSACTION, path, &types, &count) < 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (only == NULL || strcmp(only, types[i]) == 0) {
            print_type(listing, types[i]);
        }
    }
    free(types);
}

int cmd_device_list(const struct command_call *call, struct error *error)
{
    struct listing listing = {.store = session_store(error), .first = true};
    struct domain_info info;
    int result = -1;

    if (listing.store != NULL && session_domain(listing.store, call->argv[0], &info, error) == 0) {
        listing.domid = info.domid;
        listing.as_json = commands_option(call, "json") != NULL;
        if (listing.as_json) {
            printf("{\"schema\": 1, \"devices\": [");
        } else {
            printf("%-12s %5s %5s %5s %5s %s\n", "Type", "Devid", "BE", "front", "back", "BE-path");
        }
        print_all(&listing, call->argc > 1 ? call->argv[1] : NULL);
        printf("%s", listing.as_json ? "\n]}\n" : "");
        result = EXIT_OK;
    }
    store_close(listing.store);
    return result;
}

/* ---- detach ------------------------------------------------------------------------------------- */

/* Those of other types have commands that know more of them. */
static int check_type(const char *type, struct error *error)
{
    bool disk = strcmp(type, "vbd") == 0;

    if (!disk && strcmp(type, "vif") != 0) {
        return 0;
    }
    error_set(error, ERROR_USAGE, "a %s is taken away otherwise", type);
    return error_hint(error, "`pvctl %s' does that", disk ? "block-detach" : "network-detach");
}

int cmd_device_detach(const struct command_call *call, struct error *error)
{
    struct store *store = session_store(error);
    const char *seconds = commands_option(call, "timeout");
    struct domain_info info;
    char *end;
    unsigned long number = strtoul(call->argv[2], &end, 10);
    int result = -1;

    if (*end != '\0' || end == call->argv[2] || number > UINT16_MAX) {
        error_set(error, ERROR_USAGE, "'%s' is no device number", call->argv[2]);
        error_hint(error, "`pvctl device-list %s' shows them", call->argv[0]);
    } else if (store != NULL && check_type(call->argv[1], error) == 0 &&
               session_domain(store, call->argv[0], &info, error) == 0) {
        struct device_name name = {call->argv[1], info.domid, (unsigned int)number, 0};

        result = device_setup_detach(
            store, &name, seconds != NULL ? strtoul(seconds, NULL, 10) : DETACH_TIMEOUT_SECONDS,
            commands_option(call, "force") != NULL, error);
    }
    store_close(store);
    return result;
}
