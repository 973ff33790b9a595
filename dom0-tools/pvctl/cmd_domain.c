/* SPDX-License-Identifier: MIT */
/*
 * cmd_domain.c: commands that act on one domain: destroy, shutdown, reboot, pause, unpause, rename, and
 * the two translations between name and id.
 * Read next: ../libpv/domain_register.h.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/pvctl/session.h"

#define NAME_SIZE 80

static int refuse_dom0(const struct domain_info *info, const char *verb, struct error *error)
{
    if (info->domid != 0) {
        return 0;
    }
    error_set(error, ERROR_DOMAIN_STATE, "cannot %s domain 0", verb);
    error_why(error, "the tools run in it");
    return error_hint(error, "`pvctl down` ends the whole machine");
}

int cmd_domain_destroy(const struct command_call *call, struct error *error)
{
    struct error untracked = {.code = ERROR_NONE};
    struct store *store = session_store(error);
    struct domain_info info;
    char request[48], answer[64];
    int result;

    if (store == NULL) {
        return -1;
    }
    if (session_domain(store, call->argv[0], &info, error) < 0 ||
        refuse_dom0(&info, "destroy", error) < 0) {
        store_close(store);
        return -1;
    }
    domctl_pause(info.domid);
    snprintf(request, sizeof(request), "destroy %u", (unsigned int)info.domid);
    result = session_console_simple(request, answer, sizeof(answer), &untracked);
    if (result < 0) {
        /* The back end does not know it: nothing of it is mapped there. */
        domain_register_release(store, info.domid, info.uuid);
        result = domctl_destroy(info.domid);
        if (result < 0) {
            error_hypercall(error, result, "cannot destroy domain '%s'", call->argv[0]);
        }
    }
    store_close(store);
    return result < 0 ? -1 : EXIT_OK;
}

static int simple_action(const struct command_call *call, const char *verb,
                         int (*action)(uint16_t domid), struct error *error)
{
    struct domain_info info;
    int result;

    if (session_domain(NULL, call->argv[0], &info, error) < 0 ||
        refuse_dom0(&info, verb, error) < 0) {
        return -1;
    }
    result = action(info.domid);
    return result < 0 ? error_hypercall(error, result, "cannot %s domain '%s'", verb, call->argv[0])
                      : EXIT_OK;
}

int cmd_domain_pause(const struct command_call *call, struct error *error)
{
    return simple_action(call, "pause", domctl_pause, error);
}

int cmd_domain_unpause(const struct command_call *call, struct error *error)
{
    return simple_action(call, "unpause", domctl_unpause, error);
}

/* ---- shutdown and reboot ------------------------------------------------------------------------ */

/* The console back end ends a "wait" once the domain is gone, or kept as its configuration says. */
static int wait_ended(uint16_t domid, const char *name, uint64_t deadline_ns, struct error *error)
{
    struct error gone = {.code = ERROR_NONE};
    char request[32], answer[8], byte;
    int stream, result = 0;

    snprintf(request, sizeof(request), "wait %u", (unsigned int)domid);
    stream = session_console(request, answer, sizeof(answer), &gone);
    if (stream < 0) {
        return 0;
    }
    do {
        struct seam_wait wait = {stream, SEAM_READ, 0};
        uint64_t now = seam_now_ns();
        int timeout_ms = -1;

        if (deadline_ns != 0) {
            timeout_ms = now < deadline_ns ? (int)((deadline_ns - now) / 1000000u) + 1 : 0;
        }
        result = seam_wait_any(&wait, 1, timeout_ms);
    } while (result > 0 && read(stream, &byte, 1) > 0);
    close(stream);
    if (result == 0) {
        return error_set(error, ERROR_TIMEOUT, "domain '%s' is still up", name);
    }
    return result < 0 ? error_set(error, ERROR_INTERRUPTED, "interrupted") : 0;
}

static int ask_one(struct store *store, const struct domain_info *info, const char *what,
                   struct error *error)
{
    char name[NAME_SIZE];

    domain_register_name(store, info->domid, name, sizeof(name));
    if (store_write_at(store, 0, what, "/local/domain/%u/control/shutdown",
                       (unsigned int)info->domid) < 0) {
        return error_set(error, ERROR_STORE, "cannot ask domain '%s' to %s", name, what);
    }
    return 0;
}

static int wait_all(struct store *store, const struct command_call *call,
                    const struct domain_info *infos, int count, struct error *error)
{
    const char *seconds = commands_option(call, "timeout");
    uint64_t deadline = 0;

    if (commands_option(call, "wait") == NULL) {
        return 0;
    }
    if (seconds != NULL) {
        deadline = seam_now_ns() + strtoull(seconds, NULL, 10) * 1000000000ull;
    }
    for (int i = 0; i < count; i++) {
        char name[NAME_SIZE];

        domain_register_name(store, infos[i].domid, name, sizeof(name));
        if (infos[i].domid != 0 && wait_ended(infos[i].domid, name, deadline, error) < 0) {
            return -1;
        }
    }
    return 0;
}

static int ask(const struct command_call *call, const char *what, struct error *error)
{
    bool all = commands_option(call, "all") != NULL;
    struct store *store = session_store(error);
    struct domain_info *infos = NULL;
    int count = -1, result = 0;

    if (store == NULL) {
        return -1;
    }
    if (all != (call->argc == 0)) {
        error_set(error, ERROR_USAGE, "%s: name one domain, or give -a", call->command->name);
    } else if (all) {
        count = session_domains(&infos, error);
    } else {
        infos = calloc(1, sizeof(*infos));
        if (infos != NULL && session_domain(store, call->argv[0], infos, error) == 0 &&
            refuse_dom0(infos, call->command->name, error) == 0) {
            count = 1;
        }
    }
    for (int i = 0; i < count && result == 0; i++) {
        if (infos[i].domid != 0) {
            result = ask_one(store, &infos[i], what, error);
        }
    }
    if (count < 0 || result < 0 || wait_all(store, call, infos, count, error) < 0) {
        result = -1;
    }
    free(infos);
    store_close(store);
    return result;
}

int cmd_domain_shutdown(const struct command_call *call, struct error *error)
{
    return ask(call, "poweroff", error);
}

int cmd_domain_reboot(const struct command_call *call, struct error *error)
{
    return ask(call, "reboot", error);
}

/* ---- names --------------------------------------------------------------------------------------- */

int cmd_domain_domid(const struct command_call *call, struct error *error)
{
    struct domain_info info;

    if (session_domain(NULL, call->argv[0], &info, error) < 0) {
        return -1;
    }
    printf("%u\n", (unsigned int)info.domid);
    return EXIT_OK;
}

int cmd_domain_domname(const struct command_call *call, struct error *error)
{
    struct store *store = session_store(error);
    struct domain_info info;
    char name[NAME_SIZE];
    int result;

    if (store == NULL) {
        return -1;
    }
    result = session_domain(store, call->argv[0], &info, error);
    if (result == 0) {
        domain_register_name(store, info.domid, name, sizeof(name));
        printf("%s\n", name);
    }
    store_close(store);
    return result;
}

static int rename_in(struct store *store, const struct domain_info *info, const char *name,
                     struct error *error)
{
    char uuid[37], request[128], answer[64];
    struct error unknown = {.code = ERROR_NONE};
    uint16_t other;

    if (domain_register_find_name(store, name, &other) == 0) {
        error_set(error, ERROR_NAME_IN_USE, "the name '%s' is in use", name);
        return error_why(error, "domain %u has it", (unsigned int)other);
    }
    domain_register_uuid_text(info->uuid, uuid);
    if (store_write_at(store, 0, name, "/local/domain/%u/name", (unsigned int)info->domid) < 0 ||
        (info->domid != 0 && store_write_at(store, 0, name, "/vm/%s/name", uuid) < 0)) {
        return error_set(error, ERROR_STORE, "cannot rename domain %u", (unsigned int)info->domid);
    }
    snprintf(request, sizeof(request), "rename %u %s", (unsigned int)info->domid, name);
    session_console_simple(request, answer, sizeof(answer), &unknown);
    return EXIT_OK;
}

int cmd_domain_rename(const struct command_call *call, struct error *error)
{
    struct store *store;
    struct domain_info info;
    size_t length = strlen(call->argv[1]);
    int result;

    if (length == 0 || length >= DOMAIN_NAME_MAX || strchr(call->argv[1], ' ') != NULL ||
        strchr(call->argv[1], '/') != NULL) {
        return error_set(error, ERROR_USAGE, "rename: '%.60s' is no name", call->argv[1]);
    }
    store = session_store(error);
    if (store == NULL) {
        return -1;
    }
    result = session_domain(store, call->argv[0], &info, error);
    if (result == 0) {
        result = rename_in(store, &info, call->argv[1], error);
    }
    store_close(store);
    return result;
}
