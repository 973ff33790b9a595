/* SPDX-License-Identifier: MIT */
/* sched_op(cmd, arg): give up the CPU, wait, end. */
#ifndef __XEN_PUBLIC_SCHED_H__
#define __XEN_PUBLIC_SCHED_H__

#include "event_channel.h"

/* Lets others run; the caller stays runnable. No arg. */
#define SCHEDOP_yield 0
/* Unmasks upcalls and waits until one is to be delivered. No arg. */
#define SCHEDOP_block 1
/* Stops all vCPUs of the domain. arg: struct sched_shutdown. */
#define SCHEDOP_shutdown 2
/* Waits until one of the ports is pending or the time has come. arg: struct sched_poll. Ports and
 * upcalls should be masked by the caller. */
#define SCHEDOP_poll 3
/* The same as shutdown, for another domain, by a domain that controls it. */
#define SCHEDOP_remote_shutdown 4
/* Says why the domain will shut down; nothing stops. arg: struct sched_shutdown. */
#define SCHEDOP_shutdown_code 5
/* Shuts the domain down with SHUTDOWN_watchdog unless the call comes again in time. id 0 asks for a new
 * watchdog and gets its id back; timeout 0 (seconds) ends one. */
#define SCHEDOP_watchdog 6
/* Ties the calling vCPU to a CPU; a negative one unties. The hardware domain only. */
#define SCHEDOP_pin_override 7

struct sched_shutdown {
    unsigned int reason; /* SHUTDOWN_* */
};
typedef struct sched_shutdown sched_shutdown_t;
DEFINE_XEN_GUEST_HANDLE(sched_shutdown_t);

struct sched_poll {
    XEN_GUEST_HANDLE(evtchn_port_t) ports;
    unsigned int nr_ports; /* at most 128 */
    uint64_t timeout;      /* absolute system time, ns; 0: none */
};
typedef struct sched_poll sched_poll_t;
DEFINE_XEN_GUEST_HANDLE(sched_poll_t);

struct sched_remote_shutdown {
    domid_t domain_id;
    unsigned int reason; /* SHUTDOWN_* */
};
typedef struct sched_remote_shutdown sched_remote_shutdown_t;
DEFINE_XEN_GUEST_HANDLE(sched_remote_shutdown_t);

struct sched_watchdog {
    uint32_t id;
    uint32_t timeout; /* seconds */
};
typedef struct sched_watchdog sched_watchdog_t;
DEFINE_XEN_GUEST_HANDLE(sched_watchdog_t);

struct sched_pin_override {
    int32_t pcpu;
};
typedef struct sched_pin_override sched_pin_override_t;
DEFINE_XEN_GUEST_HANDLE(sched_pin_override_t);

/* Reasons of a shutdown. */
#define SHUTDOWN_poweroff   0
#define SHUTDOWN_reboot     1
#define SHUTDOWN_suspend    2 /* the context is to be saved, and resumed */
#define SHUTDOWN_crash      3
#define SHUTDOWN_watchdog   4
#define SHUTDOWN_soft_reset 5 /* start again in the same memory */
#define SHUTDOWN_MAX        5

#endif
