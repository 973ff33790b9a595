/* SPDX-License-Identifier: MIT */
/* From a vector to who cares for it. Read next: apic.c, comm/pirq.c. */
#include "irq.h"

#include <public/errno.h>

#include "../comm/console.h"
#include "../comm/pirq.h"
#include "../domain/timer.h"
#include "../lib/spinlock.h"
#include "apic.h"
#include "clock.h"
#include "flush.h"
#include "machine.h"

static spinlock_t vectors_lock;
static uint32_t vectors_used; /* bit n: IRQ_VECTOR_DEVICE + n */

int irq_vector_allocate(void)
{
    int result = -XEN_ENOSPC;

    spin_lock(&vectors_lock);
    if (vectors_used != UINT32_MAX) {
        int bit = __builtin_ctz(~vectors_used);
        vectors_used |= 1u << bit;
        result = IRQ_VECTOR_DEVICE + bit;
    }
    spin_unlock(&vectors_lock);
    return result;
}

void irq_vector_free(uint32_t vector)
{
    spin_lock(&vectors_lock);
    vectors_used &= ~(1u << (vector - IRQ_VECTOR_DEVICE));
    spin_unlock(&vectors_lock);
}

static void timer_interrupt(uint32_t vector)
{
    clock_deadline_passed();
    timer_expired();
}

static void uart_interrupt(uint32_t vector)
{
    console_input();
}

static void kick_interrupt(uint32_t vector)
{
    (void)vector; /* the exit path looks at the work */
}

static void flush_interrupt(uint32_t vector)
{
    flush_answer();
}

void irq_dispatch(uint32_t vector)
{
    static const struct {
        uint8_t first, last;
        void (*handler)(uint32_t vector);
    } handlers[] = {
        {IRQ_VECTOR_TIMER, IRQ_VECTOR_TIMER, timer_interrupt},
        {IRQ_VECTOR_DEVICE, IRQ_VECTOR_DEVICE + IRQ_NR_DEVICE - 1, pirq_interrupt},
        {IRQ_VECTOR_KICK, IRQ_VECTOR_KICK, kick_interrupt},
        {IRQ_VECTOR_FLUSH, IRQ_VECTOR_FLUSH, flush_interrupt},
        {IRQ_VECTOR_UART, IRQ_VECTOR_UART, uart_interrupt},
    };

    for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
        if (vector >= handlers[i].first && vector <= handlers[i].last) {
            apic_end_of_interrupt();
            handlers[i].handler(vector);
            return;
        }
    }
    /* The controllers' spurious vectors: nothing is in service, nothing to acknowledge. */
}
