/* SPDX-License-Identifier: MIT */
/*
 * output_file.c: `capture -w FILE` and `dump-core DOMAIN FILE` on the host: the file takes the place of
 * standard output, then dom0 runs the command.
 * Read next: ../pvctl/cmd_capture.c, ../pvctl/cmd_dump_core.c
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0-tools/libpv/error.h"
#include "dom0-tools/pvctl/handlers.h"
#include "host_run.h"
#include "message.h"

/* Only its user may read it: it holds what a guest's memory held. */
static int become_output(const char *command, const char *path, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    if (file < 0 || dup2(file, STDOUT_FILENO) < 0) {
        message_error("%s: %s: %s", command, path, strerror(errno));
        return EXIT_CONFIG;
    }
    close(file);
    return EXIT_OK;
}

int cmd_capture(const struct command_call *call, struct error *error)
{
    const char *path = commands_option(call, "write");
    char name[] = "pvctl", command[] = "capture";
    char *words[] = {name, command, call->argv[0], NULL};

    (void)error;
    if (path != NULL && strcmp(path, "-") != 0) {
        if (become_output(command, path, 0666) != EXIT_OK) {
            return EXIT_CONFIG;
        }
    } else if (isatty(STDOUT_FILENO)) {
        message_error("capture: a terminal cannot show frames");
        message_hint("-w FILE, or a pipe: pvctl capture %s | tcpdump -r -", call->argv[0]);
        return EXIT_USAGE;
    }
    return host_run_in_dom0(command, 3, words);
}

int cmd_dump_core(const struct command_call *call, struct error *error)
{
    const char *path = call->argv[1];
    char name[] = "pvctl", command[] = "dump-core", option[] = "--xen", output[] = "-";
    char *words[6] = {name, command};
    int count = 2, status;
    struct stat written;

    (void)error;
    if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO)) {
        message_error("dump-core: a terminal cannot show a core file");
        return EXIT_USAGE;
    }
    if (strcmp(path, "-") != 0 && become_output(command, path, 0600) != EXIT_OK) {
        return EXIT_CONFIG;
    }
    if (commands_option(call, "xen") != NULL) {
        words[count++] = option;
    }
    words[count++] = call->argv[0];
    words[count++] = output;
    status = host_run_in_dom0(command, count, words);
    if (status != EXIT_OK && strcmp(path, "-") != 0 && fstat(STDOUT_FILENO, &written) == 0 &&
        S_ISREG(written.st_mode)) {
        unlink(path); /* half a core is of no use */
    }
    return status;
}
