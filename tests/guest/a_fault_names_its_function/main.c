/* SPDX-License-Identifier: MIT */
/*
 * Claim: a store to address 8 is a page fault that prints its registers and who called whom, by name,
 * before the domain crashes.
 * Expect: not mapped, write[\s\S]*store_to_low_memory\+[\s\S]*main\+
 */
#include "outcome.h"

static volatile int *volatile low_memory = (volatile int *)8;

static __attribute__((noinline)) int store_to_low_memory(void)
{
    *low_memory = 1;
    return *low_memory;
}

int main(void)
{
    int result = store_to_low_memory();

    outcome_failure("the store came back with %d", result);
}
