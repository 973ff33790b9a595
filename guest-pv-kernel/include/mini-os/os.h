/* SPDX-License-Identifier: MIT */
/*
 * What drivers take for granted: barriers, bits that other domains see, and the words for "no event
 * now". Threads here run with events masked and lose the processor only where they say so (schedule(),
 * waits), so that local_irq_save() has nothing to do.
 */
#ifndef MINI_OS_OS_H
#define MINI_OS_OS_H

#include <stdint.h>
#include <public/xen.h>
#include <mini-os/compiler.h>
#include <mini-os/hypervisor.h>
#include <mini-os/mm.h>
#include <mini-os/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define USED __attribute__((used))

#define mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define wmb() __atomic_thread_fence(__ATOMIC_RELEASE)

#define local_irq_save(flags)    ((void)((flags) = 0))
#define local_irq_restore(flags) ((void)(flags))
#define local_irq_disable()      ((void)0)
#define local_irq_enable()       ((void)0)
#define local_save_flags(flags)  ((void)((flags) = 0))
#define irqs_disabled()          1
#define smp_processor_id()       0

/* Says where, shows who called, and ends the domain. */
void do_exit(void) __attribute__((noreturn));
void mini_os_bug(const char *file, int line) __attribute__((noreturn));
#define BUG() mini_os_bug(__FILE__, __LINE__)

extern shared_info_t *HYPERVISOR_shared_info;

#define xchg(pointer, value) __atomic_exchange_n(pointer, value, __ATOMIC_SEQ_CST)
#define synch_cmpxchg(pointer, old_value, new_value) \
    __sync_val_compare_and_swap(pointer, old_value, new_value)

/* Bits of an array of words, seen by other processors: the synch_ forms order all of memory, and so do
 * the others here. */
#define MINI_OS_WORD(address, bit) ((volatile unsigned long *)(address) + (bit) / 64)
#define MINI_OS_MASK(bit)          (1ul << ((unsigned long)(bit)&63))

static inline int synch_test_and_set_bit(long bit, volatile void *address)
{
    return (__atomic_fetch_or(MINI_OS_WORD(address, bit), MINI_OS_MASK(bit), __ATOMIC_SEQ_CST) &
            MINI_OS_MASK(bit)) != 0;
}

static inline int synch_test_and_clear_bit(long bit, volatile void *address)
{
    return (__atomic_fetch_and(MINI_OS_WORD(address, bit), ~MINI_OS_MASK(bit), __ATOMIC_SEQ_CST) &
            MINI_OS_MASK(bit)) != 0;
}

static inline int synch_test_bit(long bit, const volatile void *address)
{
    return (*((const volatile unsigned long *)address + bit / 64) & MINI_OS_MASK(bit)) != 0;
}

#define synch_set_bit(bit, address)      ((void)synch_test_and_set_bit(bit, address))
#define synch_clear_bit(bit, address)    ((void)synch_test_and_clear_bit(bit, address))
#define set_bit(bit, address)            synch_set_bit(bit, address)
#define clear_bit(bit, address)          synch_clear_bit(bit, address)
#define test_bit(bit, address)           synch_test_bit(bit, address)
#define test_and_set_bit(bit, address)   synch_test_and_set_bit(bit, address)
#define test_and_clear_bit(bit, address) synch_test_and_clear_bit(bit, address)

/* The lowest bit that is set. */
static inline unsigned long __ffs(unsigned long word)
{
    return (unsigned long)__builtin_ctzl(word);
}

#ifdef __cplusplus
}
#endif

#endif
