/* SPDX-License-Identifier: MIT */
/*
 * block_handshake.h: a virtual disk's life in the store: what the back end offers, what it takes up,
 * how both part. One thread works on all of it.
 * Owns: the back end's nodes of a device; its disk.
 * Invariant BLB1 (block_backend.h). Read next: block_handshake.c.
 */
#ifndef BACKENDS_BLOCK_HANDSHAKE_H
#define BACKENDS_BLOCK_HANDSHAKE_H

#include "dom0-tools/backends/block_device.h"
#include "dom0-tools/libpv/store.h"
#include "guest-pv-kernel/xenbus/xenbus_device.h"

#define BLOCK_PATH_SIZE 96

struct block_vbd {
    struct block_vbd *next;
    uint32_t number;
    unsigned int nr_resumed; /* how often a back end's work was taken up again */
    char back[BLOCK_PATH_SIZE], front[BLOCK_PATH_SIZE];
    struct block_device device;
};

struct block_backend {
    int listener;
    int ended[2]; /* threads that end put a byte into [1] */
    struct store *store;
    struct block_vbd *vbds;
};

/* A directory appeared: find its front end and watch that one's state. -1: it is no device (yet). */
int block_handshake_begin(struct block_backend *backend, struct block_vbd *vbd);
/* Do what the states of both ends ask for. false: the device is gone and nothing of it is held. */
bool block_handshake_step(struct block_backend *backend, struct block_vbd *vbd);
/* Undo block_handshake_begin. */
void block_handshake_end(struct block_backend *backend, struct block_vbd *vbd);

#endif
