/* SPDX-License-Identifier: MIT */
/*
 * timers.h: when lwIP's thread has to wake by itself. See timers.c.
 * Read next: timers.c, port/lwipopts.h
 */
#ifndef NET_TIMERS_H
#define NET_TIMERS_H

#include <stdint.h>

/* In lwIP's thread, once: it is the one that sleeps. */
void timers_own_thread(void *unused);
/* A frame came, in event context. */
void timers_note_frame(void);
/* lwIP's lock is taken and given back through these: time that passed unnoticed is made up for, and
 * the thread is woken when it now has to wake sooner than it thought. */
void timers_lock(void);
void timers_unlock(void);

#endif
