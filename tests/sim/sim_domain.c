/* SPDX-License-Identifier: MIT */
/*
 * Domains, their threads and ports. A thread runs until it waits; its domain may be set aside for the
 * other one at any sim_point(). Owns: all stacks, threads, ports; the virtual clock.
 * Invariant SIM1: handlers run on their domain's dispatcher, between threads, as in the guest kernel.
 * Read next: sim_run.c
 */
#include "sim_domain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include <pvk/event.h>
#include <pvk/thread.h>

#define STACK_BYTES (256u * 1024u)
#define MAX_PORTS   64u
#define ONE_IN      3u  /* points where the other domain goes on */
#define BLOCK_IN    16u /* the same of a driver's basic blocks */

struct thread {
    struct thread *next;         /* of its domain */
    struct thread *next_waiting; /* on a queue */
    struct wait_queue *queue;    /* NULL: runnable */
    uint64_t deadline;
    bool timed_out, ended;
    void (*entry)(void *);
    void *argument;
    ucontext_t context;
    void *stack;
};

struct port {
    bool open, bound, pending, masked;
    unsigned int remote_port;
    event_handler_t handler;
    void *data;
};

static struct domain {
    struct thread *threads, *running; /* running NULL: the dispatcher */
    ucontext_t dispatcher, suspended;
    struct port ports[MAX_PORTS]; /* 0 is none */
    bool idle;
} domains[SIM_DOMAINS];

unsigned int sim_current;
static uint64_t state, now_ns, turns_left;
static ucontext_t outside;

/* ---- chance ------------------------------------------------------------------------------------- */

unsigned int sim_random(unsigned int below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned int)(state >> 33) % below;
}

void sim_fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "simulation: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    _Exit(1);
}

/* ---- switching ---------------------------------------------------------------------------------- */

static void switch_domain(void)
{
    struct domain *from = &domains[sim_current];

    sim_current = !sim_current;
    swapcontext(&from->suspended, &domains[sim_current].suspended);
}

void sim_point(void)
{
    if (sim_random(ONE_IN) == 0) {
        switch_domain();
    }
}

/* What -fsanitize-coverage=trace-pc calls in each basic block. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    if (sim_random(BLOCK_IN) == 0) {
        switch_domain();
    }
}

/* A thread gives its domain's dispatcher the turn. */
static void leave(struct thread *thread)
{
    struct domain *domain = &domains[sim_current];

    domain->running = NULL;
    swapcontext(&thread->context, &domain->dispatcher);
}

void sim_wait_point(void)
{
    sim_point();
    if (domains[sim_current].running != NULL) {
        leave(domains[sim_current].running);
    }
}

/* ---- the dispatcher ----------------------------------------------------------------------------- */

static bool run_a_port(struct domain *domain)
{
    unsigned int first = sim_random(MAX_PORTS);

    for (unsigned int i = 0; i < MAX_PORTS; i++) {
        unsigned int number = (first + i) % MAX_PORTS;
        struct port *port = &domain->ports[number];

        if (port->open && port->pending && !port->masked) {
            port->pending = false;
            port->handler(number, port->data);
            return true;
        }
    }
    return false;
}

static void free_ended(struct domain *domain)
{
    for (struct thread **link = &domain->threads; *link != NULL;) {
        struct thread *thread = *link;

        if (thread->ended) {
            *link = thread->next;
            free(thread->stack);
            free(thread);
        } else {
            link = &thread->next;
        }
    }
}

static bool run_a_thread(struct domain *domain)
{
    struct thread *chosen = NULL;
    unsigned int seen = 0;

    free_ended(domain);
    for (struct thread *thread = domain->threads; thread != NULL; thread = thread->next) {
        if (thread->queue == NULL && sim_random(++seen) == 0) {
            chosen = thread;
        }
    }
    if (chosen != NULL) {
        domain->running = chosen;
        swapcontext(&domain->dispatcher, &chosen->context);
    }
    return chosen != NULL;
}

static void unqueue(struct thread *thread)
{
    struct thread **link = &thread->queue->first;

    while (*link != thread) {
        link = &(*link)->next_waiting;
    }
    *link = thread->next_waiting;
    thread->queue = NULL;
}

/* Nothing can run anywhere: time passes until the earliest deadline. */
static bool let_time_pass(void)
{
    struct thread *first = NULL;

    for (unsigned int side = 0; side < SIM_DOMAINS; side++) {
        for (struct thread *thread = domains[side].threads; thread != NULL; thread = thread->next) {
            if (thread->queue != NULL && thread->deadline != THREAD_FOREVER &&
                (first == NULL || thread->deadline < first->deadline)) {
                first = thread;
            }
        }
    }
    if (first != NULL) {
        now_ns = first->deadline > now_ns ? first->deadline : now_ns;
        first->timed_out = true;
        unqueue(first);
        domains[0].idle = domains[1].idle = false;
    }
    return first != NULL;
}

static void dispatch(void)
{
    struct domain *domain = &domains[sim_current];

    for (;;) {
        bool did = sim_random(2) == 0 ? run_a_port(domain) || run_a_thread(domain)
                                      : run_a_thread(domain) || run_a_port(domain);

        did = did || sim_store_fire(sim_current);
        domain->idle = !did;
        if (turns_left > 0 && --turns_left == 0) {
            swapcontext(&domain->suspended, &outside);
        } else if (did) {
            domains[!sim_current].idle = false;
            sim_point();
        } else if (!domains[!sim_current].idle) {
            switch_domain();
        } else if (!let_time_pass()) {
            swapcontext(&domain->suspended, &outside);
        }
    }
}

/* A context that begins at `entry`; returns its stack. */
static void *prepare(ucontext_t *context, void (*entry)(void))
{
    getcontext(context);
    context->uc_stack.ss_sp = malloc(STACK_BYTES);
    context->uc_stack.ss_size = STACK_BYTES;
    makecontext(context, entry, 0);
    return context->uc_stack.ss_sp;
}

void sim_domain_start(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15ull + 1;
    for (unsigned int side = 0; side < SIM_DOMAINS; side++) {
        (void)prepare(&domains[side].suspended, dispatch);
    }
}

void sim_domain_run_some(uint64_t turns)
{
    turns_left = turns;
    sim_domain_run();
    turns_left = 0;
}

void sim_domain_run(void)
{
    domains[0].idle = domains[1].idle = false;
    swapcontext(&outside, &domains[sim_current].suspended);
}

/* ---- threads ------------------------------------------------------------------------------------ */

static void begin(void)
{
    struct thread *thread = domains[sim_current].running;

    thread->entry(thread->argument);
    thread->ended = true;
    thread->queue = NULL;
    leave(thread);
}

struct thread *thread_create(const char *name, void (*entry)(void *argument), void *argument,
                             size_t stack_size)
{
    struct thread *thread = calloc(1, sizeof(*thread));

    (void)name;
    (void)stack_size;
    thread->entry = entry;
    thread->argument = argument;
    thread->stack = prepare(&thread->context, begin);
    thread->next = domains[sim_current].threads;
    domains[sim_current].threads = thread;
    return thread;
}

void thread_yield(void)
{
    sim_wait_point();
}

bool wait_queue_wait(struct wait_queue *queue, uint64_t deadline_ns)
{
    struct thread *me = domains[sim_current].running;

    if (me == NULL) {
        sim_fail("an event handler waits");
    }
    me->queue = queue;
    me->deadline = deadline_ns;
    me->timed_out = false;
    me->next_waiting = queue->first;
    queue->first = me;
    leave(me);
    return !me->timed_out;
}

void wait_queue_wait_always(struct wait_queue *queue)
{
    (void)wait_queue_wait(queue, THREAD_FOREVER);
}

void wait_queue_wake_all(struct wait_queue *queue)
{
    while (queue->first != NULL) {
        unqueue(queue->first);
    }
}

void wait_queue_wake_one(struct wait_queue *queue)
{
    if (queue->first != NULL) {
        unqueue(queue->first);
    }
}

void thread_sleep_until(uint64_t deadline_ns)
{
    struct wait_queue queue = WAIT_QUEUE_INIT;

    (void)wait_queue_wait(&queue, deadline_ns);
}

void thread_sleep(uint64_t duration_ns)
{
    thread_sleep_until(now_ns + duration_ns);
}

bool semaphore_down(struct semaphore *semaphore, uint64_t deadline_ns)
{
    while (semaphore->count == 0) {
        if (!wait_queue_wait(&semaphore->waiters, deadline_ns)) {
            return false;
        }
    }
    semaphore->count--;
    return true;
}

void semaphore_up(struct semaphore *semaphore)
{
    semaphore->count++;
    wait_queue_wake_one(&semaphore->waiters);
}

uint64_t time_monotonic_ns(void)
{
    return now_ns;
}

/* ---- ports -------------------------------------------------------------------------------------- */

static int port_new(event_handler_t handler, void *data)
{
    for (unsigned int number = 1; number < MAX_PORTS; number++) {
        struct port *port = &domains[sim_current].ports[number];

        if (!port->open) {
            *port = (struct port){.open = true, .handler = handler, .data = data};
            return (int)number;
        }
    }
    return -28; /* ENOSPC */
}

int event_alloc_unbound(uint16_t remote_domid, event_handler_t handler, void *data)
{
    (void)remote_domid;
    return port_new(handler, data);
}

int event_bind_interdomain(uint16_t remote_domid, event_port_t remote_port, event_handler_t handler,
                           void *data)
{
    struct port *remote = &domains[!sim_current].ports[remote_port % MAX_PORTS];
    int number;

    (void)remote_domid;
    if (!remote->open || remote->bound) {
        return -22; /* EINVAL */
    }
    number = port_new(handler, data);
    if (number > 0) {
        struct port *port = &domains[sim_current].ports[number];

        port->bound = remote->bound = true;
        port->remote_port = remote_port;
        remote->remote_port = (unsigned int)number;
        port->pending = true;
    }
    return number;
}

int event_send(event_port_t number)
{
    struct port *port = &domains[sim_current].ports[number % MAX_PORTS];

    if (!port->open) {
        return -22;
    }
    if (port->bound) {
        domains[!sim_current].ports[port->remote_port].pending = true;
        domains[!sim_current].idle = false;
    }
    sim_point();
    return 0;
}

int event_close(event_port_t number)
{
    struct port *port = &domains[sim_current].ports[number % MAX_PORTS];

    if (!port->open) {
        sim_fail("port %u is closed twice", number);
    }
    if (port->bound) {
        domains[!sim_current].ports[port->remote_port].bound = false;
    }
    *port = (struct port){.open = false};
    return 0;
}

void event_mask(event_port_t number)
{
    domains[sim_current].ports[number % MAX_PORTS].masked = true;
}

void event_unmask(event_port_t number)
{
    domains[sim_current].ports[number % MAX_PORTS].masked = false;
}

void event_set_pending(event_port_t number, bool pending)
{
    domains[sim_current].ports[number % MAX_PORTS].pending = pending;
}

unsigned int sim_ports_open(unsigned int side)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < MAX_PORTS; i++) {
        count += domains[side].ports[i].open;
    }
    return count;
}
