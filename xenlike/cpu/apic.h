/* SPDX-License-Identifier: MIT */
/* The local APIC, in xAPIC or x2APIC mode as the firmware left it, and one entry of the I/O APIC. */
#pragma once

#include "../lib/compiler.h"

void apic_init_cpu(void);
void apic_end_of_interrupt(void);
/* One-shot timer: ticks of its own clock, 0: off. */
void apic_timer_start(uint32_t count);
uint32_t apic_timer_count(void);
void apic_timer_mask(bool masked);
void apic_send(uint32_t apic_id, uint32_t vector);
/* Bits of the interrupt request register for vectors 32n to 32n+31. */
uint32_t apic_requests(unsigned int word);
/* Silences the two old interrupt controllers. */
void apic_disable_pic(void);
/* ISA interrupt, edge triggered, to this CPU. */
void apic_route_isa(unsigned int irq, uint32_t vector);
