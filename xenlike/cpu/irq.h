/* SPDX-License-Identifier: MIT */
/*
 * Interrupt vectors. They arrive only while a guest runs or the CPU idles, never inside the hypervisor.
 */
#pragma once

#include "../lib/compiler.h"

#define IRQ_VECTOR_PIC      0x20 /* 16 of them: the old controllers, masked; only spurious ones come */
#define IRQ_VECTOR_UART     0x30
#define IRQ_VECTOR_DEVICE   0x40 /* 32 for devices */
#define IRQ_NR_DEVICE       32
#define IRQ_VECTOR_TIMER    0xf0
#define IRQ_VECTOR_KICK     0xf1
#define IRQ_VECTOR_FLUSH    0xf2
#define IRQ_VECTOR_SPURIOUS 0xff

/* A free device vector for a message-signalled interrupt (edge); pirq_interrupt(vector) is called for it. -XEN_ENOSPC: none left. */
int irq_vector_allocate(void);
void irq_vector_free(uint32_t vector);
/* From the traps: acknowledges and handles. */
void irq_dispatch(uint32_t vector);
/* This CPU's APIC id, for the address of a message-signalled interrupt. */
uint32_t irq_lapic_id(void);
