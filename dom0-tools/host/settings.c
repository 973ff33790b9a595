/* SPDX-License-Identifier: MIT */
/*
 * Where things are. See settings.h.
 * Owns: the search order for images: XENLIKE_IMAGES, the build tree around the binary, the
 * installed prefix around the binary.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "message.h"
#include "settings.h"

const char *const settings_image_names[NR_IMAGES] = {"xenlike", "dom0.elf", "initrd.cpio"};

/* Relative to the folder of the pvctl binary: build/bin in a build tree, PREFIX/bin elsewhere. */
static const char *const build_places[NR_IMAGES] = {"../xenlike/xenlike", "../dom0-tools/dom0.elf",
                                                    "../dom0-tools/initrd.cpio"};
static const char *const installed_places[NR_IMAGES] = {
    "../lib/xenlike/xenlike", "../lib/xenlike/dom0.elf", "../lib/xenlike/initrd.cpio"};

bool settings_join(char *out, size_t size, const char *first, const char *second)
{
    size_t length = strlen(first);
    const char *slash = length != 0 && first[length - 1] == '/' ? "" : "/";
    int count = snprintf(out, size, "%s%s%s", first, slash, second);

    return count >= 0 && (size_t)count < size;
}

static const char *program_path = "pvctl";

void settings_set_program(const char *program)
{
    program_path = program;
}

const char *settings_program(void)
{
    return program_path;
}

static bool copy_path(char *out, const char *from)
{
    size_t length = strlen(from);

    if (length >= SETTINGS_PATH_MAX) {
        return false;
    }
    memcpy(out, from, length + 1);
    return true;
}

bool settings_find_program(const char *name, char *path, size_t size)
{
    const char *list = getenv("PATH");

    if (strchr(name, '/') != NULL) {
        int count = snprintf(path, size, "%s", name);

        return count >= 0 && (size_t)count < size && access(path, X_OK) == 0;
    }
    while (list != NULL && *list != '\0') {
        size_t length = strcspn(list, ":");
        int count = snprintf(path, size, "%.*s/%s", (int)length, list, name);

        if (count >= 0 && (size_t)count < size && access(path, X_OK) == 0) {
            return true;
        }
        list += length + (list[length] == ':');
    }
    return false;
}

static int find_state(struct settings *settings)
{
    const char *state = getenv("XENLIKE_STATE");
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char current[SETTINGS_PATH_MAX];
    bool fits;

    if (state != NULL && state[0] == '/') {
        fits = copy_path(settings->state, state);
    } else if (state != NULL && state[0] != '\0') {
        fits = getcwd(current, sizeof(current)) != NULL &&
               settings_join(settings->state, sizeof(settings->state), current, state);
    } else if (xdg != NULL && xdg[0] == '/') {
        fits = settings_join(settings->state, sizeof(settings->state), xdg, "xenlike");
    } else if (home != NULL && home[0] == '/') {
        fits =
            settings_join(settings->state, sizeof(settings->state), home, ".local/state/xenlike");
    } else {
        message_error("no place for the machine's state: HOME is not set");
        message_hint("set XENLIKE_STATE to a directory of yours");
        return -1;
    }
    if (!fits) {
        message_error("the path of the state directory is too long");
        return -1;
    }
    return 0;
}

static void find_images(struct settings *settings, const char *program)
{
    const char *wanted = getenv("XENLIKE_IMAGES");
    char binary[SETTINGS_PATH_MAX];
    char *real = NULL;
    char *slash;

    if (settings_find_program(program, binary, sizeof(binary))) {
        real = realpath(binary, NULL);
    }
    slash = real != NULL ? strrchr(real, '/') : NULL;
    if (slash != NULL) {
        *slash = '\0';
    }
    for (int i = 0; i < NR_IMAGES; i++) {
        char *out = settings->images[i];

        out[0] = '\0';
        if (wanted != NULL && wanted[0] != '\0') {
            settings_join(out, SETTINGS_PATH_MAX, wanted, settings_image_names[i]);
        } else if (slash != NULL) {
            settings_join(out, SETTINGS_PATH_MAX, real, installed_places[i]);
            if (access(out, R_OK) != 0) {
                settings_join(out, SETTINGS_PATH_MAX, real, build_places[i]);
            }
        }
    }
    free(real);
}

static int load(struct settings *settings)
{
    const char *qemu = getenv("XENLIKE_QEMU");
    const char *accelerator = getenv("XENLIKE_ACCEL");
    const char *timeout = getenv("XENLIKE_BOOT_TIMEOUT");
    const char *append = getenv("XENLIKE_APPEND");
    char *end;

    memset(settings, 0, sizeof(*settings));
    settings->memory_mib = 512;
    settings->boot_timeout_ms = 30000;
    snprintf(settings->accelerator, sizeof(settings->accelerator), "%s",
             accelerator != NULL && accelerator[0] != '\0' ? accelerator : "auto");
    /* The serial port carries dom0's shell; without this word only the log's port is used. */
    snprintf(settings->append, sizeof(settings->append), "%s",
             append != NULL && append[0] != '\0' ? append : "console=com1");
    if (timeout != NULL && timeout[0] != '\0') {
        unsigned long seconds = strtoul(timeout, &end, 10);

        if (*end != '\0' || seconds == 0 || seconds > 3600) {
            message_error("XENLIKE_BOOT_TIMEOUT=%s is not a number of seconds from 1 to 3600",
                          timeout);
            return -1;
        }
        settings->boot_timeout_ms = (unsigned int)seconds * 1000;
    }
    if (qemu == NULL || qemu[0] == '\0') {
        qemu = "qemu-system-x86_64";
    }
    if (!settings_find_program(qemu, settings->qemu, sizeof(settings->qemu))) {
        settings->qemu[0] = '\0';
    }
    find_images(settings, program_path);
    return find_state(settings);
}

int settings_make_state(const struct settings *settings)
{
    char path[SETTINGS_PATH_MAX];

    memcpy(path, settings->state, strlen(settings->state) + 1);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            message_error("cannot make %s: %s", path, strerror(errno));
            return -1;
        }
        *slash = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        message_error("cannot make the state directory %s: %s", path, strerror(errno));
        message_hint("set XENLIKE_STATE to a directory that you may write");
        return -1;
    }
    return 0;
}

int settings_choose_disks(struct settings *settings, const char *wanted)
{
    size_t used = 0;

    for (const char *at = wanted; *at != '\0'; at += strspn(at, ":")) {
        size_t length = strcspn(at, ":");
        char *name = strndup(at, length), *place = name != NULL ? realpath(name, NULL) : NULL;
        int count = -1;

        if (place == NULL || access(place, R_OK) != 0) {
            message_error("the machine cannot have %.*s as a disk: %s", (int)length, at,
                          strerror(errno));
        } else {
            count = snprintf(settings->disks + used, sizeof(settings->disks) - used, "%s%s",
                             used > 0 ? ":" : "", place);
        }
        free(name);
        free(place);
        if (count < 0 || (size_t)count >= sizeof(settings->disks) - used) {
            return -1;
        }
        used += (size_t)count;
        at += length;
    }
    return 0;
}

int settings_choose_share(struct settings *settings, const char *wanted)
{
    const char *home = getenv("HOME");
    char *current = realpath(".", NULL);
    char *real_home = home != NULL && home[0] != '\0' ? realpath(home, NULL) : NULL;
    size_t length = real_home != NULL ? strlen(real_home) : 0;
    int status = 0;

    if (wanted != NULL) {
        free(current);
        current = realpath(wanted, NULL);
    } else if (length > 1 && current != NULL && strncmp(current, real_home, length) == 0 &&
               (current[length] == '/' || current[length] == '\0')) {
        current[length] = '\0';
    }
    if (current == NULL || !copy_path(settings->share, current)) {
        message_error("cannot share %s with the machine: %s", wanted != NULL ? wanted : ".",
                      strerror(errno));
        status = -1;
    }
    free(current);
    free(real_home);
    return status;
}

struct settings *settings_get(void)
{
    static struct settings settings;
    static bool is_loaded;

    if (!is_loaded && (load(&settings) != 0 || settings_choose_share(&settings, NULL) != 0)) {
        return NULL;
    }
    is_loaded = true;
    return &settings;
}

int settings_check_machine(const struct settings *settings)
{
    static const char *const what[NR_IMAGES] = {"the hypervisor", "dom0's image", "dom0's initrd"};

    if (settings->qemu[0] == '\0') {
        const char *name = getenv("XENLIKE_QEMU");

        message_error("cannot start the machine: %s was not found",
                      name != NULL && name[0] != '\0' ? name : "qemu-system-x86_64");
        message_hint("install it (`make setup` in xenlike's source does), or name one in "
                     "XENLIKE_QEMU");
        return -1;
    }
    for (int i = 0; i < NR_IMAGES; i++) {
        if (access(settings->images[i], R_OK) != 0) {
            message_error("cannot start the machine: %s, %s: %s", what[i], settings->images[i],
                          strerror(errno));
            message_hint("build it with `make`, or name the images' directory in XENLIKE_IMAGES");
            return -1;
        }
    }
    return 0;
}
