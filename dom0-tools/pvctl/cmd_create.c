/* SPDX-License-Identifier: MIT */
/*
 * cmd_create.c: from a configuration to a running domain. Every step checks; a failed one undoes
 * what came before it.
 * Owns: the domain until it runs and is registered.
 * Read next: ../libpv/domain_build.h, ../libpv/domain_register.h.
 */
#include "dom0-tools/pvctl/handlers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/domain_build.h"
#include "dom0-tools/libpv/domain_layout.h"
#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/kernel_payload.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/pvctl/config_file.h"
#include "dom0-tools/pvctl/console_follow.h"
#include "dom0-tools/pvctl/device_setup.h"
#include "dom0-tools/pvctl/disk_setup.h"
#include "dom0-tools/pvctl/fate.h"
#include "dom0-tools/pvctl/keeper.h"
#include "dom0-tools/pvctl/network.h"
#include "dom0-tools/pvctl/session.h"

#define DEFAULT_EVENT_CHANNELS 1023u
#define DEFAULT_GRANT_FRAMES   64
#define DEFAULT_MAPTRACK       1024

/* One create in progress; zero-initialised, descriptors -1. */
struct creation {
    const struct command_call *call;
    struct error *error;
    struct config_file file;
    char *const *words; /* key=value, of the command line */
    struct domain_request request;
    struct domain_built built;
    struct store *store;
    int kernel, ramdisk;  /* descriptors */
    const char *core;     /* where its core file goes, when that is known from before; else NULL */
    uint64_t kernel_size; /* of the file; request.kernel is what it unpacks to */
    struct kernel_payload *payload;
    int console; /* stream of -c or -F */
    char attached[CONSOLE_FOLLOW_ANSWER];
    bool is_built, is_registered;
    uint64_t started_ns, registered_ns, ready_ns;
};

static const struct config *config_of(const struct creation *creation)
{
    return &creation->file.config;
}

static bool option(const struct creation *creation, const char *name)
{
    return commands_option(creation->call, name) != NULL;
}

/* ---- images ------------------------------------------------------------------------------------ */

static int source_read(void *context, uint64_t offset, void *buffer, size_t bytes)
{
    int descriptor = *(const int *)context;
    char *at = buffer;

    if (lseek(descriptor, (off_t)offset, SEEK_SET) < 0) {
        return -1;
    }
    while (bytes > 0) {
        ssize_t done = read(descriptor, at, bytes);

        if (done <= 0) {
            return -1;
        }
        at += done;
        bytes -= (size_t)done;
    }
    return 0;
}

static int source_open(struct creation *creation, const char *path, enum error_code code,
                       int *descriptor, struct image_source *source)
{
    off_t size;

    *descriptor = seam_file_open(path);
    if (*descriptor < 0) {
        char reason[96];

        error_describe_errno(*descriptor, reason, sizeof(reason));
        error_set(creation->error, code, "cannot open '%s'", path);
        return error_why(creation->error, "%s", reason);
    }
    size = lseek(*descriptor, 0, SEEK_END);
    if (size < 0) {
        return error_set(creation->error, code, "cannot read '%s'", path);
    }
    source->read = source_read;
    source->context = descriptor;
    source->size = (uint64_t)size;
    return 0;
}

/* ---- the steps --------------------------------------------------------------------------------- */

static int step_configuration(struct creation *creation)
{
    const struct command_call *call = creation->call;
    const char *path = commands_option(call, "defconfig");
    char *const *words = call->argv;

    if (path == NULL && call->argc > 0) {
        path = *words++;
    }
    if (path == NULL) {
        error_set(creation->error, ERROR_USAGE, "create: a configuration is missing");
        return error_hint(creation->error, "usage: pvctl create %s", call->command->usage);
    }
    creation->words = words;
    return config_file_open(path, words, &creation->file, creation->error);
}

/* A version-4 UUID out of the clock and the name: unique enough, and repeatable in an exact run. */
static void uuid_make(const char *name, uint8_t uuid[DOMCTL_UUID_SIZE])
{
    uint64_t state = seam_now_ns();

    for (; *name != '\0'; name++) {
        state = (state ^ (uint8_t)*name) * 0x100000001b3ull;
    }
    for (size_t i = 0; i < DOMCTL_UUID_SIZE; i++) {
        state += 0x9e3779b97f4a7c15ull;
        uuid[i] = (uint8_t)((state ^ (state >> 29)) * 0xbf58476d1ce4e5b9ull >> 56);
    }
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

/* What the parser says of an image is said of a file that the user knows by its path. */
static int name_image(struct creation *creation)
{
    enum error_code code = creation->error->code;

    return code >= ERROR_KERNEL_UNREADABLE && code <= ERROR_KERNEL_UNSUPPORTED
               ? error_about(creation->error, config_of(creation)->kernel)
               : -1;
}

static int step_request(struct creation *creation)
{
    const struct config *config = config_of(creation);
    struct domain_request *request = &creation->request;
    uint16_t other;

    request->name = config->name;
    request->command_line = config->command_line;
    request->memory_kib = config->memory_kib;
    request->max_memory_kib = config->max_memory_kib;
    request->limits.max_vcpus = (uint32_t)config->max_vcpus;
    request->limits.max_event_channels = config->max_event_channels != 0
                                             ? (uint32_t)config->max_event_channels
                                             : DEFAULT_EVENT_CHANNELS;
    request->limits.max_grant_frames =
        config->max_grant_frames != 0 ? (int32_t)config->max_grant_frames : DEFAULT_GRANT_FRAMES;
    request->limits.max_maptrack_frames = DEFAULT_MAPTRACK;
    if (config->has_uuid) {
        memcpy(request->uuid, config->uuid, sizeof(request->uuid));
    } else {
        uuid_make(config->name, request->uuid);
    }
    if (source_open(creation, config->kernel, ERROR_KERNEL_UNREADABLE, &creation->kernel,
                    &request->kernel) < 0 ||
        (config->ramdisk != NULL && source_open(creation, config->ramdisk, ERROR_RAMDISK_UNREADABLE,
                                                &creation->ramdisk, &request->ramdisk) < 0)) {
        return -1;
    }
    creation->kernel_size = request->kernel.size;
    if (kernel_payload_open(&request->kernel, &creation->payload, creation->error) < 0) {
        return name_image(creation);
    }
    creation->store = session_store(creation->error);
    if (creation->store == NULL) {
        return -1;
    }
    if (domain_register_find_name(creation->store, config->name, &other) == 0) {
        error_set(creation->error, ERROR_NAME_IN_USE, "the name '%s' is in use", config->name);
        return error_why(creation->error, "domain %u has it", (unsigned int)other);
    }
    return 0;
}

/* Everything a create would check about the images, without making a domain. */
static int dry_run(struct creation *creation)
{
    struct kernel_image *image = calloc(1, sizeof(*image));
    struct domain_layout *layout = calloc(1, sizeof(*layout));
    const struct domain_request *request = &creation->request;
    int result = -1;

    if (image == NULL || layout == NULL) {
        error_set(creation->error, ERROR_TOOL_MEMORY, "out of memory");
    } else if (kernel_image_parse(&request->kernel, image, creation->error) < 0) {
        name_image(creation);
    } else {
        result = domain_layout_compute(image, request->memory_kib / 4, request->ramdisk.size,
                                       layout, creation->error);
    }
    free(layout);
    free(image);
    if (result == 0) {
        printf("'%s' could be created\n", config_of(creation)->name);
    }
    return result;
}

static int set_shares(struct creation *creation)
{
    const struct config *config = config_of(creation);
    int result = 0;

    if (config->cpu_weight != 0 || config->cap != 0) {
        result = domctl_set_shares(creation->built.domid, (uint16_t)config->cpu_weight,
                                   (uint16_t)config->cap);
    }
    return result < 0 ? error_hypercall(creation->error, result,
                                        "cannot set `cpu_weight' and `cap' of '%s'", config->name)
                      : 0;
}

static int step_build(struct creation *creation)
{
    const struct config *config = config_of(creation);
    struct domain_registration values = {
        .name = config->name,
        .on_poweroff = config_action_name(config->on_poweroff),
        .on_reboot = config_action_name(config->on_reboot),
        .on_crash = config_action_name(config->on_crash),
        .memory_kib = config->memory_kib,
        .max_memory_kib = config->max_memory_kib,
        .nr_vcpus = (unsigned int)config->nr_vcpus,
        .max_vcpus = (unsigned int)config->max_vcpus,
    };

    if (domain_build(&creation->request, &creation->built, creation->error) < 0) {
        return name_image(creation);
    }
    creation->is_built = true;
    if (set_shares(creation) < 0 ||
        domain_register(creation->store, &creation->request, &creation->built, &values,
                        creation->error) < 0) {
        return -1;
    }
    creation->is_registered = true;
    creation->registered_ns = seam_now_ns();
    return 0;
}

/* Where the names of its functions are found, should it crash; a backtrace without names is no failure. */
static void tell_image(const struct creation *creation)
{
    struct error unknown = {.code = ERROR_NONE};
    char path[200], request[240], answer[8];

    if (seam_file_path(config_of(creation)->kernel, path, sizeof(path)) == 0) {
        snprintf(request, sizeof(request), "kernel %u %llu %s", (unsigned int)creation->built.domid,
                 (unsigned long long)creation->kernel_size, path);
        session_console_simple(request, answer, sizeof(answer), &unknown);
    }
}

/* Where the domain's core goes, should its end call for one. */
static void tell_core(const struct creation *creation)
{
    struct error unknown = {.code = ERROR_NONE};
    char path[CREATE_PATH_SIZE], request[CREATE_PATH_SIZE + 32], answer[8];

    if (creation->core != NULL) {
        snprintf(path, sizeof(path), "%s", creation->core);
    } else if (!cmd_create_core_path(config_of(creation), path)) {
        return;
    }
    snprintf(request, sizeof(request), "core %u %s", (unsigned int)creation->built.domid, path);
    session_console_simple(request, answer, sizeof(answer), &unknown);
}

bool cmd_create_core_path(const struct config *config, char path[CREATE_PATH_SIZE])
{
    char name[CONFIG_CORE_NAME_SIZE];

    return config_core_name(config, name, sizeof(name)) &&
           seam_file_path(name, path, CREATE_PATH_SIZE) == 0;
}

/* The console is connected before the first instruction, so that nothing of it is lost. */
static int step_console(struct creation *creation)
{
    const struct config *config = config_of(creation);
    char request[256], answer[64];

    snprintf(request, sizeof(request), "track %u %llu %u %s %s %s %s %s",
             (unsigned int)creation->built.domid, (unsigned long long)creation->built.console_frame,
             (unsigned int)creation->built.console_port, config->name,
             config_action_name(config->on_poweroff), config_action_name(config->on_reboot),
             config_action_name(config->on_crash), config_action_name(config->on_watchdog));
    if (session_console_simple(request, answer, sizeof(answer), creation->error) < 0) {
        return -1;
    }
    tell_image(creation);
    tell_core(creation);
    if (option(creation, "console") || option(creation, "foreground")) {
        snprintf(request, sizeof(request), "%s %u", option(creation, "console") ? "attach" : "wait",
                 (unsigned int)creation->built.domid);
        creation->console = session_console(request, creation->attached, sizeof(creation->attached),
                                            creation->error);
        if (creation->console < 0) {
            return -1;
        }
    }
    return 0;
}

static int step_disks(struct creation *creation)
{
    const struct config *config = config_of(creation);
    int result = 0;

    for (size_t i = 0; i < config->nr_disks && result == 0; i++) {
        result = disk_setup_attach(creation->store, creation->built.domid, &config->disks[i],
                                   creation->error);
    }
    return result;
}

static int step_network(struct creation *creation)
{
    const struct config *config = config_of(creation);

    for (size_t i = 0; i < config->nr_vifs; i++) {
        if (network_attach(creation->store, creation->built.domid, (unsigned int)i,
                           &config->vifs[i], creation->error) < 0) {
            return -1;
        }
    }
    return 0;
}

static int step_devices(struct creation *creation)
{
    const struct config *config = config_of(creation);
    int result = 0;

    for (size_t i = 0; i < config->nr_devices && result == 0; i++) {
        result = device_setup_attach(creation->store, creation->built.domid, &config->devices[i],
                                     creation->error);
    }
    return result;
}

static int step_run(struct creation *creation)
{
    int result = option(creation, "paused") ? 0 : domctl_unpause(creation->built.domid);

    creation->ready_ns = seam_now_ns();
    return result < 0 ? error_hypercall(creation->error, result, "cannot start domain '%s'",
                                        config_of(creation)->name)
                      : 0;
}

static void print_timing(const struct creation *creation)
{
    uint64_t built = 0;

    for (size_t i = 0; i < PHASE_COUNT; i++) {
        uint64_t ns = creation->built.phase_ns[i];

        fprintf(stderr, "  %-9s %8.2f ms\n", domain_build_phase_names[i], (double)ns / 1e6);
        built += ns;
    }
    fprintf(stderr, "  %-9s %8.2f ms\n", "store",
            (double)(creation->registered_ns - creation->started_ns - built) / 1e6);
    fprintf(stderr, "  %-9s %8.2f ms\n", "console",
            (double)(creation->ready_ns - creation->registered_ns) / 1e6);
    fprintf(stderr, "  %-9s %8.2f ms\n", "total",
            (double)(creation->ready_ns - creation->started_ns) / 1e6);
}

/* What a guest said last, for who did not attach to it. */
static void print_last_words(const char *name)
{
    struct error unknown = {.code = ERROR_NONE};
    char request[96], answer[8], bytes[512];
    ssize_t count;
    int stream;

    snprintf(request, sizeof(request), "tail %.64s", name);
    stream = session_console(request, answer, sizeof(answer), &unknown);
    if (stream < 0) {
        return;
    }
    while ((count = read(stream, bytes, sizeof(bytes))) > 0) {
        fwrite(bytes, 1, (size_t)count, stderr);
    }
    fputc('\n', stderr);
    close(stream);
}

/* After the domain runs: -c and -F stay with it. */
static int stay(struct creation *creation)
{
    const char *name = config_of(creation)->name;
    bool attached = option(creation, "console");
    enum terminal_end end = TERMINAL_ENDED;
    int result;
    char byte;

    if (creation->console < 0) {
        return EXIT_OK;
    }
    if (attached) {
        end = console_follow(creation->console, creation->attached, TERMINAL_SESSION_ESCAPE);
        creation->console = -1;
    } else {
        while (read(creation->console, &byte, 1) > 0) {
        }
        end = seam_cancelled() != 0 ? TERMINAL_CANCELLED : TERMINAL_ENDED;
    }
    if (end != TERMINAL_ENDED) {
        return end == TERMINAL_LEFT ? EXIT_OK : EXIT_FAILED;
    }
    result = fate_report(name, stderr, creation->error);
    if (result < 0 && !attached) {
        print_last_words(name);
    }
    return result;
}

/* What is needed to take a half-made domain back. */
struct remains {
    uint16_t domid;
    uint8_t uuid[DOMCTL_UUID_SIZE];
};

static void take_back(void *argument)
{
    struct remains *remains = argument;
    struct error unknown = {.code = ERROR_NONE};
    struct store *store;
    char request[48], answer[64];

    snprintf(request, sizeof(request), "destroy %u", (unsigned int)remains->domid);
    if (session_console_simple(request, answer, sizeof(answer), &unknown) < 0) {
        store = store_connect();
        if (store != NULL) {
            domain_register_release(store, remains->domid, remains->uuid);
            store_close(store);
        }
        domctl_destroy(remains->domid);
    }
    free(remains);
}

static void undo(struct creation *creation)
{
    struct remains *remains = creation->is_built ? calloc(1, sizeof(*remains)) : NULL;

    if (remains == NULL) {
        if (creation->is_built) {
            domctl_destroy(creation->built.domid);
        }
        return;
    }
    remains->domid = creation->built.domid;
    memcpy(remains->uuid, creation->request.uuid, sizeof(remains->uuid));
    /* A cancelled command can wait for nobody's answer any more: a thread of its own does. */
    if (seam_cancelled() == 0 || seam_thread_start("take back", take_back, remains) < 0) {
        take_back(remains);
    }
}

static void close_images(struct creation *creation)
{
    kernel_payload_close(creation->payload);
    creation->payload = NULL;
    if (creation->kernel >= 0) {
        close(creation->kernel);
    }
    if (creation->ramdisk >= 0) {
        close(creation->ramdisk);
    }
    creation->kernel = creation->ramdisk = -1;
}

static void creation_close(struct creation *creation)
{
    close_images(creation);
    if (creation->console >= 0) {
        close(creation->console);
    }
    store_close(creation->store);
    if (creation->file.file.text != NULL) {
        config_file_close(&creation->file);
    }
    free(creation);
}

/* A step that failed because the user gave up says so. */
static int interrupted(struct creation *creation)
{
    if (seam_cancelled() != 0) {
        creation->error->code = ERROR_NONE;
        error_set(creation->error, ERROR_INTERRUPTED, "creating '%s' was interrupted",
                  config_of(creation)->name);
    }
    return -1;
}

/* From a loaded configuration to a domain that runs. */
static int make(struct creation *creation)
{
    static int (*const steps[])(struct creation *) = {step_build,   step_console, step_disks,
                                                      step_network, step_devices, step_run};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i](creation) < 0) {
            undo(creation);
            return interrupted(creation);
        }
        /* Before it runs, since it may end at once. */
        if (steps[i] == step_console) {
            keeper_remember(creation->request.uuid, &creation->file, creation->words);
        }
    }
    return 0;
}

static int create(struct creation *creation)
{
    if (step_configuration(creation) < 0 || step_request(creation) < 0) {
        return -1;
    }
    if (option(creation, "dry-run")) {
        return dry_run(creation);
    }
    if (make(creation) < 0) {
        return -1;
    }
    /* The images are loaded; -c and -F may stay for long. */
    close_images(creation);
    if (option(creation, "timing")) {
        print_timing(creation);
    }
    return stay(creation);
}

int cmd_create_again(struct config_file *file, char *const *words, const char *core,
                     struct error *error)
{
    static const struct command_call no_options;
    struct creation *creation = calloc(1, sizeof(*creation));
    int result;

    if (creation == NULL) {
        config_file_close(file);
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    creation->call = &no_options;
    creation->error = error;
    creation->file = *file;
    creation->words = words;
    creation->core = core;
    creation->kernel = creation->ramdisk = creation->console = -1;
    creation->started_ns = seam_now_ns();
    result = step_request(creation) < 0 ? -1 : make(creation);
    creation_close(creation);
    return result;
}

int cmd_create(const struct command_call *call, struct error *error)
{
    struct creation *creation = calloc(1, sizeof(*creation));
    int result;

    if (creation == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    creation->call = call;
    creation->error = error;
    creation->kernel = creation->ramdisk = creation->console = -1;
    creation->started_ns = seam_now_ns();
    result = create(creation);
    creation_close(creation);
    return result;
}
