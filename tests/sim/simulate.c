/* SPDX-License-Identifier: MIT */
/*
 * simulate TYPE SEEDS [ARGUMENT]   runs the drivers that are linked in, without and with detaches
 * simulate TYPE seed=N [ARGUMENT]  one run, with what the drivers print
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

int front_main(int argc, char **argv);
int back_main(void);

int main(int argc, char **argv)
{
    struct sim_plan plan = {argc > 1 ? argv[1] : "", front_main, argc > 3 ? argv[3] : NULL,
                            back_main, 0};
    uint64_t failed = 0;

    if (argc < 3) {
        fprintf(stderr, "usage: simulate TYPE SEEDS|seed=N [ARGUMENT]\n");
        return 2;
    }
    for (; plan.detaches <= 3 && failed == 0; plan.detaches += 3) {
        if (strncmp(argv[2], "seed=", 5) == 0) {
            plan.detaches = getenv("DETACHES") != NULL ? 3 : 0;
            return sim_run(&plan, strtoull(argv[2] + 5, NULL, 10));
        }
        failed = sim_run_seeds(&plan, strtoull(argv[2], NULL, 10), false);
    }
    if (failed != 0) {
        printf("to see it: the same with SEEDS=seed=%llu%s\n", (unsigned long long)failed,
               plan.detaches > 3 ? " DETACHES=1" : "");
        return 1;
    }
    printf("%s interleavings, as many with detaches: nothing lost, nothing left\n", argv[2]);
    return 0;
}
