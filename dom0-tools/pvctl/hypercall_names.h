/* SPDX-License-Identifier: MIT */
/*
 * hypercall_names.h: hypercalls as a reader knows them: names, how many arguments, and the names of
 * operations where the first argument is one.
 */
#ifndef PVCTL_HYPERCALL_NAMES_H
#define PVCTL_HYPERCALL_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "dom0-tools/pvctl/hypercall_arguments.h"

/* "event_channel_op(send, {port=4})" into text; an unknown number is "hypercall_57(...)", and a structure that
 * is not in `memory` an address. */
void hypercall_names_call(uint32_t number, const uint64_t arguments[4],
                          const struct hypercall_memory *memory, char *text, size_t size);
/* "0", "0x2a", "-22 (EINVAL ...)". */
void hypercall_names_result(int64_t result, char *text, size_t size);

#endif
