/* SPDX-License-Identifier: MIT */
/*
 * Inside the memory layer: what the loader left, and who starts whom.
 */
#ifndef MEMORY_LAYOUT_H
#define MEMORY_LAYOUT_H

/* The memory that holds 1 MiB ends at `end`; [kept_start, kept_end), the initrd, is left alone. */
void memory_init(unsigned long end, unsigned long kept_start, unsigned long kept_end);

#endif
