/* SPDX-License-Identifier: MIT */
/*
 * cmd_vcpu.c: which CPUs a domain's virtual CPUs may use, its share of them, and the button that interrupts one.
 * Read next: ../libpv/domctl_vcpu.c.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/domctl_vcpu.h"
#include "dom0-tools/libpv/sysctl.h"
#include "dom0-tools/pvctl/cpu_list.h"
#include "dom0-tools/pvctl/session.h"

#define WEIGHT_MAX 65535
#define NAME_SIZE  80

static int find(const char *name, struct domain_info *info, struct error *error)
{
    struct store *store = session_store(error);
    int result = store != NULL ? session_domain(store, name, info, error) : -1;

    store_close(store);
    return result;
}

/* A whole number of at most `most` into *number. */
static int number_argument(const char *text, unsigned long most, const char *what,
                           unsigned long *number, struct error *error)
{
    char *end;

    *number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || *number > most) {
        error_set(error, ERROR_USAGE, "'%s' is no %s", text, what);
        return error_hint(error, "a number from 0 to %lu", most);
    }
    return 0;
}

/* ---- vcpu-pin ------------------------------------------------------------------------------------- */

/* "-" and what is not there leave the set as it is. */
static int cpus_argument(const struct command_call *call, int at, uint64_t *cpus, bool *given,
                         struct error *error)
{
    struct machine_info machine;

    *given = at < call->argc && strcmp(call->argv[at], "-") != 0;
    if (!*given) {
        return 0;
    }
    if (cpu_list_parse(call->argv[at], cpus) < 0) {
        error_set(error, ERROR_USAGE, "vcpu-pin: '%s' is no list of CPUs", call->argv[at]);
        return error_hint(error, "such as all, 0-3, 0,2 or 0-7,^5");
    }
    if (sysctl_machine(&machine) == 0 && machine.max_cpu_id < 63 &&
        (*cpus & ((UINT64_C(2) << machine.max_cpu_id) - 1)) == 0) {
        error_set(error, ERROR_USAGE, "vcpu-pin: there is no CPU %s", call->argv[at]);
        return error_hint(error, "this machine has CPU 0 to %lu",
                          (unsigned long)machine.max_cpu_id);
    }
    return 0;
}

int cmd_vcpu_pin(const struct command_call *call, struct error *error)
{
    struct domctl_affinity affinity = {0};
    struct domain_info info;
    unsigned long first = 0, last;

    if (cpus_argument(call, 2, &affinity.hard, &affinity.set_hard, error) < 0 ||
        cpus_argument(call, 3, &affinity.soft, &affinity.set_soft, error) < 0 ||
        find(call->argv[0], &info, error) < 0) {
        return -1;
    }
    last = info.max_vcpu_id;
    if (strcmp(call->argv[1], "all") != 0) {
        if (number_argument(call->argv[1], last, "virtual CPU of that domain", &first, error) < 0) {
            return -1;
        }
        last = first;
    }
    for (unsigned long id = first; id <= last; id++) {
        int result = domctl_set_affinity(info.domid, (uint32_t)id, &affinity);

        if (result < 0) {
            return error_hypercall(error, result, "cannot pin vCPU %lu of domain '%s'", id,
                                   call->argv[0]);
        }
    }
    return EXIT_OK;
}

/* ---- sched-credit2 -------------------------------------------------------------------------------- */

static int show_shares(const struct domain_info *info, const char *name, struct error *error)
{
    uint16_t weight, cap;
    int result = domctl_get_shares(info->domid, &weight, &cap);

    if (result < 0) {
        return error_hypercall(error, result, "cannot ask for the shares of domain '%s'", name);
    }
    printf("%-33s %4u %6u %4u\n", name, (unsigned int)info->domid, (unsigned int)weight,
           (unsigned int)cap);
    return 0;
}

static int show_all_shares(const struct command_call *call, struct error *error)
{
    const char *only = commands_option(call, "domain");
    struct domain_info *infos, one;
    int count = 1, result = 0;

    if (only != NULL && find(only, &one, error) < 0) {
        return -1;
    }
    if (only == NULL && (count = session_domains(&infos, error)) < 0) {
        return -1;
    }
    struct store *store = store_connect();

    printf("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
    for (int i = 0; i < count && result == 0; i++) {
        const struct domain_info *info = only != NULL ? &one : &infos[i];
        char name[NAME_SIZE];

        domain_register_name(store, info->domid, name, sizeof(name));
        result = show_shares(info, name, error);
    }
    store_close(store);
    if (only == NULL) {
        free(infos);
    }
    return result < 0 ? -1 : EXIT_OK;
}

int cmd_vcpu_shares(const struct command_call *call, struct error *error)
{
    const char *domain = commands_option(call, "domain");
    const char *weight_text = commands_option(call, "weight");
    const char *cap_text = commands_option(call, "cap");
    struct domain_info info;
    unsigned long weight = 0, cap = 0;
    uint16_t old_weight, old_cap;
    int result;

    if (weight_text == NULL && cap_text == NULL) {
        return show_all_shares(call, error);
    }
    if (domain == NULL) {
        error_set(error, ERROR_USAGE, "sched-credit2: which domain?");
        return error_hint(error, "-d DOMAIN");
    }
    if (find(domain, &info, error) < 0 ||
        (weight_text != NULL &&
         number_argument(weight_text, WEIGHT_MAX, "weight", &weight, error) < 0) ||
        (cap_text != NULL && number_argument(cap_text, 100ul * (info.max_vcpu_id + 1),
                                             "percentage of a CPU", &cap, error) < 0)) {
        return -1;
    }
    result = domctl_get_shares(info.domid, &old_weight, &old_cap);
    if (result == 0) {
        result = domctl_set_shares(info.domid, (uint16_t)weight,
                                   cap_text != NULL ? (uint16_t)cap : old_cap);
    }
    return result < 0 ? error_hypercall(error, result, "cannot set the shares of '%s'", domain)
                      : EXIT_OK;
}

/* ---- trigger -------------------------------------------------------------------------------------- */

int cmd_vcpu_trigger(const struct command_call *call, struct error *error)
{
    struct domain_info info;
    unsigned long vcpu = 0;
    int result;

    if (strcmp(call->argv[1], "nmi") != 0) {
        error_set(error, ERROR_USAGE, "trigger: a paravirtual domain has no '%s'", call->argv[1]);
        return error_hint(error, "nmi is there; to end it: `pvctl shutdown', `pvctl reboot'");
    }
    if (find(call->argv[0], &info, error) < 0 ||
        (call->argc > 2 && number_argument(call->argv[2], info.max_vcpu_id,
                                           "virtual CPU of that domain", &vcpu, error) < 0)) {
        return -1;
    }
    result = domctl_trigger_nmi(info.domid, (uint32_t)vcpu);
    return result < 0 ? error_hypercall(error, result, "cannot interrupt '%s'", call->argv[0])
                      : EXIT_OK;
}
