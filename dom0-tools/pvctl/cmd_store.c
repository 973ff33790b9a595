/* SPDX-License-Identifier: MIT */
/*
 * cmd_store.c: xenstore ls, read, write, rm: the store as a user sees it.
 * Read next: ../libpv/store.h.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <public/errno.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/pvctl/session.h"

#define MAX_DEPTH 32

static int store_failed(struct error *error, int result, const char *verb, const char *path)
{
    char reason[96];

    error_describe_errno(result, reason, sizeof(reason));
    error_set(error, ERROR_STORE, "cannot %s '%s'", verb, path);
    return error_why(error, "%s", result == -XEN_ENOENT ? "there is no such node" : reason);
}

static void print_value(const char *value, size_t length)
{
    putchar('"');
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)value[i];

        if (byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\') {
            putchar(byte);
        } else {
            printf("\\%03o", byte);
        }
    }
    putchar('"');
}

/* A node's children, each indented by its depth, with its value. */
static int list_below(struct store *store, const char *path, unsigned int depth)
{
    char **names;
    size_t count;
    int result = store_directory(store, 0, path, &names, &count);

    for (size_t i = 0; result == 0 && i < count; i++) {
        char *child = malloc(STORE_PATH_MAX);
        char *value = NULL;
        size_t length = 0;

        if (child == NULL) {
            result = -XEN_ENOMEM;
            break;
        }
        snprintf(child, STORE_PATH_MAX, "%s/%s", strcmp(path, "/") == 0 ? "" : path, names[i]);
        printf("%*s%s = ", (int)depth, "", names[i]);
        if (store_read(store, 0, child, &value, &length) == 0) {
            print_value(value, length);
        }
        putchar('\n');
        free(value);
        if (depth < MAX_DEPTH) {
            list_below(store, child, depth + 1);
        }
        free(child);
    }
    free(names);
    return result;
}

static int verb_list(struct store *store, const struct command_call *call, struct error *error)
{
    const char *path = call->argc > 1 ? call->argv[1] : "/";
    int result = list_below(store, path, 0);

    return result < 0 ? store_failed(error, result, "list", path) : EXIT_OK;
}

static int verb_read(struct store *store, const struct command_call *call, struct error *error)
{
    char *value;
    size_t length;
    int result = store_read(store, 0, call->argv[1], &value, &length);

    if (result < 0) {
        return store_failed(error, result, "read", call->argv[1]);
    }
    fwrite(value, 1, length, stdout);
    putchar('\n');
    free(value);
    return EXIT_OK;
}

static int verb_write(struct store *store, const struct command_call *call, struct error *error)
{
    int result = store_write(store, 0, call->argv[1], call->argv[2]);

    return result < 0 ? store_failed(error, result, "write", call->argv[1]) : EXIT_OK;
}

static int verb_remove(struct store *store, const struct command_call *call, struct error *error)
{
    int result = store_remove(store, 0, call->argv[1]);

    return result < 0 ? store_failed(error, result, "remove", call->argv[1]) : EXIT_OK;
}

static const struct {
    const char *name;
    int (*run)(struct store *store, const struct command_call *call, struct error *error);
    int least, most;
} verbs[] = {
    {"ls", verb_list, 1, 2},
    {"read", verb_read, 2, 2},
    {"write", verb_write, 3, 3},
    {"rm", verb_remove, 2, 2},
};

int cmd_store(const struct command_call *call, struct error *error)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        struct store *store;
        int result;

        if (strcmp(verbs[i].name, call->argv[0]) != 0 || call->argc < verbs[i].least ||
            call->argc > verbs[i].most) {
            continue;
        }
        store = session_store(error);
        if (store == NULL) {
            return -1;
        }
        result = verbs[i].run(store, call, error);
        store_close(store);
        return result;
    }
    error_set(error, ERROR_USAGE, "xenstore: this does not fit");
    return error_hint(error, "usage: pvctl xenstore %s", call->command->usage);
}
