/* SPDX-License-Identifier: MIT */
/* Before all of a driver's own: the barriers of io/ring.h are places where the other end may go on. */
#ifndef SIM_RING_H
#define SIM_RING_H

void sim_point(void);

#define xen_mb()  sim_point()
#define xen_rmb() sim_point()
#define xen_wmb() sim_point()

#endif
