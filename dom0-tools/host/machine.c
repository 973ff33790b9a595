/* SPDX-License-Identifier: MIT */
/*
 * The machine: QEMU's command line, its process, its monitor. See machine.h.
 * Invariant: HM1, HM2.
 *
 * A user's path may hold a comma or a space: QEMU's -fsdev wants commas doubled, and its multiboot
 * loader ends a module's name at the first space. So images are links with plain names in the state
 * directory, and only the share's path is escaped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "machine.h"
#include "state.h"

#define ARGUMENTS_MAX 64

struct command_line {
    char *arguments[ARGUMENTS_MAX + 1];
    int count;
};

static void add(struct command_line *line, const char *argument)
{
    if (line->count < ARGUMENTS_MAX) {
        line->arguments[line->count++] = strdup(argument);
    }
}

static void add_all(struct command_line *line, const char *const *arguments)
{
    for (; *arguments != NULL; arguments++) {
        add(line, *arguments);
    }
}

/* Commas in a file's name are doubled for QEMU. */
static size_t escape(char *option, const char *path, size_t length)
{
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (path[i] == ',') {
            option[used++] = ',';
        }
        option[used++] = path[i];
    }
    option[used] = '\0';
    return used;
}

static bool disk_is_writable(const char *path, size_t length)
{
    char *name = strndup(path, length);
    bool writable = name != NULL && access(name, W_OK) == 0;

    free(name);
    return writable;
}

/* The machine's own disks: the host's blocks that a guest gives back become holes again. */
static void add_disks(struct command_line *line, const char *disks)
{
    for (unsigned int i = 0; *disks != '\0'; i++) {
        size_t length = strcspn(disks, ":");
        char option[2 * SETTINGS_PATH_MAX + 128], device[64];
        int used =
            snprintf(option, sizeof(option),
                     "if=none,id=disk%u,format=raw,discard=unmap,detect-zeroes=off%s,file=", i,
                     disk_is_writable(disks, length) ? "" : ",read-only=on");

        escape(option + used, disks, length);
        snprintf(device, sizeof(device), "virtio-blk-pci,drive=disk%u,disable-legacy=on", i);
        add(line, "-drive");
        add(line, option);
        add(line, "-device");
        add(line, device);
        disks += length;
        disks += strspn(disks, ":");
    }
}

static void add_share(struct command_line *line, const char *share)
{
    static const char before[] = "local,id=share,security_model=none,path=";
    char option[sizeof(before) + 2 * SETTINGS_PATH_MAX];
    size_t used = sizeof(before) - 1;

    memcpy(option, before, used);
    escape(option + used, share, strlen(share));
    add(line, "-fsdev");
    add(line, option);
    add(line, "-device");
    add(line, "virtio-9p-pci,fsdev=share,mount_tag=share,disable-legacy=on");
}

static void build_command_line(struct command_line *line, const struct settings *settings,
                               const char *accelerator)
{
    static const char *const fixed[] = {
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-kernel",
        "xenlike",
        "-initrd",
        "dom0.elf,initrd.cpio",
        "-chardev",
        "file,id=hypervisor,path=" SETTINGS_HYPERVISOR_LOG,
        "-device",
        "isa-debugcon,iobase=0xe9,chardev=hypervisor",
        "-chardev",
        "socket,id=console,path=" SETTINGS_CONSOLE_SOCKET
        ",server=on,wait=off,logfile=" SETTINGS_CONSOLE_LOG,
        "-serial",
        "chardev:console",
        "-chardev",
        "socket,id=monitor,path=" SETTINGS_MONITOR_SOCKET ",server=on,wait=off",
        "-monitor",
        "chardev:monitor",
        "-device",
        "virtio-serial-pci,id=serial,disable-legacy=on",
        "-chardev",
        "socket,id=channel,path=" SETTINGS_CHANNEL_SOCKET ",server=on,wait=off",
        "-device",
        "virtserialport,bus=serial.0,chardev=channel,name=xenlike.channel",
        "-netdev",
        "user,id=net",
        "-device",
        "virtio-net-pci,netdev=net,disable-legacy=on,romfile=",
        NULL,
    };
    char memory[16], options[sizeof(settings->append) + 16];

    snprintf(memory, sizeof(memory), "%u", settings->memory_mib);
    add(line, settings->qemu);
    add(line, "-name");
    add(line, "xenlike");
    add(line, "-M");
    add(line, "pc");
    add(line, "-accel");
    add(line, accelerator);
    add(line, "-cpu");
    add(line, "max,-smap");
    add(line, "-m");
    add(line, memory);
    snprintf(options, sizeof(options), "dom0-restart %s", settings->append);
    add(line, "-append");
    add(line, options);
    add_all(line, fixed);
    add_share(line, settings->share);
    add_disks(line, settings->disks);
}

/* In the child: links, logs, then QEMU. Only returns when that failed. */
static void become_qemu(const struct settings *settings, struct command_line *line)
{
    int log, null;

    if (chdir(settings->state) != 0) {
        return;
    }
    for (int i = 0; i < NR_IMAGES; i++) {
        unlink(settings_image_names[i]);
        if (symlink(settings->images[i], settings_image_names[i]) != 0) {
            return;
        }
    }
    unlink(SETTINGS_HYPERVISOR_LOG);
    unlink(SETTINGS_CONSOLE_LOG);
    log = open(SETTINGS_QEMU_LOG, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    null = open("/dev/null", O_RDONLY);
    if (log < 0 || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) {
        return;
    }
    execv(line->arguments[0], line->arguments);
    fprintf(stderr, "%s: %s\n", line->arguments[0], strerror(errno));
}

pid_t machine_start(const struct settings *settings, const char *accelerator)
{
    struct command_line line = {.count = 0};
    pid_t child;

    build_command_line(&line, settings, accelerator);
    child = fork();
    if (child == 0) {
        become_qemu(settings, &line);
        _exit(127);
    }
    for (int i = 0; i < line.count; i++) {
        free(line.arguments[i]);
    }
    return child;
}

bool machine_has_printed(const struct settings *settings)
{
    char path[SETTINGS_PATH_MAX];
    struct stat log;

    return settings_join(path, sizeof(path), settings->state, SETTINGS_HYPERVISOR_LOG) &&
           stat(path, &log) == 0 && log.st_size > 0;
}

bool machine_quit(const struct settings *settings)
{
    static const char quit[] = "quit\n";
    int monitor = state_connect(settings, SETTINGS_MONITOR_SOCKET);
    bool asked;
    char reply[256];

    if (monitor < 0) {
        return false;
    }
    asked = write(monitor, quit, sizeof(quit) - 1) == (ssize_t)sizeof(quit) - 1;
    /* QEMU acts when it reads; hanging up earlier could lose the line. It ends, we see the end. */
    while (asked && read(monitor, reply, sizeof(reply)) > 0) {
    }
    close(monitor);
    return asked;
}

const char *machine_accelerator(const struct settings *settings, bool *is_trial)
{
    char path[SETTINGS_PATH_MAX];
    char word[16] = "";
    struct utsname host;
    FILE *file;

    *is_trial = false;
    if (strcmp(settings->accelerator, "auto") != 0) {
        return settings->accelerator;
    }
    if (settings_join(path, sizeof(path), settings->state, SETTINGS_ACCELERATOR)) {
        file = fopen(path, "r");
        if (file != NULL) {
            if (fscanf(file, "%15s", word) != 1) {
                word[0] = '\0';
            }
            fclose(file);
        }
    }
    if (strcmp(word, "kvm") == 0) {
        *is_trial = true;
        return "kvm";
    }
    if (strcmp(word, "tcg") != 0 && uname(&host) == 0 && strcmp(host.machine, "x86_64") == 0 &&
        access("/dev/kvm", R_OK | W_OK) == 0) {
        *is_trial = true;
        return "kvm";
    }
    return "tcg";
}

void machine_remember(const struct settings *settings, const char *accelerator)
{
    char path[SETTINGS_PATH_MAX];
    FILE *file;

    if (!settings_join(path, sizeof(path), settings->state, SETTINGS_ACCELERATOR)) {
        return;
    }
    file = fopen(path, "w");
    if (file != NULL) {
        fprintf(file, "%s\n", accelerator);
        fclose(file);
    }
}
