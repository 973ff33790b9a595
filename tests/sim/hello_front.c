/* SPDX-License-Identifier: MIT */
/* The front end of examples/out-of-tree in the simulator. */
#define SIM_END front
#include "tests/sim/sim_end.h"

int front_main(int argc, char **argv);
#define main front_main
#include "examples/out-of-tree/front.c"
