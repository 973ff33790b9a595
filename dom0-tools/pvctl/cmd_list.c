/* SPDX-License-Identifier: MIT */
/*
 * cmd_list.c: list, vcpu-list, uptime: tables of domains in xl's columns.
 * Owns: nothing. The formats are xl's byte for byte.
 * Read next: session.c.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/domctl_vcpu.h"
#include "dom0-tools/libpv/sysctl.h"
#include "dom0-tools/pvctl/cpu_list.h"
#include "dom0-tools/pvctl/session.h"

#define NAME_SIZE 80

/* r b p s, the reason of a shutdown, d; a dash where a letter does not hold. */
static void state_letters(const struct domain_info *info, char letters[7])
{
    static const char reasons[] = "-rscwS";

    letters[0] = info->running ? 'r' : '-';
    letters[1] = info->blocked ? 'b' : '-';
    letters[2] = info->paused ? 'p' : '-';
    letters[3] = info->shutdown ? 's' : '-';
    letters[4] = '-';
    if (info->shutdown) {
        letters[4] = info->reason < sizeof(reasons) - 1 ? reasons[info->reason] : '?';
    }
    letters[5] = info->dying ? 'd' : '-';
    letters[6] = '\0';
}

static void list_text(const struct domain_info *info, const char *name, bool verbose)
{
    char letters[7], uuid[37];

    state_letters(info, letters);
    printf("%-40s %5d %5lu %5d     %s  %8.1f", name, (int)info->domid,
           (unsigned long)(info->nr_pages / 256), (int)info->nr_vcpus, letters,
           (double)info->cpu_time_ns / 1e9);
    if (verbose) {
        domain_register_uuid_text(info->uuid, uuid);
        printf(" %s", uuid);
        if (info->shutdown) {
            printf(" %8x", info->reason);
        } else {
            printf(" %8s", "-");
        }
        printf(" %16s", "-");
    }
    putchar('\n');
}

static void list_json(const struct domain_info *info, const char *name, bool first)
{
    char letters[7], uuid[37];

    state_letters(info, letters);
    domain_register_uuid_text(info->uuid, uuid);
    printf("%s\n    {\"name\": ", first ? "" : ",");
    session_json_text(stdout, name);
    printf(", \"domid\": %u, \"uuid\": \"%s\", \"memory_kib\": %llu, \"max_memory_kib\": %llu, "
           "\"vcpus\": %u, \"state\": \"%s\", \"cpu_time_ns\": %llu, \"shared_info_frame\": %llu",
           (unsigned int)info->domid, uuid, (unsigned long long)(info->nr_pages * 4),
           (unsigned long long)(info->max_pages * 4), info->nr_vcpus, letters,
           (unsigned long long)info->cpu_time_ns, (unsigned long long)info->shared_info_frame);
    if (info->shutdown) {
        printf(", \"shutdown_reason\": \"%s\"", domctl_reason_name(info->reason));
    }
    printf("}");
}

static void list_header(bool json, bool verbose)
{
    if (json) {
        printf("{\"schema\": 1, \"domains\": [");
        return;
    }
    printf("Name                                        ID   Mem VCPUs\tState\tTime(s)");
    if (verbose) {
        printf("   UUID                            Reason-Code\tSecurity Label");
    }
    putchar('\n');
}

int cmd_list(const struct command_call *call, struct error *error)
{
    bool json = commands_option(call, "json") != NULL || commands_option(call, "long") != NULL;
    bool verbose = commands_option(call, "verbose") != NULL;
    struct store *store = store_connect();
    struct domain_info *infos;
    int count, shown = 0, result = EXIT_OK;

    if (call->argc == 0) {
        count = session_domains(&infos, error);
    } else {
        infos = calloc((size_t)call->argc, sizeof(*infos));
        count = infos == NULL ? error_set(error, ERROR_TOOL_MEMORY, "out of memory") : call->argc;
        for (int i = 0; i < count; i++) {
            if (session_domain(store, call->argv[i], &infos[i], error) < 0) {
                free(infos);
                count = -1;
            }
        }
    }
    if (count < 0) {
        store_close(store);
        return -1;
    }
    list_header(json, verbose);
    for (int i = 0; i < count; i++) {
        char name[NAME_SIZE];

        domain_register_name(store, infos[i].domid, name, sizeof(name));
        if (json) {
            list_json(&infos[i], name, shown == 0);
        } else {
            list_text(&infos[i], name, verbose);
        }
        shown++;
    }
    if (json) {
        printf("\n]}\n");
    }
    free(infos);
    store_close(store);
    return result;
}

/* ---- vcpu-list ----------------------------------------------------------------------------------- */

static void print_affinity(uint16_t domid, uint32_t vcpu, unsigned int nr_cpus)
{
    struct domctl_affinity affinity;
    char hard[200], soft[200];

    if (domctl_get_affinity(domid, vcpu, &affinity) < 0) {
        printf("-\n");
        return;
    }
    cpu_list_print(affinity.hard, nr_cpus, hard, sizeof(hard));
    cpu_list_print(affinity.soft, nr_cpus, soft, sizeof(soft));
    printf("%s / %s\n", hard, soft);
}

static void vcpus_of(const struct domain_info *info, const char *name, unsigned int nr_cpus)
{
    for (uint32_t id = 0; id <= info->max_vcpu_id; id++) {
        struct domctl_vcpu vcpu;

        if (domctl_vcpu_info(info->domid, id, &vcpu) < 0) {
            continue;
        }
        printf("%-32s %5u %5u", name, (unsigned int)info->domid, (unsigned int)id);
        if (!vcpu.online) {
            printf(" %5c  %3c%cp %9.1f  ", '-', '-', '-', (double)vcpu.cpu_time_ns / 1e9);
        } else {
            printf(" %5u  %3c%c- %9.1f  ", (unsigned int)vcpu.cpu, vcpu.running ? 'r' : '-',
                   vcpu.blocked ? 'b' : '-', (double)vcpu.cpu_time_ns / 1e9);
        }
        print_affinity(info->domid, id, nr_cpus);
    }
}

/* All domains, or the one that is named. Returns the number, or -1. */
static int chosen_domains(const struct command_call *call, struct store *store,
                          struct domain_info **infos, struct error *error)
{
    if (call->argc == 0) {
        return session_domains(infos, error);
    }
    *infos = calloc(1, sizeof(**infos));
    if (*infos == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    if (session_domain(store, call->argv[0], *infos, error) < 0) {
        free(*infos);
        return -1;
    }
    return 1;
}

int cmd_list_vcpus(const struct command_call *call, struct error *error)
{
    struct store *store = store_connect();
    struct domain_info *infos;
    int count = chosen_domains(call, store, &infos, error);

    if (count >= 0) {
        struct machine_info machine;
        unsigned int nr_cpus = sysctl_machine(&machine) == 0 ? machine.nr_cpus : 64;

        printf("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
               "Affinity (Hard / Soft)");
        for (int i = 0; i < count; i++) {
            char name[NAME_SIZE];

            domain_register_name(store, infos[i].domid, name, sizeof(name));
            vcpus_of(&infos[i], name, nr_cpus);
        }
        free(infos);
    }
    store_close(store);
    return count < 0 ? -1 : EXIT_OK;
}

/* ---- uptime -------------------------------------------------------------------------------------- */

static void uptime_text(uint64_t seconds, bool brief, char *text, size_t size)
{
    uint64_t days = seconds / 86400;
    char front[32] = "";

    if (days > 0) {
        snprintf(front, sizeof(front), "%llu day%s, ", (unsigned long long)days,
                 days == 1 ? "" : "s");
    }
    if (brief) {
        snprintf(text, size, "%s%2llu:%02llu", front, (unsigned long long)(seconds / 3600 % 24),
                 (unsigned long long)(seconds / 60 % 60));
    } else {
        snprintf(text, size, "%s%2llu:%02llu:%02llu", front,
                 (unsigned long long)(seconds / 3600 % 24), (unsigned long long)(seconds / 60 % 60),
                 (unsigned long long)(seconds % 60));
    }
}

static uint64_t seconds_up(struct store *store, const struct domain_info *info)
{
    char uuid[37];
    char *text;
    uint64_t now = (uint64_t)time(NULL), start;

    domain_register_uuid_text(info->uuid, uuid);
    text = store == NULL || info->domid == 0 ? NULL
                                             : store_read_at(store, 0, "/vm/%s/start_time", uuid);
    start = text != NULL ? strtoull(text, NULL, 10) : now - (uint64_t)clock() / CLOCKS_PER_SEC;
    free(text);
    return now > start ? now - start : 0;
}

int cmd_list_uptime(const struct command_call *call, struct error *error)
{
    bool brief = commands_option(call, "short") != NULL;
    struct store *store = store_connect();
    struct domain_info *infos;
    int count = chosen_domains(call, store, &infos, error);

    if (count >= 0 && !brief) {
        printf("%-33s %4s %s\n", "Name", "ID", "Uptime");
    }
    for (int i = 0; i < count; i++) {
        char name[NAME_SIZE], up[48], clock_text[16];
        time_t now = time(NULL);
        struct tm *broken = gmtime(&now);

        domain_register_name(store, infos[i].domid, name, sizeof(name));
        uptime_text(seconds_up(store, &infos[i]), brief, up, sizeof(up));
        if (brief) {
            strftime(clock_text, sizeof(clock_text), "%H:%M:%S", broken);
            printf(" %s up %s, %s (%u)\n", clock_text, up, name, (unsigned int)infos[i].domid);
        } else {
            printf("%-33s %4u %s\n", name, (unsigned int)infos[i].domid, up);
        }
    }
    if (count >= 0) {
        free(infos);
    }
    store_close(store);
    return count < 0 ? -1 : EXIT_OK;
}
