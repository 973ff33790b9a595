/* SPDX-License-Identifier: MIT */
/*
 * cmd_dump_core.c: dump-core: a domain as a core file. On the host, FILE becomes standard output
 * (../host/output_file.c) and dom0 is told "-".
 * Read next: ../libpv/core_dump.h.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdio.h>
#include <string.h>

#include <public/errno.h>

#include "dom0-tools/libpv/core_dump.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/pvctl/session.h"

int cmd_dump_core(const struct command_call *call, struct error *error)
{
    struct core_dump dump = {.only_sections = commands_option(call, "xen") != NULL};
    struct domain_info info;
    char path[512] = "-";
    int result = 0;

    if (session_domain(NULL, call->argv[0], &info, error) < 0) {
        return -1;
    }
    if (info.domid == 0) {
        error_set(error, ERROR_DOMAIN_STATE, "cannot dump domain 0");
        return error_why(error, "it would have to stand still, and it writes the file");
    }
    if (strcmp(call->argv[1], "-") != 0) {
        result = seam_file_path(call->argv[1], path, sizeof(path));
    }
    dump.domid = info.domid;
    if (result == 0) {
        result = core_dump_to_file(&dump, path);
    }
    if (result < 0) {
        return error_hypercall(error, result, "cannot write the core of '%s' to %s", call->argv[0],
                               call->argv[1]);
    }
    fprintf(stderr, "%llu pages, %llu MiB%s\n", (unsigned long long)dump.nr_pages,
            (unsigned long long)dump.nr_bytes >> 20,
            dump.cut ? "; the guest maps more than it has, some mappings are left out" : "");
    return EXIT_OK;
}
