/* SPDX-License-Identifier: MIT */
/*
 * The drivers of examples/out-of-tree under tests/sim: thousands of interleavings of both ends, with the
 * device taken away and given again in between. No wake-up is lost, every answer is right, nothing is left.
 */
#include <criterion/criterion.h>

#include "tests/sim/sim.h"

int front_main(int argc, char **argv);
int back_main(void);

static char count[] = "200";

#ifdef SIM_FORGETS
Test(driver_simulation, a_back_end_that_does_not_look_again_is_found)
{
    struct sim_plan plan = {"hello", front_main, count, back_main, 0};

    cr_assert_neq(sim_run_seeds(&plan, 200, true), 0, "the simulator misses a lost wake-up");
}
#else
Test(driver_simulation, hello_loses_no_wake_up_and_leaves_nothing)
{
    struct sim_plan plan = {"hello", front_main, count, back_main, 0};

    cr_assert_eq(sim_run_seeds(&plan, 1000, false), 0);
}

Test(driver_simulation, DV2_hello_survives_being_taken_away_and_given_again)
{
    struct sim_plan plan = {"hello", front_main, count, back_main, 3};

    cr_assert_eq(sim_run_seeds(&plan, 1000, false), 0);
}
#endif
