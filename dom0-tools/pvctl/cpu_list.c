/* SPDX-License-Identifier: MIT */
/*
 * cpu_list.c: sets of CPUs as people write them.
 * Owns: nothing. Read next: cmd_vcpu.c.
 */
#include "dom0-tools/pvctl/cpu_list.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 64

static int one_number(const char **at, unsigned long *number)
{
    char *end;

    if (**at < '0' || **at > '9') {
        return -1;
    }
    *number = strtoul(*at, &end, 10);
    *at = end;
    return *number < CPUS_MAX ? 0 : -1;
}

/* "N" or "N-M", with "^" before it for those that shall not be in the set. */
static int one_range(const char **at, uint64_t *cpus)
{
    bool without = **at == '^';
    unsigned long first, last;

    *at += without ? 1 : 0;
    if (one_number(at, &first) < 0) {
        return -1;
    }
    last = first;
    if (**at == '-') {
        (*at)++;
        if (one_number(at, &last) < 0 || last < first) {
            return -1;
        }
    }
    uint64_t mask = (~UINT64_C(0) >> (CPUS_MAX - 1 - last)) & (~UINT64_C(0) << first);

    *cpus = without ? *cpus & ~mask : *cpus | mask;
    return 0;
}

int cpu_list_parse(const char *text, uint64_t *cpus)
{
    *cpus = 0;
    if (strncmp(text, "all", 3) == 0) {
        *cpus = ~UINT64_C(0);
        text += 3;
        if (*text == '\0') {
            return 0;
        }
        if (*text++ != ',') {
            return -1;
        }
    } else if (*text == '^') {
        *cpus = ~UINT64_C(0); /* all but those */
    }
    for (;;) {
        if (one_range(&text, cpus) < 0) {
            return -1;
        }
        if (*text == '\0') {
            return *cpus != 0 ? 0 : -1;
        }
        if (*text++ != ',') {
            return -1;
        }
    }
}

void cpu_list_print(uint64_t cpus, unsigned int nr_cpus, char *text, size_t size)
{
    uint64_t all = nr_cpus >= CPUS_MAX ? ~UINT64_C(0) : (UINT64_C(1) << nr_cpus) - 1;
    size_t length = 0;

    if ((cpus & all) == all) {
        snprintf(text, size, "all");
        return;
    }
    text[0] = '\0';
    for (unsigned int first = 0; first < CPUS_MAX; first++) {
        unsigned int last = first;

        if ((cpus >> first & 1) == 0) {
            continue;
        }
        while (last + 1 < CPUS_MAX && (cpus >> (last + 1) & 1) != 0) {
            last++;
        }
        int written =
            last == first
                ? snprintf(text + length, size - length, "%s%u", length ? "," : "", first)
                : snprintf(text + length, size - length, "%s%u-%u", length ? "," : "", first, last);

        if (written < 0 || (size_t)written >= size - length) {
            return;
        }
        length += (size_t)written;
        first = last;
    }
}
