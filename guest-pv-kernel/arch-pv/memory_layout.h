/* SPDX-License-Identifier: MIT */
/*
 * Inside the memory layer: who starts whom, and where the heap lies.
 */
#ifndef MEMORY_LAYOUT_H
#define MEMORY_LAYOUT_H

/* Page tables, direct map, allocator; page 0 is unmapped when it returns. */
void memory_init(void);

/* Lays heap and windows out from `base` (a multiple of 2 MiB). */
void memory_window_init(unsigned long base);

#endif
