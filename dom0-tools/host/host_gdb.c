/* SPDX-License-Identifier: MIT */
/*
 * gdb: the user's own GDB, attached to a domain. GDB starts `pvctl gdb-stub DOMAIN` and speaks its remote
 * protocol with it through a pipe: no port is opened that another user could reach.
 * Read next: ../pvctl/gdb_stub.c, the other end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "client.h"
#include "dom0-tools/pvctl/handlers.h"
#include "message.h"
#include "settings.h"

#define SHARE "/share/"

/* A word for the shell that starts a command; false when it cannot be quoted. */
static bool quote(char *out, size_t size, const char *word)
{
    int length = snprintf(out, size, "'%s'", word);

    return strchr(word, '\'') == NULL && length > 0 && (size_t)length < size;
}

static int ask_share(char *share, size_t size)
{
    static struct connection connection;
    struct client_status status;

    if (client_connect(&connection, settings_get()) != 0 ||
        client_ask_status(&connection, &status) != 0) {
        return -1;
    }
    connection_close(&connection);
    return snprintf(share, size, "%s", status.share) < (int)size ? 0 : -1;
}

/* The domain's image as the host knows it; false when that cannot be found out. */
static bool find_image(const char *self, const char *domain, char *path, size_t size)
{
    static char command[3 * SETTINGS_PATH_MAX];
    char share[SETTINGS_PATH_MAX], line[SETTINGS_PATH_MAX] = "";
    FILE *pipe;

    snprintf(command, sizeof(command), "%s gdb-stub --image %s 2>/dev/null", self, domain);
    pipe = popen(command, "r");
    if (pipe == NULL) {
        return false;
    }
    (void)!fgets(line, sizeof(line), pipe);
    pclose(pipe);
    line[strcspn(line, "\n")] = '\0';
    return strncmp(line, SHARE, strlen(SHARE)) == 0 && ask_share(share, sizeof(share)) == 0 &&
           settings_join(path, size, share, line + strlen(SHARE)) && access(path, R_OK) == 0;
}

int cmd_gdb(const struct command_call *call, struct error *error)
{
    static char self[SETTINGS_PATH_MAX], domain[SETTINGS_PATH_MAX], found[SETTINGS_PATH_MAX];
    static char target[3 * SETTINGS_PATH_MAX];
    const char *debugger = getenv("GDB") != NULL ? getenv("GDB") : "gdb";
    const char *image = call->argc > 1 ? call->argv[1] : found;

    if (settings_get() == NULL) {
        return EXIT_FAILED;
    }
    if (!quote(self, sizeof(self), settings_program()) ||
        !quote(domain, sizeof(domain), call->argv[0])) {
        return error_set(error, ERROR_USAGE, "gdb: a name with ' in it cannot be given to a shell");
    }
    if (call->argc < 2 && !find_image(self, domain, found, sizeof(found))) {
        message_note("the image of %s is not known: there will be no symbols; name it as second "
                     "argument",
                     call->argv[0]);
    }
    snprintf(target, sizeof(target), "target remote | %s gdb-stub %s", self, domain);
    execlp(debugger, debugger, "-q", "-ex", target, image[0] != '\0' ? image : (char *)NULL,
           (char *)NULL);
    message_error("%s cannot be started: %s", debugger, strerror(errno));
    message_hint("`pvctl doctor` says what is missing; GDB=PROGRAM names another debugger");
    return EXIT_RESOURCES;
}
