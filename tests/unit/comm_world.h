/* SPDX-License-Identifier: MIT */
/*
 * comm_world.h: the surroundings of the domain and communication suites: the fake machine with the real domain.c and comm/, a
 * privileged domain 0 and guests, guest memory in one flat buffer, one PCI function, and what the rest of the hypervisor was asked.
 */
#ifndef TESTS_UNIT_COMM_WORLD_H
#define TESTS_UNIT_COMM_WORLD_H

#include <setjmp.h>

#include <public/domctl.h>
#include <public/errno.h>

#include "tests/fake/fake.h"
#include "xenlike/hypercall/hypercall.h"

#define WORLD_BUFFER      UINT64_C(0x100000) /* guest address of world.buffer */
#define WORLD_BUFFER_SIZE 65536
#define WORLD_FRAMES      4096

struct world {
    struct domain *dom0;
    char *buffer;
    uint64_t free_at_start; /* frames, before dom0 existed */
    unsigned int wakes;     /* schedule_wake of a vCPU */
    struct vcpu *last_woken;
    unsigned int sleeps;
    int fail_vcpu_create; /* the n-th from now on, 0: none */
    int ended;            /* 'P' powered off, 'R' restarted */
    jmp_buf end;          /* set it before something ends the machine */
    char output[8192];    /* debug port */
    size_t output_length;
    char input[64]; /* UART */
    unsigned int input_taken;
    /* Grant mappings: what page_table_install_grant was told, by host address. */
    struct {
        uint64_t address;
        pte_t pte;
        bool by_entry;
    } mapped[32];
    int install_status; /* what the next install answers instead of success */
    bool report_accessed;
    /* The function 00:03.0 */
    uint8_t config[256];
    uint32_t msix_table[4 * 4];
    uint64_t mapped_device;
};
extern struct world world;

/* RAM, dom0 with one vCPU running, the flat buffer. */
extern unsigned int world_nmis; /* raised */
void world_start(void);
/* A guest with so many vCPUs, all up, and max_frames of memory it may take. Unpaused. */
struct domain *world_guest(unsigned int vcpus);
/* The configuration world_guest uses. */
struct xen_domctl_createdomain world_config(void);
/* Calls a handler with a structure in the buffer at its start: in and out. */
int64_t world_call(hypercall_handler *handler, uint64_t first, void *argument, size_t size);
/* The same for the handlers that take the pointer alone. */
int64_t world_control(hypercall_handler *handler, void *argument, size_t size);
/* Kills d through all its stages, lets go of it, and runs dom0. */
void world_kill(struct domain *d);
void world_install_pci(void);

#endif
