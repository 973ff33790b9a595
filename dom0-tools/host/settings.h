/* SPDX-License-Identifier: MIT */
/*
 * Where things are: the state directory, the machine's images, the share, QEMU.
 * Owns: the names of files in the state directory, and the one struct settings.
 * Invariant: HS1 sockets are reached by a relative name from inside the state directory, so that a
 * deep home directory cannot exceed the 100 bytes that every system allows a socket's path.
 * Read next: state.h, machine.h.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#define SETTINGS_PATH_MAX 4096

#define SETTINGS_CLIENT_SOCKET  "pvctl.sock"
#define SETTINGS_CHANNEL_SOCKET "channel.sock"
#define SETTINGS_MONITOR_SOCKET "monitor.sock"
#define SETTINGS_CONSOLE_SOCKET "console.sock"
#define SETTINGS_LOCK           "lock"
#define SETTINGS_ACCELERATOR    "accelerator"
#define SETTINGS_HYPERVISOR_LOG "hypervisor.log"
#define SETTINGS_CONSOLE_LOG    "console.log"
#define SETTINGS_QEMU_LOG       "qemu.log"
#define SETTINGS_LAST_END       "last-end"

/* The machine's images, by the names they have (as links) in the state directory. */
enum settings_image { IMAGE_XENLIKE, IMAGE_DOM0, IMAGE_INITRD, NR_IMAGES };
extern const char *const settings_image_names[NR_IMAGES];

struct settings {
    char state[SETTINGS_PATH_MAX];             /* absolute, exists after settings_make_state */
    char share[SETTINGS_PATH_MAX];             /* absolute, no symbolic links */
    char qemu[SETTINGS_PATH_MAX];              /* "" when not found */
    char images[NR_IMAGES][SETTINGS_PATH_MAX]; /* absolute; may not exist */
    char accelerator[16];                      /* "auto", "tcg", "kvm" … */
    char disks[SETTINGS_PATH_MAX];             /* absolute, ':' between them; the machine's own */
    char append[256];                          /* the hypervisor's command line */
    unsigned int memory_mib;
    unsigned int boot_timeout_ms;
};

/* argv[0], by which the images are found. To be told before settings_get. */
void settings_set_program(const char *program);
const char *settings_program(void);

/*
 * The settings of this process, filled at the first call from the environment: XENLIKE_STATE or
 * XDG_STATE_HOME or HOME for the state directory, XENLIKE_QEMU, XENLIKE_IMAGES, XENLIKE_ACCEL,
 * XENLIKE_APPEND (the hypervisor's command line), XENLIKE_BOOT_TIMEOUT (seconds). NULL after a message.
 */
struct settings *settings_get(void);

/* Makes the state directory, for its owner only. 0, or -1 after a message. */
int settings_make_state(const struct settings *settings);

/* The share for a machine started from the current directory; `wanted` may be NULL. 0, or -1. */
int settings_choose_share(struct settings *settings, const char *wanted);

/* Files or block devices of the host that become disks of the machine; `wanted` has ':' between them.
 * 0, or -1 after a message. */
int settings_choose_disks(struct settings *settings, const char *wanted);

/* 0 when QEMU and every image are there, else -1 after a message with what to do. */
int settings_check_machine(const struct settings *settings);

/* Looks for a program like a shell does. false when it is not there. */
bool settings_find_program(const char *name, char *path, size_t size);

/* Joins two parts with a slash. false when it does not fit. */
bool settings_join(char *out, size_t size, const char *first, const char *second);

#endif
