/* SPDX-License-Identifier: MIT */
/*
 * A guest's discard reaches a file of the user's: 9P, which serves the file otherwise, has no word for it.
 * Invariant: HP1 no file outside the share is touched, no file's size changes, and bytes outside the range
 * stay as they are.
 * Read next: supervisor_frames.c, dom0-tools/dom0/channel_punch.c.
 */
#ifndef PUNCH_H
#define PUNCH_H

#include <stdint.h>

#include "settings.h"

enum punch_result { PUNCH_DONE = 0, PUNCH_CANNOT = 1, PUNCH_FAILED = 2 };

/* Length 0 asks whether this file's file system can do it. */
enum punch_result punch(const char *share, const char *path, uint64_t offset, uint64_t length);

#endif
