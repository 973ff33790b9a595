/* SPDX-License-Identifier: MIT */
/*
 * session.c: connections and look-ups that the commands share.
 * Read next: session.h.
 */
#include "dom0-tools/pvctl/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/seam.h"

struct store *session_store(struct error *error)
{
    struct store *store = store_connect();

    if (store == NULL) {
        error_set(error, ERROR_STORE, "cannot connect to the store");
        error_why(error, "xenstored does not run");
    }
    return store;
}

int session_domain(struct store *store, const char *name_or_id, struct domain_info *info,
                   struct error *error)
{
    struct store *own = store == NULL ? session_store(error) : NULL;
    uint16_t domid;
    int result = -1;

    if (store != NULL || own != NULL) {
        result = domain_register_find(store != NULL ? store : own, name_or_id, &domid, error);
    }
    store_close(own);
    if (result == 0) {
        result = domctl_info(domid, info);
        if (result < 0) {
            error_hypercall(error, result, "cannot look domain '%s' up", name_or_id);
            return -1;
        }
    }
    return result;
}

int session_domains(struct domain_info **infos, struct error *error)
{
    enum { BATCH = 32 };
    size_t count = 0;
    uint32_t first = 0;

    *infos = NULL;
    for (;;) {
        struct domain_info *grown = realloc(*infos, (count + BATCH) * sizeof(*grown));
        int found;

        if (grown == NULL) {
            free(*infos);
            return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
        }
        *infos = grown;
        found = domctl_list((uint16_t)first, grown + count, BATCH);
        if (found < 0) {
            free(*infos);
            return error_hypercall(error, found, "cannot list the domains");
        }
        count += (size_t)found;
        if (found < BATCH) {
            return (int)count;
        }
        first = grown[count - 1].domid + 1u;
    }
}

/* One line without its newline; -1 at the end of the stream. */
static int read_line(int descriptor, char *line, size_t size)
{
    size_t length = 0;
    char byte;

    while (read(descriptor, &byte, 1) == 1) {
        if (byte == '\n') {
            line[length] = '\0';
            return 0;
        }
        if (length + 1 < size) {
            line[length++] = byte;
        }
    }
    return -1;
}

int session_console(const char *request, char *answer, size_t size, struct error *error)
{
    int descriptor = seam_console_connect();
    size_t length = strlen(request);
    char line[256];

    if (descriptor < 0) {
        error_set(error, ERROR_NO_CONSOLE, "cannot reach the consoles");
        return error_why(error, "the console back end does not run");
    }
    if (write(descriptor, request, length) != (ssize_t)length || write(descriptor, "\n", 1) != 1 ||
        read_line(descriptor, line, sizeof(line)) < 0) {
        close(descriptor);
        return error_set(error, ERROR_NO_CONSOLE, "the console back end closed the connection");
    }
    if (strncmp(line, "ok", 2) != 0) {
        close(descriptor);
        error_set(error, ERROR_NO_CONSOLE, "%s", strncmp(line, "error ", 6) == 0 ? line + 6 : line);
        return -1;
    }
    snprintf(answer, size, "%s", line[2] == ' ' ? line + 3 : "");
    return descriptor;
}

int session_console_simple(const char *request, char *answer, size_t size, struct error *error)
{
    int descriptor = session_console(request, answer, size, error);

    if (descriptor < 0) {
        return -1;
    }
    close(descriptor);
    return 0;
}

void session_json_text(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\') {
            fprintf(stream, "\\%c", byte);
        } else if (byte < ' ') {
            fprintf(stream, "\\u%04x", byte);
        } else {
            fputc(byte, stream);
        }
    }
    fputc('"', stream);
}
