/* SPDX-License-Identifier: MIT */
/*
 * A run: the toolstack's part, and what is wrong at the end. Owns: nothing.
 * Read next: sim.h
 */
#include "sim_domain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pvk/console.h>
#include <pvk/thread.h>

static const struct sim_plan *running;
static int front_status = -1; /* of its main; negative: it goes on */
static char front[96], back[96];

static void run_front(void *unused)
{
    char name[] = "front";
    char *arguments[] = {name, running->front_argument, NULL};

    (void)unused;
    front_status = running->front_main(running->front_argument != NULL ? 2 : 1, arguments);
}

static void run_back(void *unused)
{
    (void)unused;
    (void)running->back_main();
}

/* What a driver says is kept for a run that fails. */
void console_printf(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

static void write_at(const char *directory, const char *key, const char *value)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", directory, key);
    sim_store_write(path, value);
}

static const char *state_of(const char *directory)
{
    char path[128];
    const char *state;

    snprintf(path, sizeof(path), "%s/state", directory);
    state = sim_store_read(path);
    return state != NULL ? state : "none";
}

static void attach(void)
{
    snprintf(front, sizeof(front), "/local/domain/%u/device/%s/0", SIM_DOMID(SIM_FRONT),
             running->type);
    snprintf(back, sizeof(back), "/local/domain/%u/backend/%s/%u/0", SIM_DOMID(SIM_BACK),
             running->type, SIM_DOMID(SIM_FRONT));
    write_at(front, "backend", back);
    write_at(front, "backend-id", "2");
    write_at(back, "frontend", front);
    write_at(back, "frontend-id", "1");
    write_at(back, "online", "1");
    write_at(front, "state", "1");
    write_at(back, "state", "1");
}

static void check_nothing_is_left(void)
{
    for (unsigned int side = 0; side < SIM_DOMAINS; side++) {
        const char *end = side == SIM_FRONT ? "front" : "back";

        if (sim_pages_held(side) != 0 || sim_grants_lent(side) != 0 || sim_ports_open(side) != 0) {
            sim_fail("the %s end keeps %u pages, %u grants, %u ports", end, sim_pages_held(side),
                     sim_grants_lent(side), sim_ports_open(side));
        }
    }
    if (sim_grants_mapped() != 0) {
        sim_fail("%u pages are still mapped", sim_grants_mapped());
    }
}

static void detach(void)
{
    write_at(back, "online", "0");
    write_at(back, "state", "5");
    sim_domain_run();
    /* A front end that had not begun stays where it was: Initialising. */
    if (strchr("61", state_of(front)[0]) == NULL || strcmp(state_of(back), "6") != 0) {
        sim_fail("detach does not end: front end in state %s, back end in state %s",
                 state_of(front), state_of(back));
    }
    sim_store_remove(front);
    sim_store_remove(back);
    sim_domain_run();
    check_nothing_is_left();
}

int sim_run(const struct sim_plan *plan, uint64_t seed)
{
    running = plan;
    sim_domain_start(seed);
    attach();
    sim_current = SIM_FRONT;
    (void)thread_create("front", run_front, NULL, 0);
    sim_current = SIM_BACK;
    (void)thread_create("back", run_back, NULL, 0);
    for (unsigned int i = 0; i < plan->detaches; i++) {
        sim_domain_run_some(seed % 97 + 20 * i);
        detach();
        attach();
    }
    sim_domain_run();
    if (front_status < 0) {
        sim_fail("nobody can go on: front end in state %s, back end in state %s", state_of(front),
                 state_of(back));
    }
    if (front_status > 0) {
        sim_fail("the front end's status is %d", front_status);
    }
    detach();
    return 0;
}

uint64_t sim_run_seeds(const struct sim_plan *plan, uint64_t count, bool quiet)
{
    for (uint64_t seed = 1; seed <= count; seed++) {
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
            if (freopen("/dev/null", "w", stdout) == NULL ||
                (quiet && freopen("/dev/null", "w", stderr) == NULL)) {
                _Exit(2);
            }
            _Exit(sim_run(plan, seed));
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            if (!quiet) {
                fprintf(stderr, "simulation: seed %llu failed\n", (unsigned long long)seed);
            }
            return seed;
        }
    }
    return 0;
}
