/* SPDX-License-Identifier: MIT */
/*
 * cmd_adjust.c: what a running domain may be asked to live with: its memory, its virtual CPUs, a key of its
 * kernel's emergency keyboard. All but mem-max are wishes, written to the store; the guest's kernel fulfils them.
 * Read next: ../libpv/domain_register.c, which made the nodes.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/pvctl/config.h"
#include "dom0-tools/pvctl/session.h"

/* One call: the domain, and the store that its wishes go to. */
struct adjustment {
    struct error *error;
    struct store *store;
    struct domain_info info;
    const char *name;
};

static int adjustment_open(struct adjustment *adjustment, const struct command_call *call,
                           struct error *error)
{
    *adjustment = (struct adjustment){.error = error, .name = call->argv[0]};
    adjustment->store = session_store(error);
    if (adjustment->store == NULL) {
        return -1;
    }
    if (session_domain(adjustment->store, adjustment->name, &adjustment->info, error) < 0) {
        store_close(adjustment->store);
        return -1;
    }
    return 0;
}

/* Below the domain's directory; -1 with the error set. */
static int wish(struct adjustment *adjustment, const char *node, const char *value)
{
    int result = store_write_at(adjustment->store, STORE_NO_TRANSACTION, value,
                                "/local/domain/%u/%s", (unsigned int)adjustment->info.domid, node);

    return result < 0 ? error_hypercall(adjustment->error, result,
                                        "cannot tell domain '%s' its '%s'", adjustment->name, node)
                      : 0;
}

static uint64_t number_at(struct adjustment *adjustment, const char *node)
{
    char *text = store_read_at(adjustment->store, STORE_NO_TRANSACTION, "/local/domain/%u/%s",
                               (unsigned int)adjustment->info.domid, node);
    uint64_t number = text != NULL ? strtoull(text, NULL, 10) : 0;

    free(text);
    return number;
}

static int wish_number(struct adjustment *adjustment, const char *node, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    return wish(adjustment, node, text);
}

static int size_argument(const struct command_call *call, uint64_t *kib, struct error *error)
{
    if (config_parse_size(call->argv[1], kib) < 0 || *kib == 0) {
        error_set(error, ERROR_USAGE, "%s: '%s' is no size", call->command->name, call->argv[1]);
        return error_hint(error, "MiB as 256, or with a unit: 256m, 1g");
    }
    return 0;
}

static int set_target(struct adjustment *adjustment, uint64_t kib)
{
    uint64_t most = number_at(adjustment, "memory/static-max");

    if (kib > most) {
        error_set(adjustment->error, ERROR_DOMAIN_STATE, "domain '%s' cannot have so much memory",
                  adjustment->name);
        error_why(adjustment->error, "its bound is %llu MiB", (unsigned long long)(most / 1024));
        return error_hint(adjustment->error,
                          "raise it: `pvctl mem-max`, or `maxmem' when it is made");
    }
    return wish_number(adjustment, "memory/target", kib);
}

int cmd_adjust_memory(const struct command_call *call, struct error *error)
{
    struct adjustment adjustment;
    uint64_t kib;
    int result;

    if (size_argument(call, &kib, error) < 0 || adjustment_open(&adjustment, call, error) < 0) {
        return -1;
    }
    result = set_target(&adjustment, kib);
    store_close(adjustment.store);
    return result < 0 ? -1 : EXIT_OK;
}

static int set_bound(struct adjustment *adjustment, uint64_t kib)
{
    uint64_t target = number_at(adjustment, "memory/target");
    int result;

    if (kib < target) {
        error_set(adjustment->error, ERROR_DOMAIN_STATE,
                  "the bound of domain '%s' cannot be below its memory", adjustment->name);
        error_why(adjustment->error, "it was told to have %llu MiB",
                  (unsigned long long)(target / 1024));
        return error_hint(adjustment->error, "`pvctl mem-set` lowers that first");
    }
    result = domctl_max_memory(adjustment->info.domid, kib);
    if (result < 0) {
        return error_hypercall(adjustment->error, result, "cannot set the bound of domain '%s'",
                               adjustment->name);
    }
    return wish_number(adjustment, "memory/static-max", kib);
}

int cmd_adjust_max_memory(const struct command_call *call, struct error *error)
{
    struct adjustment adjustment;
    uint64_t kib;
    int result;

    if (size_argument(call, &kib, error) < 0 || adjustment_open(&adjustment, call, error) < 0) {
        return -1;
    }
    result = set_bound(&adjustment, kib);
    store_close(adjustment.store);
    return result < 0 ? -1 : EXIT_OK;
}

static int set_vcpus(struct adjustment *adjustment, const char *text)
{
    unsigned long most = adjustment->info.max_vcpu_id + 1;
    char *end;
    unsigned long count = strtoul(text, &end, 10);
    char node[40];

    if (*end != '\0' || count < 1 || count > most) {
        error_set(adjustment->error, ERROR_USAGE, "vcpu-set: '%s' is no number of vCPUs for '%s'",
                  text, adjustment->name);
        return error_hint(adjustment->error, "it was made for 1 to %lu", most);
    }
    for (unsigned long id = 0; id < most; id++) {
        snprintf(node, sizeof(node), "cpu/%lu/availability", id);
        if (wish(adjustment, node, id < count ? "online" : "offline") < 0) {
            return -1;
        }
    }
    return 0;
}

int cmd_adjust_vcpus(const struct command_call *call, struct error *error)
{
    struct adjustment adjustment;
    int result;

    if (adjustment_open(&adjustment, call, error) < 0) {
        return -1;
    }
    result = set_vcpus(&adjustment, call->argv[1]);
    store_close(adjustment.store);
    return result < 0 ? -1 : EXIT_OK;
}

int cmd_adjust_sysrq(const struct command_call *call, struct error *error)
{
    struct adjustment adjustment;
    int result;

    if (strlen(call->argv[1]) != 1) {
        error_set(error, ERROR_USAGE, "sysrq: '%s' is no single letter", call->argv[1]);
        return error_hint(error, "h has the guest list its letters on its console");
    }
    if (adjustment_open(&adjustment, call, error) < 0) {
        return -1;
    }
    result = wish(&adjustment, "control/sysrq", call->argv[1]);
    store_close(adjustment.store);
    return result < 0 ? -1 : EXIT_OK;
}
