/* SPDX-License-Identifier: MIT */
/*
 * block_fault.c: faults on purpose.
 * Invariant BLF1 (block_fault.h). Read next: block_device.c.
 */
#include "dom0-tools/backends/block_fault.h"

#include <stdlib.h>
#include <string.h>

#include "dom0-tools/backends/block_device.h"
#include "dom0-tools/libpv/seam.h"

static unsigned int *place_of(struct block_fault *fault, const char *word, size_t length)
{
    const struct {
        const char *name;
        unsigned int *place;
    } words[] = {
        {"slow", &fault->slow},           {"reorder", &fault->reorder},
        {"error", &fault->error},         {"short", &fault->short_read},
        {"duplicate", &fault->duplicate}, {"wrong-id", &fault->wrong_id},
        {"overrun", &fault->overrun},     {"wrong-op", &fault->wrong_operation},
        {"hang", &fault->hang},           {"crash", &fault->crash},
        {"reset", &fault->reset},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].name) == length && memcmp(words[i].name, word, length) == 0) {
            return words[i].place;
        }
    }
    return NULL;
}

struct block_fault *block_fault_read(const char *text)
{
    struct block_fault *fault = text != NULL ? calloc(1, sizeof(*fault)) : NULL;

    while (fault != NULL && *(text += strspn(text, " ")) != '\0') {
        size_t length = strcspn(text, "= ");
        unsigned int *place = place_of(fault, text, length);
        char *end;

        if (place == NULL || text[length] != '=') {
            free(fault);
            return NULL;
        }
        *place = (unsigned int)strtoul(text + length + 1, &end, 10);
        text = end;
        if (*text != '\0' && *text != ' ') {
            free(fault);
            return NULL;
        }
    }
    return fault;
}

static bool turn(const struct block_fault *fault, unsigned int every)
{
    return every != 0 && fault->nr_requests % every == 0;
}

/* Not a sleep that nobody can end: whoever stops the device wakes it. */
static void wait_ms(struct block_device *device, int ms)
{
    struct seam_wait wait = {device->wake[0], SEAM_READ, 0};

    (void)seam_wait_any(&wait, 1, ms);
}

bool block_fault_admits(struct block_device *device)
{
    struct block_fault *fault = device->fault;

    fault->nr_requests++;
    if (fault->hang != 0 && fault->nr_requests >= fault->hang) {
        while (!device->stopping) {
            wait_ms(device, -1);
        }
        device->abandoned = true;
    }
    if (turn(fault, fault->reset)) {
        device->broken = "it was reset on purpose";
    }
    return !device->abandoned && !turn(fault, fault->error);
}

void block_fault_shorten(struct block_device *device)
{
    if (turn(device->fault, device->fault->short_read)) {
        device->request.nr_segments /= 2;
    }
}

void block_fault_answer(struct block_device *device, const struct blkif_response *response)
{
    struct block_fault *fault = device->fault;
    struct blkif_response answer = *response;

    if (fault->slow != 0) {
        wait_ms(device, (int)fault->slow);
    }
    if (turn(fault, fault->crash)) {
        device->stopping = device->abandoned = true;
    }
    if (device->abandoned) {
        return;
    }
    if (turn(fault, fault->short_read) && answer.operation == BLKIF_OP_READ) {
        answer.status = BLKIF_RSP_ERROR;
    }
    answer.id = turn(fault, fault->wrong_id) ? ~answer.id : answer.id;
    answer.operation ^= turn(fault, fault->wrong_operation) ? 1u : 0u;
    if (turn(fault, fault->overrun)) {
        device->ring.rsp_prod_pvt += 2 * device->ring.nr_ents;
    }
    if (fault->reorder != 0) {
        fault->held[fault->nr_held++] = answer;
        if (fault->nr_held == fault->reorder || fault->nr_held == BLOCK_FAULT_HELD) {
            block_fault_flush(device);
        }
        return;
    }
    block_device_put(device, &answer);
    if (turn(fault, fault->duplicate)) {
        block_device_put(device, &answer);
    }
}

void block_fault_flush(struct block_device *device)
{
    struct block_fault *fault = device->fault;

    while (fault->nr_held > 0) {
        block_device_put(device, &fault->held[--fault->nr_held]);
    }
}
