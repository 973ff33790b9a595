/* SPDX-License-Identifier: MIT */
/*
 * A simulator for split drivers, on the host: both ends in one process, each in a domain of its own with the
 * guest kernel's interfaces (threads, events, grants, pages, store, and pvk/device.c itself), the
 * toolstack, and chance. Each run follows a seed: which domain goes on at every barrier of the ring's
 * macros and at every wait, which of a domain's threads, which port first. Many seeds are many
 * interleavings; a seed that fails fails again.
 * A run is good when the front end's main returned 0, a detach then closed both ends, and nothing is
 * left: no page, no grant, no mapping, no port. It is bad when nobody can go on: a lost wake-up.
 * The drivers are compiled with -include tests/sim/sim_ring.h and their mains renamed.
 * Read next: sim_domain.c; tests/unit/sim_hello.c for how a driver is put in.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stdint.h>

enum { SIM_FRONT, SIM_BACK, SIM_DOMAINS };
#define SIM_DOMID(side) ((uint16_t)((side) + 1))

struct sim_plan {
    const char *type;                         /* of the device, whose number is 0 */
    int (*front_main)(int argc, char **argv); /* returns when its work is done */
    char *front_argument;                     /* argv[1]; NULL: none */
    int (*back_main)(void);                   /* starts its driver; may stay for ever */
    unsigned int detaches;                    /* times the device is taken away and given again */
};

/* One run, in this process: 0, or 1 with a line on stderr that says what was wrong. To be called once in a
 * process: the drivers' variables are what the run left. */
int sim_run(const struct sim_plan *plan, uint64_t seed);
/* Runs seeds 1 to `count`, each in a child process; the first that failed, 0: none. With `quiet` what a bad
 * run says goes nowhere. */
uint64_t sim_run_seeds(const struct sim_plan *plan, uint64_t count, bool quiet);

/* ---- among the simulator's files ---------------------------------------------------------------- */

/* sim_domain.c */
extern unsigned int sim_current; /* the domain that runs */
unsigned int sim_random(unsigned int below);
/* A place where the other domain may go on instead; in a thread that waits anyway, other threads, too. */
void sim_point(void);
void sim_wait_point(void);
/* Says what is wrong and ends the run. */
__attribute__((noreturn, format(printf, 1, 2))) void sim_fail(const char *format, ...);
unsigned int sim_ports_open(unsigned int side);

/* sim_store.c */
void sim_store_write(const char *path, const char *value); /* absolute: the toolstack's */
const char *sim_store_read(const char *path);              /* NULL: not there */
void sim_store_remove(const char *path);
/* Runs handlers of watches that fired in this domain; false: there was none. */
bool sim_store_fire(unsigned int side);

/* sim_memory.c */
unsigned int sim_pages_held(unsigned int side);
unsigned int sim_grants_lent(unsigned int side);
unsigned int sim_grants_mapped(void);

#endif
