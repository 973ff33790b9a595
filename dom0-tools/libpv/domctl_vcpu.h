/* SPDX-License-Identifier: MIT */
/*
 * domctl_vcpu.h: where vCPUs may run, their domain's share of the CPUs, their non-maskable interrupt.
 * Results as in domctl.h. Guest ABI: domctl. Read next: ../pvctl/cmd_vcpu.c.
 */
#ifndef LIBPV_DOMCTL_VCPU_H
#define LIBPV_DOMCTL_VCPU_H

#include <stdbool.h>
#include <stdint.h>

/* A bit per CPU: where it may run, and where it best does. */
struct domctl_affinity {
    uint64_t hard, soft;
    bool set_hard, set_soft; /* for domctl_set_affinity: which of them is to change */
};
/* -XEN_EINVAL no such vCPU, or no CPU of a set is there. */
int domctl_set_affinity(uint16_t domid, uint32_t vcpu, const struct domctl_affinity *affinity);
int domctl_get_affinity(uint16_t domid, uint32_t vcpu, struct domctl_affinity *affinity);

/* As domctl_set_shares sets them. */
int domctl_get_shares(uint16_t domid, uint16_t *weight, uint16_t *cap_percent);

int domctl_trigger_nmi(uint16_t domid, uint32_t vcpu);

#endif
