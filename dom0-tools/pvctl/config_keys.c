/* SPDX-License-Identifier: MIT */
/*
 * config_keys.c: the table of keys: what each is called, which type it has, where it goes. Keys
 * that xl knows and we do not serve are in a table of their own, to be refused by name. Owns: both
 * tables. Invariant CFG3 (config.h). Read next: config_devices.c for `disk' and `vif', config_device.c for
 * `device'.
 */
#include "dom0-tools/pvctl/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct key;
typedef int (*key_setter_t)(const struct key *key, const struct config_value *value,
                            struct config *config, struct config_problems *problems);

struct key {
    const char *name;
    key_setter_t set;
    size_t offset;
    uint64_t low, high; /* numbers */
};

static int wrong_kind(const struct key *key, const struct config_value *value, const char *wanted,
                      struct config_problems *problems)
{
    return config_problem_add(problems, &value->span, "`%s' takes %s", key->name, wanted);
}

static int set_text(const struct key *key, const struct config_value *value, struct config *config,
                    struct config_problems *problems)
{
    char **place = (char **)(void *)((char *)config + key->offset);

    if (value->kind != CONFIG_TEXT) {
        return wrong_kind(key, value, "a \"text\"", problems);
    }
    free(*place);
    *place = strdup(value->text);
    return *place != NULL ? 0 : config_problem_add(problems, &value->span, "out of memory");
}

static int set_number(const struct key *key, const struct config_value *value,
                      struct config *config, struct config_problems *problems)
{
    uint64_t number = value->number;

    if (value->kind != CONFIG_NUMBER) {
        wrong_kind(key, value, "a number", problems);
        return value->kind == CONFIG_TEXT ? config_problem_hint(problems, "write it without quotes")
                                          : -1;
    }
    if (number < key->low || number > key->high) {
        return config_problem_add(problems, &value->span, "`%s' must be between %llu and %llu",
                                  key->name, (unsigned long long)key->low,
                                  (unsigned long long)key->high);
    }
    memcpy((char *)config + key->offset, &number, sizeof(number));
    return 0;
}

static int set_size(const struct key *key, const struct config_value *value, struct config *config,
                    struct config_problems *problems)
{
    uint64_t kib;

    if (value->kind == CONFIG_NUMBER) {
        kib = value->number <= UINT64_MAX / 1024 ? value->number * 1024 : UINT64_MAX;
    } else if (value->kind != CONFIG_TEXT || config_parse_size(value->text, &kib) < 0) {
        wrong_kind(key, value, "MiB, or a size with a unit", problems);
        return config_problem_hint(problems, "for example 64, \"64M\" or \"1G\"");
    }
    if (kib < key->low || kib > key->high) {
        return config_problem_add(problems, &value->span, "`%s' must be between %llu MiB and %llu",
                                  key->name, (unsigned long long)(key->low / 1024),
                                  (unsigned long long)(key->high / 1024));
    }
    memcpy((char *)config + key->offset, &kib, sizeof(kib));
    return 0;
}

static const char *const action_names[] = {"destroy",  "restart",          "rename-restart",
                                           "preserve", "coredump-destroy", "coredump-restart",
                                           NULL};

const char *config_action_name(enum config_action action)
{
    return action_names[action];
}

bool config_core_name(const struct config *config, char *name, size_t size)
{
    const enum config_action actions[] = {config->on_poweroff, config->on_reboot, config->on_crash,
                                          config->on_watchdog};
    bool wanted = false;

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        wanted = wanted || actions[i] == ACTION_COREDUMP_DESTROY ||
                 actions[i] == ACTION_COREDUMP_RESTART;
    }
    return wanted && config->name != NULL && strchr(config->name, '/') == NULL &&
           snprintf(name, size, "%s.core", config->name) < (int)size;
}

static int set_action(const struct key *key, const struct config_value *value,
                      struct config *config, struct config_problems *problems)
{
    const char *near;

    if (value->kind != CONFIG_TEXT) {
        return wrong_kind(key, value, "the name of an action, in quotes", problems);
    }
    for (unsigned int i = 0; action_names[i] != NULL; i++) {
        if (strcmp(action_names[i], value->text) == 0) {
            enum config_action action = (enum config_action)i;

            memcpy((char *)config + key->offset, &action, sizeof(action));
            return 0;
        }
    }
    config_problem_add(problems, &value->span, "`%s' is no action", value->text);
    near = config_problem_nearest(value->text, action_names);
    return near != NULL
               ? config_problem_hint(problems, "did you mean `%s'?", near)
               : config_problem_hint(problems, "destroy, restart, rename-restart or preserve");
}

static int set_type(const struct key *key, const struct config_value *value, struct config *config,
                    struct config_problems *problems)
{
    (void)config;
    if (value->kind != CONFIG_TEXT) {
        return wrong_kind(key, value, "\"pv\"", problems);
    }
    if (strcmp(value->text, "pv") != 0) {
        config_problem_add(problems, &value->span, "only type \"pv\" is served, not \"%.20s\"",
                           value->text);
        return -1;
    }
    return 0;
}

static int set_name(const struct key *key, const struct config_value *value, struct config *config,
                    struct config_problems *problems)
{
    size_t length;

    if (set_text(key, value, config, problems) < 0) {
        return -1;
    }
    length = strlen(value->text);
    if (length == 0 || length > 63 ||
        strspn(value->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "_-+.:") != length) {
        return config_problem_add(problems, &value->span,
                                  "a name has 1 to 63 letters, digits, or any of _ - + . :");
    }
    if (strspn(value->text, "0123456789") == length) {
        config_problem_add(problems, &value->span, "a name of digits would look like an id");
        return config_problem_hint(problems, "add a letter");
    }
    return 0;
}

static int uuid_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

    return c != '\0' && found != NULL ? (int)(found - digits) : -1;
}

/* Until there are several CPUs to choose from, only the whole set and its one member are served. */
static int set_cpus(const struct key *key, const struct config_value *value, struct config *config,
                    struct config_problems *problems)
{
    if (set_text(key, value, config, problems) < 0) {
        return -1;
    }
    if (strcmp(value->text, "all") != 0 && strcmp(value->text, "0") != 0) {
        config_problem_add(problems, &value->span, "there is no CPU but 0 to run on");
        return config_problem_hint(problems, "cpus = \"all\"");
    }
    return 0;
}

static int set_uuid(const struct key *key, const struct config_value *value, struct config *config,
                    struct config_problems *problems)
{
    size_t nibbles = 0;

    if (value->kind != CONFIG_TEXT) {
        return wrong_kind(key, value, "a UUID in quotes", problems);
    }
    for (const char *at = value->text; *at != '\0' && nibbles <= 32; at++) {
        int digit = uuid_digit(*at);

        if (*at == '-') {
            continue;
        }
        if (digit < 0 || nibbles == 32) {
            nibbles = 33;
            break;
        }
        config->uuid[nibbles / 2] = (uint8_t)(config->uuid[nibbles / 2] << 4 | digit);
        nibbles++;
    }
    if (nibbles != 32) {
        config_problem_add(problems, &value->span, "this is no UUID");
        return config_problem_hint(problems, "8-4-4-4-12 hexadecimal digits");
    }
    config->has_uuid = true;
    return 0;
}

static int set_disks(const struct key *key, const struct config_value *value, struct config *config,
                     struct config_problems *problems)
{
    int result = 0;

    if (value->kind != CONFIG_LIST) {
        wrong_kind(key, value, "a list", problems);
        return config_problem_hint(problems, "disk = [ \"...\" ]");
    }
    config->nr_disks = 0;
    for (size_t i = 0; i < value->nr_items; i++) {
        if (config->nr_disks == CONFIG_MAX_DISKS) {
            return config_problem_add(problems, &value->items[i].span, "at most %u disks",
                                      CONFIG_MAX_DISKS);
        }
        if (config_disk_parse(&value->items[i], &config->disks[config->nr_disks], problems) < 0) {
            result = -1;
        }
        config->nr_disks++;
    }
    return result;
}

/* The last interface has an address of its own. */
static int refuse_same_mac(const struct config *config, const struct config_span *span,
                           struct config_problems *problems)
{
    const char *mac = config->vifs[config->nr_vifs].mac;

    for (size_t i = 0; mac[0] != '\0' && i < config->nr_vifs; i++) {
        if (strcasecmp(config->vifs[i].mac, mac) == 0) {
            config_problem_add(problems, span, "interface %zu has this address, too: %s", i, mac);
            return config_problem_hint(problems, "without `mac' each gets one of its own");
        }
    }
    return 0;
}

static int set_vifs(const struct key *key, const struct config_value *value, struct config *config,
                    struct config_problems *problems)
{
    int result = 0;

    if (value->kind != CONFIG_LIST) {
        wrong_kind(key, value, "a list", problems);
        return config_problem_hint(problems, "vif = [ '' ]");
    }
    config->nr_vifs = 0;
    for (size_t i = 0; i < value->nr_items; i++) {
        if (config->nr_vifs == CONFIG_MAX_VIFS) {
            return config_problem_add(problems, &value->items[i].span, "at most %u interfaces",
                                      CONFIG_MAX_VIFS);
        }
        if (config_vif_parse(&value->items[i], &config->vifs[config->nr_vifs], problems) < 0 ||
            refuse_same_mac(config, &value->items[i].span, problems) < 0) {
            result = -1;
        }
        config->nr_vifs++;
    }
    return result;
}

static int set_devices(const struct key *key, const struct config_value *value,
                       struct config *config, struct config_problems *problems)
{
    int result = 0;

    if (value->kind != CONFIG_LIST) {
        wrong_kind(key, value, "a list", problems);
        return config_problem_hint(problems, "device = [ 'hello,backend=driver' ]");
    }
    while (config->nr_devices > 0) {
        config_device_free(&config->devices[--config->nr_devices]);
    }
    for (size_t i = 0; i < value->nr_items; i++) {
        if (config->nr_devices == CONFIG_MAX_DEVICES) {
            return config_problem_add(problems, &value->items[i].span, "at most %u devices",
                                      CONFIG_MAX_DEVICES);
        }
        if (config_device_parse(&value->items[i], &config->devices[config->nr_devices++],
                                problems) < 0) {
            result = -1;
        }
    }
    return result;
}

/* root and extra go into the command line; they are looked up by config.c. */
static int set_line_part(const struct key *key, const struct config_value *value,
                         struct config *config, struct config_problems *problems)
{
    (void)config;
    return value->kind == CONFIG_TEXT ? 0 : wrong_kind(key, value, "a \"text\"", problems);
}

#define AT(member) offsetof(struct config, member)
#define MIB        1024ull

static const struct key keys[] = {
    {"name", set_name, AT(name), 0, 0},
    {"type", set_type, 0, 0, 0},
    {"kernel", set_text, AT(kernel), 0, 0},
    {"ramdisk", set_text, AT(ramdisk), 0, 0},
    {"cmdline", set_line_part, 0, 0, 0},
    {"extra", set_line_part, 0, 0, 0},
    {"root", set_line_part, 0, 0, 0},
    {"memory", set_size, AT(memory_kib), 1 * MIB, (1ull << 24) * MIB},
    {"maxmem", set_size, AT(max_memory_kib), 1 * MIB, (1ull << 24) * MIB},
    {"vcpus", set_number, AT(nr_vcpus), 1, CONFIG_MAX_VCPUS},
    {"maxvcpus", set_number, AT(max_vcpus), 1, CONFIG_MAX_VCPUS},
    {"cpus", set_cpus, AT(cpus), 0, 0},
    {"uuid", set_uuid, 0, 0, 0},
    {"on_poweroff", set_action, AT(on_poweroff), 0, 0},
    {"on_reboot", set_action, AT(on_reboot), 0, 0},
    {"on_crash", set_action, AT(on_crash), 0, 0},
    {"on_watchdog", set_action, AT(on_watchdog), 0, 0},
    {"cpu_weight", set_number, AT(cpu_weight), 1, 65535},
    {"cap", set_number, AT(cap), 0, 100 * CONFIG_MAX_VCPUS},
    {"max_grant_frames", set_number, AT(max_grant_frames), 1, 1024},
    {"max_event_channels", set_number, AT(max_event_channels), 16, 131071},
    {"disk", set_disks, 0, 0, 0},
    {"vif", set_vifs, 0, 0, 0},
    {"device", set_devices, 0, 0, 0},
};

static const char *const known_to_xl[] = {"acpi",
                                          "acpi_firmware",
                                          "altp2m",
                                          "apic",
                                          "audio",
                                          "bios",
                                          "blkdev_start",
                                          "boot",
                                          "bootloader",
                                          "bootloader_args",
                                          "builder",
                                          "channel",
                                          "claim_mode",
                                          "cpuid",
                                          "cpus_soft",
                                          "device_tree",
                                          "devtype",
                                          "dm_restrict",
                                          "driver_domain",
                                          "e820_host",
                                          "event_channels",
                                          "firmware",
                                          "gfx_passthru",
                                          "hap",
                                          "hpet",
                                          "init_seclabel",
                                          "ioports",
                                          "iomem",
                                          "irqs",
                                          "keymap",
                                          "localtime",
                                          "max_grant_version",
                                          "max_maptrack_frames",
                                          "msr_relaxed",
                                          "nestedhvm",
                                          "nographic",
                                          "nomigrate",
                                          "numa_placement",
                                          "p9",
                                          "pae",
                                          "passthrough",
                                          "pci",
                                          "pci_msitranslate",
                                          "pci_permissive",
                                          "pci_power_mgmt",
                                          "pci_seize",
                                          "pool",
                                          "pvcalls",
                                          "pvh",
                                          "pvshim",
                                          "rtc_timeoffset",
                                          "sched",
                                          "sdl",
                                          "seclabel",
                                          "serial",
                                          "shadow_memory",
                                          "soundhw",
                                          "spice",
                                          "stdvga",
                                          "suppress_spurious_page_faults",
                                          "timer_mode",
                                          "tpm",
                                          "trace",
                                          "tsc_mode",
                                          "usb",
                                          "usbdev",
                                          "usbctrl",
                                          "usbdevice",
                                          "vfb",
                                          "vga",
                                          "videoram",
                                          "viommu",
                                          "viridian",
                                          "vnc",
                                          "vnclisten",
                                          "vncpasswd",
                                          "vnuma",
                                          "vpmu",
                                          "vtpm",
                                          "vuart",
                                          "xen_platform_pci",
                                          "nodes",
                                          "vkb",
                                          "vdispl",
                                          "vsnd",
                                          "virtio",
                                          "on_soft_reset",
                                          "on_xend_start",
                                          "on_xend_stop",
                                          "device_model_version",
                                          "device_model_override",
                                          "xenstore",
                                          NULL};

static const struct key *key_find(const char *name)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

static int unknown_key(const struct config_setting *setting, struct config_problems *problems)
{
    const char *names[sizeof(keys) / sizeof(keys[0]) + 1];
    const char *near;
    size_t count = sizeof(keys) / sizeof(keys[0]);

    for (size_t i = 0; known_to_xl[i] != NULL; i++) {
        if (strcmp(known_to_xl[i], setting->name) == 0) {
            config_problem_add(problems, &setting->name_span, "`%s' is not served here",
                               setting->name);
            return config_problem_hint(problems, "xl knows this key; remove it to go on");
        }
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = keys[i].name;
    }
    names[count] = NULL;
    config_problem_add(problems, &setting->name_span, "there is no key `%s'", setting->name);
    near = config_problem_nearest(setting->name, names);
    return near != NULL ? config_problem_hint(problems, "did you mean `%s'?", near) : -1;
}

int config_keys_apply(struct config *config, struct config_problems *problems)
{
    int result = 0;

    for (size_t i = 0; i < config->document.nr_settings; i++) {
        const struct config_setting *setting = &config->document.settings[i];
        const struct key *key = key_find(setting->name);

        if (key == NULL) {
            result = unknown_key(setting, problems);
        } else if (key->set(key, &setting->value, config, problems) < 0) {
            result = -1;
        }
    }
    return result;
}
