/* SPDX-License-Identifier: MIT */
/*
 * cpu_list.h: sets of CPUs as people write them: "all", "0-3,5", "0-7,^5".
 */
#ifndef PVCTL_CPU_LIST_H
#define PVCTL_CPU_LIST_H

#include <stddef.h>
#include <stdint.h>

/* CPU 0 to 63 into bits; -1: not such a list, or an empty one. */
int cpu_list_parse(const char *text, uint64_t *cpus);
/* "all" when each of the machine's nr_cpus is in it. */
void cpu_list_print(uint64_t cpus, unsigned int nr_cpus, char *text, size_t size);

#endif
