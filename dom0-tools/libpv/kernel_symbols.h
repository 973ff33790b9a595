/* SPDX-License-Identifier: MIT */
/*
 * kernel_symbols.h: the functions of a kernel's ELF file by address, for backtraces.
 * Owns: one allocation per table. The file is hostile: every number is checked, and size is bounded.
 * Read next: ../backends/domain_explain.c.
 */
#ifndef LIBPV_KERNEL_SYMBOLS_H
#define LIBPV_KERNEL_SYMBOLS_H

#include <stdint.h>

#include "dom0-tools/libpv/kernel_image.h"

#define KERNEL_SYMBOLS_MAX       65536u
#define KERNEL_SYMBOLS_MAX_NAMES (2u * 1024 * 1024)

struct kernel_symbols;

/* NULL: no symbol table, a malformed or too large one, or no memory. */
struct kernel_symbols *kernel_symbols_load(const struct image_source *source);
void kernel_symbols_free(struct kernel_symbols *symbols);

/* The function at or below an address, and how far below; NULL: none is near. symbols may be NULL. */
const char *kernel_symbols_find(const struct kernel_symbols *symbols, uint64_t address,
                                uint64_t *offset);

#endif
