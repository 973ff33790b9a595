/* SPDX-License-Identifier: MIT */
/* Its back end. With SIM_FORGETS one that does not look again before it sleeps. */
#include <public/io/ring.h>
#define SIM_END back
#include "tests/sim/sim_end.h"

#ifdef SIM_FORGETS
#undef RING_FINAL_CHECK_FOR_REQUESTS
#define RING_FINAL_CHECK_FOR_REQUESTS(ring, more)        \
    do {                                                 \
        (more) = 0;                                      \
        (ring)->sring->req_event = (ring)->req_cons + 1; \
    } while (0)
#endif

#include "examples/out-of-tree/back.c"
