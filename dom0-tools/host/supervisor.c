/* SPDX-License-Identifier: MIT */
/*
 * The supervisor's life: lock, listen, start QEMU, greet dom0, poll, stop. See supervisor.h.
 * Owns: the phases and their deadlines.
 * Invariant: HS2 (state.h), HS3.
 * Read next: supervisor_frames.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "local_protocol.h"
#include "machine.h"
#include "message.h"
#include "state.h"
#include "supervisor.h"

#define CONNECT_RETRY_MS 5
/* An accelerator on trial: the hypervisor's first line, and dom0's answer, must have come by then.
 * With one that works they take 200 and 400 ms. */
#define TRIAL_LINE_MS   500
#define TRIAL_ANSWER_MS 2000
#define POWEROFF_MS     5000 /* dom0's time to end its guests */
#define KILL_MS         2000 /* QEMU's time after each signal */

static int signal_write_end = -1;

static void on_signal(int number)
{
    char byte = (char)number;
    int reason = errno;

    (void)!write(signal_write_end, &byte, 1);
    errno = reason;
}

int64_t supervisor_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void start_machine(struct supervisor *supervisor)
{
    supervisor->phase = PHASE_CONNECTING;
    supervisor->started_ms = supervisor_now_ms();
    supervisor->started_at = time(NULL);
    supervisor->kill_stage = 0;
    supervisor->deadline_ms =
        supervisor->started_ms +
        (supervisor->is_trial ? TRIAL_LINE_MS : (int64_t)supervisor->settings.boot_timeout_ms);
    supervisor->qemu = machine_start(&supervisor->settings, supervisor->accelerator);
    if (supervisor->qemu < 0) {
        supervisor->qemu = 0;
        supervisor_fail(supervisor, 5, "cannot start %s: %s", supervisor->settings.qemu,
                        strerror(errno));
    }
}

/* The accelerator under trial does not work: the same again with QEMU's own emulation. */
static void fall_back(struct supervisor *supervisor)
{
    if (supervisor->qemu != 0) {
        kill(supervisor->qemu, SIGKILL);
        waitpid(supervisor->qemu, NULL, 0);
        supervisor->qemu = 0;
    }
    connection_close(&supervisor->machine);
    supervisor->is_trial = false;
    snprintf(supervisor->accelerator, sizeof(supervisor->accelerator), "tcg");
    machine_remember(&supervisor->settings, "tcg");
    start_machine(supervisor);
}

static void connect_machine(struct supervisor *supervisor)
{
    int descriptor = state_connect(&supervisor->settings, SETTINGS_CHANNEL_SOCKET);

    if (descriptor < 0) {
        return;
    }
    if (!state_set_nonblocking(descriptor)) {
        close(descriptor);
        return;
    }
    connection_open(&supervisor->machine, descriptor);
    supervisor->phase = PHASE_GREETING;
    supervisor_greet_machine(supervisor);
}

void supervisor_stop(struct supervisor *supervisor)
{
    bool was_ready = supervisor->phase == PHASE_READY;

    if (supervisor->phase >= PHASE_STOPPING) {
        return;
    }
    supervisor->phase = PHASE_STOPPING;
    supervisor->deadline_ms = supervisor_now_ms() + POWEROFF_MS;
    if (!was_ready || connection_send(&supervisor->machine, CHANNEL_POWEROFF, 0, 0, NULL, 0) != 0) {
        supervisor->deadline_ms = supervisor_now_ms();
    }
    if (supervisor->qemu == 0) {
        supervisor->phase = PHASE_ENDED;
    }
}

void supervisor_fail(struct supervisor *supervisor, unsigned int code, const char *format, ...)
{
    uint8_t payload[2048];
    va_list arguments;
    size_t length;

    channel_encode_u32(payload, code);
    va_start(arguments, format);
    vsnprintf((char *)payload + 4, sizeof(payload) - 4, format, arguments);
    va_end(arguments);
    length = 4 + strlen((const char *)payload + 4) + 1;
    if (supervisor->phase == PHASE_READY) {
        state_keep_end(&supervisor->settings, (const char *)payload + 4);
    }
    for (int i = 0; i < SUPERVISOR_CLIENTS_MAX; i++) {
        struct supervisor_client *client = &supervisor->clients[i];

        if (connection_is_open(&client->connection) && !client->wants_down) {
            connection_send(&client->connection, LOCAL_FAILED, 0, 0, payload, length);
            connection_flush(&client->connection);
        }
    }
    /* What is wrong with dom0 is not mended by asking it to power off. */
    if (supervisor->phase < PHASE_STOPPING) {
        supervisor->phase = PHASE_STOPPING;
        supervisor->deadline_ms = supervisor_now_ms();
    }
    if (supervisor->qemu == 0) {
        supervisor->phase = PHASE_ENDED;
    }
}

/* QEMU ended: as it should after `down` or dom0's poweroff, or with a story to tell. */
static void reap_machine(struct supervisor *supervisor)
{
    int status;

    if (supervisor->qemu == 0 || waitpid(supervisor->qemu, &status, WNOHANG) != supervisor->qemu) {
        return;
    }
    supervisor->qemu = 0;
    connection_close(&supervisor->machine);
    if (supervisor->phase == PHASE_STOPPING) {
        supervisor->phase = PHASE_ENDED;
    } else if (supervisor->is_trial && supervisor->phase != PHASE_READY) {
        fall_back(supervisor);
    } else if (supervisor->phase == PHASE_READY) {
        supervisor_fail(supervisor, 1, "the machine stopped (QEMU's status %d)",
                        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    } else {
        supervisor_fail(supervisor, 1,
                        "the machine stopped before dom0 answered (QEMU's status %d)",
                        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
}

static void on_deadline(struct supervisor *supervisor)
{
    static const int signals[] = {SIGTERM, SIGKILL};

    if (supervisor->phase == PHASE_STOPPING) {
        if (supervisor->qemu != 0 && supervisor->kill_stage < 2) {
            kill(supervisor->qemu, signals[supervisor->kill_stage++]);
        }
        supervisor->deadline_ms = supervisor_now_ms() + KILL_MS;
    } else if (supervisor->is_trial) {
        int64_t answer_ms = supervisor->started_ms + TRIAL_ANSWER_MS;

        if (supervisor->deadline_ms < answer_ms && machine_has_printed(&supervisor->settings)) {
            supervisor->deadline_ms = answer_ms;
        } else {
            fall_back(supervisor);
        }
    } else {
        supervisor_fail(supervisor, 7, "dom0 did not answer within %u s",
                        supervisor->settings.boot_timeout_ms / 1000);
    }
}

static void take_signals(struct supervisor *supervisor)
{
    char bytes[64];
    ssize_t count = read(supervisor->signal_pipe[0], bytes, sizeof(bytes));

    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] != SIGCHLD) {
            supervisor_stop(supervisor);
        }
    }
}

/* Two fixed entries and the machine, then a client per entry; an unused one has descriptor -1. */
enum { POLL_LISTENER, POLL_SIGNALS, POLL_MACHINE, POLL_CLIENTS };

static void prepare(const struct connection *connection, struct pollfd *entry)
{
    entry->fd = connection->descriptor;
    entry->events = POLLIN;
    if (connection_has_output(connection)) {
        entry->events |= POLLOUT;
    }
    entry->revents = 0;
}

/* Moves bytes both ways. false when the peer is gone. */
static bool service(struct connection *connection, short ready)
{
    if ((ready & POLLOUT) != 0 && connection_flush(connection) != 0) {
        return false;
    }
    return (ready & (POLLIN | POLLHUP | POLLERR)) == 0 || connection_fill(connection) >= 0;
}

static int poll_timeout(const struct supervisor *supervisor)
{
    int64_t left;

    if (supervisor->deadline_ms == INT64_MAX) {
        return -1;
    }
    left = supervisor->deadline_ms - supervisor_now_ms();
    left = left < 0 ? 0 : left > 60000 ? 60000 : left;
    return supervisor->phase == PHASE_CONNECTING && left > CONNECT_RETRY_MS ? CONNECT_RETRY_MS
                                                                            : (int)left;
}

/* The channel closed. QEMU's end is noticed by SIGCHLD; if it lives, the channel is opened again. */
static void lose_machine(struct supervisor *supervisor)
{
    connection_close(&supervisor->machine);
    if (supervisor->phase == PHASE_GREETING) {
        supervisor->phase = PHASE_CONNECTING;
    }
}

static void poll_once(struct supervisor *supervisor)
{
    struct pollfd entries[POLL_CLIENTS + SUPERVISOR_CLIENTS_MAX];

    entries[POLL_LISTENER] = (struct pollfd){.fd = supervisor->listener, .events = POLLIN};
    entries[POLL_SIGNALS] = (struct pollfd){.fd = supervisor->signal_pipe[0], .events = POLLIN};
    prepare(&supervisor->machine, &entries[POLL_MACHINE]);
    for (int i = 0; i < SUPERVISOR_CLIENTS_MAX; i++) {
        prepare(&supervisor->clients[i].connection, &entries[POLL_CLIENTS + i]);
    }
    if (poll(entries, POLL_CLIENTS + SUPERVISOR_CLIENTS_MAX, poll_timeout(supervisor)) < 0) {
        return;
    }
    if (entries[POLL_SIGNALS].revents != 0) {
        take_signals(supervisor);
    }
    if (entries[POLL_MACHINE].revents != 0) {
        bool alive = service(&supervisor->machine, entries[POLL_MACHINE].revents);

        supervisor_machine_frames(supervisor);
        if (!alive) {
            lose_machine(supervisor);
        }
    }
    for (int i = 0; i < SUPERVISOR_CLIENTS_MAX; i++) {
        struct connection *connection = &supervisor->clients[i].connection;
        bool alive = true;

        if (entries[POLL_CLIENTS + i].revents != 0 &&
            connection->descriptor == entries[POLL_CLIENTS + i].fd) {
            alive = service(connection, entries[POLL_CLIENTS + i].revents);
            supervisor_client_frames(supervisor, i);
        }
        if (!alive && connection_is_open(connection)) {
            supervisor_drop_client(supervisor, i);
        }
    }
    if (entries[POLL_LISTENER].revents != 0) {
        supervisor_accept(supervisor);
    }
}

static void run(struct supervisor *supervisor)
{
    enum supervisor_phase before = PHASE_CONNECTING;

    while (supervisor->phase != PHASE_ENDED) {
        poll_once(supervisor);
        reap_machine(supervisor);
        if (supervisor->phase == PHASE_CONNECTING) {
            connect_machine(supervisor);
        }
        if (supervisor->phase == PHASE_READY && before != PHASE_READY && supervisor->is_trial) {
            machine_remember(&supervisor->settings, supervisor->accelerator);
        }
        before = supervisor->phase;
        if (supervisor->phase != PHASE_ENDED && supervisor_now_ms() >= supervisor->deadline_ms) {
            on_deadline(supervisor);
        }
    }
}

/* Nothing is left behind before anybody is told that the machine is down. */
static void finish(struct supervisor *supervisor)
{
    state_remove_sockets(&supervisor->settings);
    close(supervisor->listener);
    close(supervisor->lock);
    for (int i = 0; i < SUPERVISOR_CLIENTS_MAX; i++) {
        struct supervisor_client *client = &supervisor->clients[i];

        if (connection_is_open(&client->connection)) {
            if (client->wants_down) {
                connection_send(&client->connection, LOCAL_DOWN, 0, 0, NULL, 0);
            }
            connection_flush(&client->connection);
            connection_close(&client->connection);
        }
    }
}

static bool set_up_signals(struct supervisor *supervisor)
{
    static const int handled[] = {SIGCHLD, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = on_signal};

    if (pipe(supervisor->signal_pipe) != 0) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(supervisor->signal_pipe[i], F_SETFD, FD_CLOEXEC);
        state_set_nonblocking(supervisor->signal_pipe[i]);
    }
    signal_write_end = supervisor->signal_pipe[1];
    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
        sigaction(handled[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    return true;
}

/* What the starter hears through its pipe. */
enum { REPORT_LISTENING = 'L', REPORT_BUSY = 'B', REPORT_FAILED = 'F' };

static void detach_streams(void)
{
    int null = open("/dev/null", O_RDWR);

    for (int i = 0; i < 3 && null >= 0; i++) {
        dup2(null, i);
    }
    if (null > 2) {
        close(null);
    }
}

static char become_supervisor(struct supervisor *supervisor)
{
    supervisor->lock = state_lock(&supervisor->settings);
    if (supervisor->lock < 0) {
        return errno == EAGAIN ? REPORT_BUSY : REPORT_FAILED;
    }
    /* The lock was free, so a QEMU that still answers here lost its supervisor in a crash. */
    machine_quit(&supervisor->settings);
    state_remove_sockets(&supervisor->settings);
    supervisor->listener = state_listen(&supervisor->settings, SETTINGS_CLIENT_SOCKET);
    if (supervisor->listener < 0 || !set_up_signals(supervisor)) {
        return REPORT_FAILED;
    }
    connection_open(&supervisor->machine, -1);
    for (int i = 0; i < SUPERVISOR_CLIENTS_MAX; i++) {
        connection_open(&supervisor->clients[i].connection, -1);
    }
    snprintf(supervisor->accelerator, sizeof(supervisor->accelerator), "%s",
             machine_accelerator(&supervisor->settings, &supervisor->is_trial));
    return REPORT_LISTENING;
}

static void supervise(const struct settings *settings, int report)
{
    struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
    char answer = REPORT_FAILED;

    setsid();
    detach_streams();
    if (supervisor != NULL) {
        supervisor->settings = *settings;
        answer = become_supervisor(supervisor);
    }
    (void)!write(report, &answer, 1);
    close(report);
    if (answer != REPORT_LISTENING || chdir("/") != 0) {
        _exit(1);
    }
    start_machine(supervisor);
    run(supervisor);
    finish(supervisor);
    _exit(0);
}

int supervisor_ensure(const struct settings *settings, bool *is_new)
{
    int report[2];
    char answer = REPORT_FAILED;
    pid_t child;

    *is_new = false;
    if (state_lock_holder(settings) != 0) {
        return 0;
    }
    if (pipe(report) != 0) {
        message_error("cannot start the machine's supervisor: %s", strerror(errno));
        return -1;
    }
    fcntl(report[0], F_SETFD, FD_CLOEXEC);
    fcntl(report[1], F_SETFD, FD_CLOEXEC);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        close(report[0]);
        supervise(settings, report[1]);
    }
    close(report[1]);
    if (child < 0 || read(report[0], &answer, 1) != 1) {
        answer = REPORT_FAILED;
    }
    close(report[0]);
    if (answer == REPORT_FAILED) {
        message_error("cannot start the machine's supervisor in %s", settings->state);
        message_hint("is the directory writable, and on a file system that can hold sockets? "
                     "XENLIKE_STATE names another");
        return -1;
    }
    *is_new = answer == REPORT_LISTENING;
    return 0;
}
