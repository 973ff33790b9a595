/* SPDX-License-Identifier: MIT */
/*
 * capture_file.c: `capture -w FILE` on the host: the file takes the place of standard output, then
 * dom0 runs the command.
 * Read next: ../pvctl/cmd_capture.c
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/error.h"
#include "dom0-tools/pvctl/handlers.h"
#include "host_run.h"
#include "message.h"

int cmd_capture(const struct command_call *call, struct error *error)
{
    const char *path = commands_option(call, "write");
    char name[] = "pvctl", command[] = "capture";
    char *words[] = {name, command, call->argv[0], NULL};
    int file = -1;

    (void)error;
    if (path != NULL && strcmp(path, "-") != 0) {
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (file < 0 || dup2(file, STDOUT_FILENO) < 0) {
            message_error("capture: %s: %s", path, strerror(errno));
            return EXIT_CONFIG;
        }
        close(file);
    } else if (isatty(STDOUT_FILENO)) {
        message_error("capture: a terminal cannot show frames");
        message_hint("-w FILE, or a pipe: pvctl capture %s | tcpdump -r -", call->argv[0]);
        return EXIT_USAGE;
    }
    return host_run_in_dom0(command, 3, words);
}
