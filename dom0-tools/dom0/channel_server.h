/* SPDX-License-Identifier: MIT */
/*
 * Serves the host channel: reads frames from the port, runs the commands that the host sends.
 * Owns: the port, one thread that reads it, one thread and one process for each session.
 * Read next: channel_sessions.h.
 */
#ifndef DOM0_CHANNEL_SERVER_H
#define DOM0_CHANNEL_SERVER_H

#include <stdbool.h>
#include <stdint.h>

/* One frame of the connection itself. false: the host has not said HELLO. */
bool channel_server_send(uint8_t type, const void *payload, uint32_t length);

/* 0; -ENODEV: the machine has no such port; or another error of virtio_console_open(). */
int channel_server_start(const char *build_id);

#endif
