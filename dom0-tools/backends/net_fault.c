/* SPDX-License-Identifier: MIT */
/*
 * net_fault.c: see net_fault.h.
 * Invariant NFT1. Read next: net_ring.c
 */
#include "dom0-tools/backends/net_fault.h"

#include <stdlib.h>
#include <string.h>

#define NOBODYS_ID 0xfffeu

static unsigned int *place_of(struct net_fault *fault, const char *word, size_t length)
{
    const struct {
        const char *name;
        unsigned int *place;
    } words[] = {
        {"slow", &fault->slow},       {"reorder", &fault->reorder},
        {"error", &fault->error},     {"short", &fault->short_piece},
        {"beyond", &fault->beyond},   {"duplicate", &fault->duplicate},
        {"overrun", &fault->overrun}, {"wrong-id", &fault->wrong_id},
        {"hang", &fault->hang},       {"reset", &fault->reset},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].name) == length && memcmp(words[i].name, word, length) == 0) {
            return words[i].place;
        }
    }
    return NULL;
}

struct net_fault *net_fault_read(const char *text)
{
    struct net_fault *fault = text != NULL ? calloc(1, sizeof(*fault)) : NULL;

    while (fault != NULL && *(text += strspn(text, " ")) != '\0') {
        size_t length = strcspn(text, "= ");
        unsigned int *place = place_of(fault, text, length);
        char *end = NULL;

        if (place != NULL && text[length] == '=') {
            *place = (unsigned int)strtoul(text + length + 1, &end, 10);
        }
        if (end == NULL || (*end != '\0' && *end != ' ')) {
            free(fault);
            return NULL;
        }
        text = end;
    }
    if (fault != NULL && fault->reorder > NET_FAULT_HELD) {
        fault->reorder = NET_FAULT_HELD;
    }
    return fault;
}

static bool turn(const struct net_fault *fault, unsigned int every)
{
    return every != 0 && fault->nr_answers % every == 0;
}

unsigned int net_fault_sent(struct net_fault *fault, struct netif_tx_response *response)
{
    fault->nr_answers++;
    if (turn(fault, fault->error)) {
        response->status = NETIF_RSP_ERROR;
    }
    if (turn(fault, fault->wrong_id)) {
        response->id = NOBODYS_ID;
    }
    if (fault->reorder != 0) {
        fault->held[fault->nr_held++] = *response;
        return 0;
    }
    return turn(fault, fault->duplicate) ? 2 : 1;
}

unsigned int net_fault_received(struct net_fault *fault, struct netif_rx_response *response)
{
    fault->nr_answers++;
    if (turn(fault, fault->error)) {
        response->status = NETIF_RSP_ERROR;
    } else if (turn(fault, fault->short_piece)) {
        response->status = (int16_t)(response->status / 2);
    } else if (turn(fault, fault->beyond)) {
        response->offset = 4000;
        response->status = 4000;
    }
    if (turn(fault, fault->wrong_id)) {
        response->id = NOBODYS_ID;
    }
    return turn(fault, fault->duplicate) ? 2 : 1;
}

bool net_fault_release(struct net_fault *fault, struct netif_tx_response *response)
{
    if (fault->nr_held == 0) {
        return false;
    }
    *response = fault->held[--fault->nr_held];
    return true;
}

bool net_fault_hangs(const struct net_fault *fault)
{
    return fault->hang != 0 && fault->nr_answers >= fault->hang;
}

bool net_fault_resets(const struct net_fault *fault)
{
    return fault->reset != 0 && fault->nr_answers >= fault->reset;
}

bool net_fault_overruns(const struct net_fault *fault)
{
    return fault->overrun != 0 && fault->nr_answers >= fault->overrun;
}
