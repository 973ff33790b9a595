/* SPDX-License-Identifier: MIT */
/* Paths as clients name them: absolute, relative to the domain's own directory, or "@special". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store.h"

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                              "0123456789-/_@";

static bool is_well_formed(const char *path)
{
    size_t length = strlen(path), depth = 0;
    if (path[0] != '/' || length > XENSTORE_ABS_PATH_MAX || strspn(path, allowed) != length) {
        return false;
    }
    if (length > 1 && (path[length - 1] == '/' || strstr(path, "//") != NULL)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        depth += path[i] == '/';
    }
    return depth <= STORE_MAX_DEPTH;
}

int path_resolve(const struct store_connection *connection, const char *path, char *absolute,
                 size_t *strip)
{
    *strip = 0;
    if (path[0] == '/') {
        if (strlen(path) > XENSTORE_ABS_PATH_MAX) {
            return -EINVAL;
        }
        strcpy(absolute, path);
    } else if (path[0] == '@') {
        if (strcmp(path, "@introduceDomain") != 0 && strcmp(path, "@releaseDomain") != 0) {
            return -EINVAL;
        }
        strcpy(absolute, path);
        return 0;
    } else {
        if (path[0] == '\0' || strlen(path) > XENSTORE_REL_PATH_MAX) {
            return -EINVAL;
        }
        int length = snprintf(absolute, XENSTORE_ABS_PATH_MAX + 1, "/local/domain/%u/%s",
                              (unsigned int)connection->domid, path);
        if (length < 0 || length > XENSTORE_ABS_PATH_MAX) {
            return -EINVAL;
        }
        *strip = (size_t)length - strlen(path);
    }
    return is_well_formed(absolute) ? 0 : -EINVAL;
}
