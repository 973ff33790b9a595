/* SPDX-License-Identifier: MIT */
/*
 * A guest's pages and grants for tests of the network rings: a table instead of a hypervisor.
 * Read next: net_back.c, net_front.c
 */
#ifndef UNIT_NET_GRANTS_H
#define UNIT_NET_GRANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_GRANTS 1024u

struct net_grant {
    uint8_t *page; /* NULL: no such grant */
    bool read_only;
    bool held; /* the other end does not let go of it */
};

extern struct net_grant net_grants[NET_GRANTS];
extern size_t net_grants_nr_pages;  /* allocated and not freed */
extern size_t net_grants_nr_mapped; /* mappings that were not let go of */
extern size_t net_grants_nr_calls;  /* of seam_copy_pieces */

#endif
