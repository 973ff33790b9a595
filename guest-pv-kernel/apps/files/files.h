/* SPDX-License-Identifier: MIT */
#ifndef FILES_FILES_H
#define FILES_FILES_H

#include <stdbool.h>
#include <stddef.h>

#define FILES_ROOT     "/disk"
#define FILES_PATH_MAX 512

/* Each returns an exit status and has said why it is not 0. */
int files_write(void);
int files_check(void);
int files_change(void);
int files_recheck(void);
int files_fill_disk(void);

/* `length` bytes that belong to `seed`, from the descriptor's position on. 0, or -1 and errno. */
int files_fill(int file, unsigned int seed, size_t length);

#endif
