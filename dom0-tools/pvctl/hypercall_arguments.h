/* SPDX-License-Identifier: MIT */
/*
 * hypercall_arguments.h: what a hypercall's argument points to, as a reader knows it.
 * Read next: hypercall_names.h.
 */
#ifndef PVCTL_HYPERCALL_ARGUMENTS_H
#define PVCTL_HYPERCALL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HYPERCALL_ELEMENTS     8u
#define HYPERCALL_ELEMENT_SIZE 40u

/* The first structures that an argument points to, as far as they could be read. */
struct hypercall_memory {
    size_t nr_elements;
    uint8_t elements[HYPERCALL_ELEMENTS][HYPERCALL_ELEMENT_SIZE];
};

/*
 * Which argument (from 0) it is that points to structures; they are written as "{port=5}" or, when the call
 * takes `count` of them, "[{...}, {...}, ...]". -1: none, or this operation's are not known.
 */
int hypercall_arguments_text(uint32_t number, const uint64_t arguments[4],
                             const struct hypercall_memory *memory, char *text, size_t size);

#endif
