/* SPDX-License-Identifier: MIT */
/*
 * forward.h: ports of the host's loopback that lead to a guest, through QEMU's user network.
 * Owns: nothing; QEMU keeps the table until the machine goes down.
 * Read next: forward.c
 */
#ifndef HOST_FORWARD_H
#define HOST_FORWARD_H

#include "settings.h"

/* The address that QEMU's user network gives to the first guest that asks by DHCP. */
#define FORWARD_FIRST_GUEST "10.0.2.15"

struct forward_rule {
    const char *protocol; /* "tcp" or "udp" */
    unsigned int host_port, guest_port;
};

/* "8080:80", "8080:80/udp". -1 after a message. */
int forward_parse(const char *text, struct forward_rule *rule);
/* Makes 127.0.0.1:host_port lead to the address, in place of where it led before. An exit code, after a message when it is not 0. */
int forward_add(const struct settings *settings, const struct forward_rule *rule,
                const char *address);

#endif
