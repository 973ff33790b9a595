/* SPDX-License-Identifier: MIT */
/*
 * cmd_gdb.c: gdb-stub, the end of GDB's remote protocol in dom0: standard input and output are the wire.
 * Read next: gdb_stub.c; ../host/host_gdb.c, which starts GDB.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdio.h>
#include <unistd.h>

#include "dom0-tools/pvctl/gdb_stub.h"
#include "dom0-tools/pvctl/session.h"

static int print_image(const char *domain, struct error *error)
{
    char request[128], path[256];

    snprintf(request, sizeof(request), "image %.64s", domain);
    if (session_console_simple(request, path, sizeof(path), error) < 0) {
        return -1;
    }
    printf("%s\n", path);
    return EXIT_OK;
}

int cmd_gdb_stub(const struct command_call *call, struct error *error)
{
    struct domain_info info;
    int result;

    if (commands_option(call, "image") != NULL) {
        return print_image(call->argv[0], error);
    }
    if (session_domain(NULL, call->argv[0], &info, error) < 0) {
        return -1;
    }
    if (info.domid == 0) {
        error_set(error, ERROR_DOMAIN_STATE, "cannot debug domain 0");
        return error_why(error, "the debugger's own end runs in it");
    }
    result = gdb_stub_run(info.domid, info.max_vcpu_id + 1, STDIN_FILENO, STDOUT_FILENO);
    return result < 0 ? error_hypercall(error, result, "cannot debug domain '%s'", call->argv[0])
                      : EXIT_OK;
}
