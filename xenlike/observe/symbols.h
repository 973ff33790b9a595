/* SPDX-License-Identifier: MIT */
/* Names of the hypervisor's functions, for panics. */
#pragma once

#include "../lib/compiler.h"

/* The function that contains the address, and the offset in it; NULL when it is not in the hypervisor's text. */
const char *symbols_find(uint64_t address, uint64_t *offset);
/* Prints what look like return addresses on the stack, with names. Stays inside the CPU's stack block. */
void symbols_print_stack(uint64_t stack_pointer);
