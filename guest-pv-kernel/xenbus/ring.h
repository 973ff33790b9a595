/* SPDX-License-Identifier: MIT */
/*
 * The store ring of start_info as a file.
 */
#ifndef XENBUS_RING_H
#define XENBUS_RING_H

struct file;

/* NULL: this domain has no store ring, or no memory. */
struct file *ring_open(void);

#endif
