/* SPDX-License-Identifier: MIT */
/* What the pv suites share: a domain with a vCPU whose guest memory is flat, and the few functions of other files they watch. */
#ifndef TESTS_UNIT_PV_SUPPORT_H
#define TESTS_UNIT_PV_SUPPORT_H

#include <criterion/criterion.h>
#include <string.h>

#include "tests/fake/fake.h"
#include "xenlike/domain/pv.h"

#define STACK_START UINT64_C(0x10000)
#define STACK_SIZE  UINT64_C(0x4000)
#define STACK_TOP   (STACK_START + STACK_SIZE)
#define CODE_START  UINT64_C(0x100000)
#define HANDLER     UINT64_C(0x5000)

extern struct domain *pv_domain;
extern struct vcpu *pv_vcpu;
extern uint8_t *pv_stack, *pv_code;
/* The last access to a port of the machine, and what the next one reads. */
extern uint16_t pv_port;
extern uint32_t pv_port_bytes, pv_port_value, pv_port_accesses;
extern struct vcpu *pv_switched_to;
extern unsigned int pv_virqs; /* VIRQ_TIMER raised */

void pv_setup(void);
/* Code at rip. */
void pv_put_code(const void *bytes, size_t size);
/* The word at an offset from the guest's rsp. */
uint64_t pv_frame(unsigned int word);

#endif
