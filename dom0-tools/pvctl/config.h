/* SPDX-License-Identifier: MIT */
/*
 * config.h: a domain's configuration, typed and checked. The keys are xl's; every key is either
 * served, or refused by name; nothing is ignored.
 * Owns: struct config and the texts in it.
 * Invariant CFG3: config_load gives either a whole configuration or at least one problem.
 * Works offline: no machine is needed, files it names are not opened here.
 * Read next: config_keys.c for the table of keys.
 */
#ifndef PVCTL_CONFIG_H
#define PVCTL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "dom0-tools/pvctl/config_document.h"

#define CONFIG_MAX_DISKS       16u
#define CONFIG_MAX_VIFS        8u
#define CONFIG_MAX_DEVICES     16u
#define CONFIG_MAX_DEVICE_KEYS 16u
#define CONFIG_MAX_FILES       (2u + CONFIG_MAX_DISKS)
#define CONFIG_MAX_VCPUS       32u

enum config_action {
    ACTION_DESTROY,
    ACTION_RESTART,
    ACTION_RENAME_RESTART,
    ACTION_PRESERVE,
    ACTION_COREDUMP_DESTROY,
    ACTION_COREDUMP_RESTART
};

struct config_disk {
    struct config_span span;
    char *target;
    char vdev[16];
    bool writable;
    bool cdrom;
    bool of_machine; /* the target is one of dom0's own disks, no file of the user's */
};

struct config_vif {
    struct config_span span;
    char mac[18]; /* empty: choose one */
    char bridge[32];
    char ip[48];
    char vifname[16];
    uint64_t rate; /* bytes a second, 0: unlimited */
    unsigned int mtu;
};

/* A device of any type. Its texts are one malloc'ed block, freed by config_device_free. */
struct config_device {
    struct config_span span;
    char *text;
    const char *type;
    const char *backend; /* the domain of the back end; NULL: Domain-0 */
    int id;              /* -1: the first that is free */
    struct {
        const char *key, *value;
        bool front; /* for the front end's directory, else for the back end's */
    } keys[CONFIG_MAX_DEVICE_KEYS];
    size_t nr_keys;
};

struct config {
    struct config_document document;
    char *name;
    char *kernel;
    char *ramdisk;      /* NULL: none */
    char *command_line; /* never NULL */
    uint64_t memory_kib, max_memory_kib;
    uint64_t nr_vcpus, max_vcpus;
    char *cpus; /* NULL: any */
    uint8_t uuid[16];
    bool has_uuid;
    enum config_action on_poweroff, on_reboot, on_crash, on_watchdog;
    uint64_t cpu_weight, cap; /* 0: not set */
    uint64_t max_grant_frames, max_event_channels;
    struct config_disk disks[CONFIG_MAX_DISKS];
    size_t nr_disks;
    struct config_vif vifs[CONFIG_MAX_VIFS];
    size_t nr_vifs;
    struct config_device devices[CONFIG_MAX_DEVICES];
    size_t nr_devices;
};

/*
 * Parse and check a file's text plus the key=value words of a command line (NULL-terminated; each
 * replaces, or with += extends, what the file says). Sources are kept by reference: the file's must
 * outlive the configuration, the words' source is written into *words_source, whose text is
 * malloc'ed and freed by config_free with the rest. Returns 0, or -1 with problems. Call
 * config_free either way.
 */
int config_load(const struct config_source *file, char *const *words,
                struct config_source *words_source, struct config *config,
                struct config_problems *problems);
void config_free(struct config *config, struct config_source *words_source);

/* The files of the user's that a configuration names (kernel, ramdisk, disks); returns how many. */
size_t config_files(const struct config *config, const char *files[CONFIG_MAX_FILES]);

const char *config_action_name(enum config_action action);

/* The core file that the domain leaves in the current directory, when its end calls for one: NAME.core. */
#define CONFIG_CORE_NAME_SIZE 80
bool config_core_name(const struct config *config, char *name, size_t size);

/* "512", "512M", "1G", "65536K": KiB of a size; a bare number is MiB. -1: it is none. */
int config_parse_size(const char *text, uint64_t *kib);

/* ---- for config_keys.c and config_devices.c
 * ------------------------------------------------------ */

int config_disk_parse(const struct config_value *value, struct config_disk *disk,
                      struct config_problems *problems);
int config_vif_parse(const struct config_value *value, struct config_vif *vif,
                     struct config_problems *problems);
/* The device is to be freed either way. */
int config_device_parse(const struct config_value *value, struct config_device *device,
                        struct config_problems *problems);
void config_device_free(struct config_device *device);
/* Give every key that the document sets its place in the configuration. */
int config_keys_apply(struct config *config, struct config_problems *problems);

#endif
