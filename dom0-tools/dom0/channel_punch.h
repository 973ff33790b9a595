/* SPDX-License-Identifier: MIT */
/*
 * Part of a file on the share is not wanted any more: pvctl's supervisor on the host makes a hole of it.
 * Read next: dom0-tools/host/punch.h.
 */
#ifndef DOM0_CHANNEL_PUNCH_H
#define DOM0_CHANNEL_PUNCH_H

#include <sys/types.h>

#include "dom0-tools/host/channel.h"

/* `path` is relative to the share; length 0 only asks whether it can be done. -ENOTSUP: no supervisor, or
 * a file system that cannot; -EIO. Waits for the host. */
int channel_punch(const char *path, off_t offset, off_t length);
/* The supervisor's answer. */
void channel_punch_answered(const struct channel_frame *frame);

#endif
