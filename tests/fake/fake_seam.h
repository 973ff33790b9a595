/* SPDX-License-Identifier: MIT */
/*
 * fake_seam.h: a hypervisor for host tests of libpv: domains, their frames, ports and pins, behind the
 * seam's functions. It can fail the n-th hypercall or mapping.
 */
#ifndef TESTS_FAKE_SEAM_H
#define TESTS_FAKE_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_FRAMES    4096u
#define FAKE_FIRST_MFN 0x1000u

struct fake_domain {
    bool exists;
    uint64_t max_kib, nr_frames, root_mfn, shared_mfn, grant_mfn;
    unsigned int nr_vcpus, nr_ports;
    bool pinned, has_context;
    uint64_t rip, rsp, rsi, cr3, hypercall_mfn;
    uint16_t cs, ss;
};

struct fake_machine {
    struct fake_domain domains[8];
    uint8_t frames[FAKE_FRAMES][4096];
    uint16_t owner[FAKE_FRAMES];
    uint32_t next_frame;
    size_t nr_mapped; /* mappings that exist */
    size_t nr_calls;  /* hypercalls and mappings so far */
    size_t fail_at;   /* the call, counted from 1, that fails; 0: none */
    int fail_with;
};

extern struct fake_machine fake_machine;

void fake_seam_reset(void);
/* The frame's bytes. */
uint8_t *fake_seam_frame(uint64_t mfn);
size_t fake_seam_domains(void);

#endif
