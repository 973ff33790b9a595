/* SPDX-License-Identifier: MIT */
/*
 * A machine of its own for one script (see script_machine.h).
 * Owns: the directory of the run: QEMU's links, the RAM disk, the report; removed at the end.
 */
#include "script_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "message.h"
#include "script_files.h"
#include "supervisor.h"

#define REPORT      "report.json"
#define ERRORS      "qemu.log"
#define REPORT_PORT "0xea"

#define DOM0_MIB    64u /* what dom0 takes unless told */
#define SPARE_MIB   64u /* what the hypervisor and a guest or two need beside it */
#define MIB         (1024u * 1024u)
#define HOST_FACTOR 20 /* the host waits so much longer than the machine's own limit … */
#define HOST_SPARE  30 /* … and so many seconds, before it takes the machine for dead */

struct script_machine {
    char directory[SETTINGS_PATH_MAX];
    char memory[16], append[320], initrd[160];
    pid_t qemu;
    int output;
    bool is_late;
};

static volatile sig_atomic_t was_interrupted;

static void on_signal(int number)
{
    (void)number;
    was_interrupted = 1;
}

static bool in_directory(const struct script_machine *machine, const char *name, char *path)
{
    return settings_join(path, SETTINGS_PATH_MAX, machine->directory, name);
}

static void remove_directory(const struct script_machine *machine)
{
    static const char *const names[] = {"xenlike", "dom0.elf", "initrd.cpio", REPORT, ERRORS};
    char path[SETTINGS_PATH_MAX];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (in_directory(machine, names[i], path)) {
            unlink(path);
        }
    }
    rmdir(machine->directory);
}

static int make_directory(struct script_machine *machine, const struct settings *settings)
{
    char path[SETTINGS_PATH_MAX];

    if (settings_make_state(settings) != 0 ||
        !settings_join(machine->directory, sizeof(machine->directory), settings->state,
                       "script-XXXXXX") ||
        mkdtemp(machine->directory) == NULL) {
        message_error("cannot make a directory in %s: %s", settings->state, strerror(errno));
        return EXIT_FAILED;
    }
    for (int i = 0; i < IMAGE_INITRD; i++) {
        if (!in_directory(machine, settings_image_names[i], path) ||
            symlink(settings->images[i], path) != 0) {
            message_error("cannot make %s: %s", path, strerror(errno));
            return EXIT_FAILED;
        }
    }
    return EXIT_OK;
}

/* dom0's memory holds the RAM disk, and a copy of each file in it that a guest writes to. */
static int choose_memory(struct script_machine *machine, struct settings *settings,
                         const struct script_run *run, const struct script_files_size *size)
{
    uint64_t files = (size->archive + size->writable + MIB - 1) / MIB;
    uint64_t dom0 = DOM0_MIB + (files > 8 ? (files + 7) / 4 * 4 : 0);
    uint64_t least = dom0 + files + SPARE_MIB;
    const char *append = getenv("XENLIKE_APPEND");

    if (settings->memory_mib < least && (run->memory_is_wanted || least > 65536)) {
        message_error("%u MiB are not enough for this script and its files", settings->memory_mib);
        message_hint("`--memory %llu` is, and more for the guests", (unsigned long long)least);
        return EXIT_RESOURCES;
    }
    snprintf(
        machine->memory, sizeof(machine->memory), "%llu",
        (unsigned long long)(settings->memory_mib < least ? least + 256 : settings->memory_mib));
    snprintf(machine->append, sizeof(machine->append), "dom0_mem=%lluM %s",
             (unsigned long long)dom0, append != NULL ? append : "");
    snprintf(machine->initrd, sizeof(machine->initrd),
             "dom0.elf script=/" SCRIPT_FILES_SCRIPT " share=off channel=off network=off"
             " report=" REPORT_PORT " seed=%s limit=%u,initrd.cpio",
             run->seed, run->limit_s);
    return EXIT_OK;
}

/* In the child: QEMU. Only returns when that failed. */
static void become_qemu(const struct script_machine *machine, const struct settings *settings,
                        const struct script_run *run, int output)
{
    const char *common[] = {settings->qemu,
                            "-M",
                            "pc",
                            "-accel",
                            "tcg",
                            "-m",
                            machine->memory,
                            "-nodefaults",
                            "-no-user-config",
                            "-display",
                            "none",
                            "-no-reboot",
                            "-kernel",
                            "xenlike",
                            "-append",
                            machine->append,
                            "-initrd",
                            machine->initrd,
                            "-chardev",
                            "stdio,id=console,signal=off",
                            "-device",
                            "isa-debugcon,iobase=0xe9,chardev=console",
                            "-chardev",
                            "file,id=report,path=" REPORT,
                            "-device",
                            "isa-debugcon,iobase=" REPORT_PORT ",chardev=report",
                            "-cpu"};
    const char *exact[] = {"max,-smap,-erms,-x2apic",
                           "-icount",
                           "shift=0,sleep=off",
                           "-rtc",
                           "base=2026-01-01,clock=vm",
                           "-seed",
                           run->seed};
    const char *arguments[48];
    size_t count = sizeof(common) / sizeof(common[0]);
    int errors, null = open("/dev/null", O_RDONLY);

    memcpy(arguments, common, sizeof(common));
    if (run->exact) {
        memcpy(arguments + count, exact, sizeof(exact));
        count += sizeof(exact) / sizeof(exact[0]);
    } else {
        arguments[count++] = "max,-smap";
    }
    arguments[count] = NULL;
    if (chdir(machine->directory) != 0) {
        return;
    }
    errors = open(ERRORS, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (errors < 0 || null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) {
        return;
    }
    execv(settings->qemu, (char *const *)arguments);
    fprintf(stderr, "%s: %s\n", settings->qemu, strerror(errno));
}

static int start(struct script_machine *machine, const struct settings *settings,
                 const struct script_run *run)
{
    struct sigaction action = {.sa_handler = on_signal};
    int ends[2];

    if (pipe(ends) != 0) {
        message_error("cannot start QEMU: %s", strerror(errno));
        return EXIT_FAILED;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    fflush(NULL);
    machine->qemu = fork();
    if (machine->qemu == 0) {
        close(ends[0]);
        become_qemu(machine, settings, run, ends[1]);
        _exit(127);
    }
    close(ends[1]);
    machine->output = ends[0];
    if (machine->qemu < 0) {
        message_error("cannot start QEMU: %s", strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

/* Passes the console on until QEMU ends, or until it must be ended. */
static void watch(struct script_machine *machine, const struct script_run *run)
{
    int64_t deadline =
        supervisor_now_ms() + ((int64_t)run->limit_s * HOST_FACTOR + HOST_SPARE) * 1000;
    struct pollfd entry = {.fd = machine->output, .events = POLLIN};
    char bytes[65536];
    ssize_t count = 1;

    while (count > 0 && !was_interrupted && !machine->is_late) {
        int64_t left = deadline - supervisor_now_ms();
        int ready = poll(&entry, 1, left > 60000 ? 60000 : left > 0 ? (int)left : 0);

        machine->is_late = ready == 0 && supervisor_now_ms() >= deadline;
        if (ready > 0) {
            count = read(machine->output, bytes, sizeof(bytes));
            if (count > 0) {
                fwrite(bytes, 1, (size_t)count, stdout);
                fflush(stdout);
            }
        }
    }
    close(machine->output);
    if (count > 0) {
        kill(machine->qemu, SIGKILL);
    }
    while (waitpid(machine->qemu, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* The report's last record decides; false when there is none. The whole report goes where the user wants it. */
static bool read_report(const struct script_machine *machine, const struct script_run *run,
                        int *status, unsigned long long *ticks)
{
    static const char end[] = "{\"event\": \"end\"";
    char path[SETTINGS_PATH_MAX], *line = NULL, why[16];
    size_t size = 0;
    unsigned int number;
    bool found = false;
    FILE *report = in_directory(machine, REPORT, path) ? fopen(path, "r") : NULL;
    FILE *copy = run->report != NULL ? fopen(run->report, "w") : NULL;

    if (run->report != NULL && copy == NULL) {
        message_error("cannot write the report %s: %s", run->report, strerror(errno));
    }
    while (report != NULL && getline(&line, &size, report) > 0) {
        if (strncmp(line, end, sizeof(end) - 1) == 0) {
            found = sscanf(line + sizeof(end) - 1,
                           ", \"why\": \"%15[a-z]\", \"line\": %u, \"status\": %d, \"ticks\": %llu",
                           why, &number, status, ticks) == 4;
        }
        if (copy != NULL) {
            fputs(line, copy);
        }
    }
    free(line);
    if (report != NULL) {
        fclose(report);
    }
    if (copy != NULL) {
        fclose(copy);
    }
    return found;
}

static void show_errors(const struct script_machine *machine)
{
    char path[SETTINGS_PATH_MAX], line[512];
    FILE *file = in_directory(machine, ERRORS, path) ? fopen(path, "r") : NULL;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        message_hint("%s", line);
    }
    if (file != NULL) {
        fclose(file);
    }
}

static int explain(const struct script_machine *machine, const struct script_run *run)
{
    unsigned long long ticks;
    int status;
    bool has_ended = read_report(machine, run, &status, &ticks);

    if (was_interrupted) {
        message_error("interrupted");
        return 130;
    }
    if (has_ended) {
        message_note("the script ended with status %d after %llu ticks", status, ticks);
        return status;
    }
    if (machine->is_late) {
        message_error("the machine does not answer any more: ended");
        return EXIT_TIMEOUT;
    }
    message_error("the machine ended before the script did");
    show_errors(machine);
    return EXIT_FAILED;
}

int script_machine_run(struct settings *settings, const struct script_run *run)
{
    static struct script_machine machine;
    struct script_files_size size;
    char initrd[SETTINGS_PATH_MAX];
    int status = settings_check_machine(settings) == 0 ? make_directory(&machine, settings)
                                                       : (int)EXIT_RESOURCES;

    if (status == EXIT_OK && !in_directory(&machine, "initrd.cpio", initrd)) {
        status = EXIT_FAILED;
    }
    if (status == EXIT_OK) {
        status = script_files_pack(initrd, settings->images[IMAGE_INITRD], run->script, run->seed,
                                   &size);
    }
    if (status == EXIT_OK) {
        status = choose_memory(&machine, settings, run, &size);
    }
    if (status == EXIT_OK) {
        status = start(&machine, settings, run);
    }
    if (status == EXIT_OK) {
        watch(&machine, run);
        status = explain(&machine, run);
    }
    if (machine.directory[0] != '\0') {
        remove_directory(&machine);
    }
    return status;
}
