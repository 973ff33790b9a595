/* SPDX-License-Identifier: MIT */
/* Step 4: a ring whose requests are two numbers, and whose responses are their sum. */
#ifndef TUTORIAL_SUM_H
#define TUTORIAL_SUM_H

#include <stdint.h>
#include <public/io/ring.h>

struct sum_request {
    uint32_t id;
    uint32_t a, b;
};

struct sum_response {
    uint32_t id; /* of its request: responses may come in any order */
    uint32_t sum;
};

DEFINE_RING_TYPES(sum, struct sum_request, struct sum_response);

#endif
