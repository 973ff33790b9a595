/* SPDX-License-Identifier: MIT */
/*
 * cmd_info.c: info and dmesg: the machine as the hypervisor describes it, in xl's keys.
 * Owns: the order of the fields.
 * Read next: ../libpv/sysctl.h.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/libpv/sysctl.h"
#include "dom0-tools/pvctl/session.h"

#define MAX_FIELDS 40

struct field {
    const char *key;
    char value[1100];
};

struct fields {
    struct field items[MAX_FIELDS];
    size_t count;
};

static void field_add(struct fields *fields, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void field_add(struct fields *fields, const char *key, const char *format, ...)
{
    struct field *field = &fields->items[fields->count];
    va_list arguments;

    if (fields->count == MAX_FIELDS) {
        return;
    }
    fields->count++;
    field->key = key;
    va_start(arguments, format);
    vsnprintf(field->value, sizeof(field->value), format, arguments);
    va_end(arguments);
}

static void fields_machine(struct fields *fields, const struct machine_info *machine)
{
    const uint32_t *caps = machine->hw_caps;

    field_add(fields, "host", "dom0");
    field_add(fields, "release", "%s", "1");
    field_add(fields, "version", "%s", "xenlike dom0");
    field_add(fields, "machine", "x86_64");
    field_add(fields, "nr_cpus", "%u", machine->nr_cpus);
    field_add(fields, "max_cpu_id", "%u", machine->max_cpu_id);
    field_add(fields, "nr_nodes", "%u", machine->nr_nodes);
    field_add(fields, "cores_per_socket", "%u", machine->cores_per_socket);
    field_add(fields, "threads_per_core", "%u", machine->threads_per_core);
    field_add(fields, "cpu_mhz", "%u.%03u", machine->cpu_khz / 1000, machine->cpu_khz % 1000);
    field_add(fields, "hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", caps[0], caps[1],
              caps[2], caps[3], caps[4], caps[5], caps[6], caps[7]);
    field_add(fields, "virt_caps", "%s%s%s", (machine->capabilities & 2u) != 0 ? "pv" : "",
              (machine->capabilities & 1u) != 0 ? " hvm" : "",
              (machine->capabilities & 4u) != 0 ? " pv_directio" : "");
    field_add(fields, "total_memory", "%llu", (unsigned long long)(machine->total_pages / 256));
    field_add(fields, "free_memory", "%llu",
              (unsigned long long)((machine->free_pages - machine->outstanding_pages) / 256));
    field_add(fields, "sharing_freed_memory", "0");
    field_add(fields, "sharing_used_memory", "0");
    field_add(fields, "outstanding_claims", "%llu",
              (unsigned long long)(machine->outstanding_pages / 256));
    field_add(fields, "free_cpus", "0");
}

static void fields_version(struct fields *fields, const struct version_info *version)
{
    field_add(fields, "xen_major", "%u", version->major);
    field_add(fields, "xen_minor", "%u", version->minor);
    field_add(fields, "xen_extra", "%s", version->extra);
    field_add(fields, "xen_version", "%u.%u%s", version->major, version->minor, version->extra);
    field_add(fields, "xen_caps", "%s", version->capabilities);
    field_add(fields, "xen_scheduler", "%s", sysctl_scheduler());
    field_add(fields, "xen_pagesize", "%llu", (unsigned long long)version->page_size);
    field_add(fields, "platform_params", "virt_start=0x%llx",
              (unsigned long long)version->virtual_start);
    field_add(fields, "xen_changeset", "%s", version->changeset);
    field_add(fields, "xen_commandline", "%s", version->command_line);
    field_add(fields, "cc_compiler", "%s", version->compiler);
    field_add(fields, "cc_compile_by", "%s", version->compile_by);
    field_add(fields, "cc_compile_domain", "%s", version->compile_domain);
    field_add(fields, "cc_compile_date", "%s", version->compile_date);
    field_add(fields, "build_id", "%s", "");
    field_add(fields, "xend_config_format", "%s", "4");
}

static int print_one(const struct fields *fields, const char *key, struct error *error)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (strcmp(fields->items[i].key, key) == 0) {
            printf("%s\n", fields->items[i].value);
            return EXIT_OK;
        }
    }
    error_set(error, ERROR_USAGE, "info: there is no field '%.40s'", key);
    return error_hint(error, "`pvctl info` shows all of them");
}

static void print_all(const struct fields *fields, bool json)
{
    printf(json ? "{\"schema\": 1" : "");
    for (size_t i = 0; i < fields->count; i++) {
        if (json) {
            printf(",\n ");
            session_json_text(stdout, fields->items[i].key);
            printf(": ");
            session_json_text(stdout, fields->items[i].value);
        } else {
            printf("%-22s : %s\n", fields->items[i].key, fields->items[i].value);
        }
    }
    printf(json ? "}\n" : "");
}

/* What the queries fill; too large for a stack. */
struct answers {
    struct machine_info machine;
    struct version_info version;
    struct fields fields;
};

int cmd_info(const struct command_call *call, struct error *error)
{
    struct answers *answers = calloc(1, sizeof(*answers));
    int result;

    if (answers == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    result = sysctl_machine(&answers->machine);
    if (result == 0) {
        result = sysctl_version(&answers->version);
    }
    if (result < 0) {
        free(answers);
        return error_hypercall(error, result, "cannot ask the hypervisor about the machine");
    }
    fields_machine(&answers->fields, &answers->machine);
    fields_version(&answers->fields, &answers->version);
    if (call->argc == 1) {
        result = print_one(&answers->fields, call->argv[0], error);
    } else {
        print_all(&answers->fields, commands_option(call, "json") != NULL);
    }
    free(answers);
    return result;
}

int cmd_info_dmesg(const struct command_call *call, struct error *error)
{
    enum { SIZE = 256 * 1024 };
    char *text = malloc(SIZE);
    int length;

    if (text == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    length = sysctl_read_console(text, SIZE, commands_option(call, "clear") != NULL);
    if (length >= 0) {
        fwrite(text, 1, (size_t)length, stdout);
    }
    free(text);
    return length >= 0 ? EXIT_OK
                       : error_hypercall(error, length, "cannot read the hypervisor's log");
}
