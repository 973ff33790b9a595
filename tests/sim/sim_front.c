/* SPDX-License-Identifier: MIT */
/* The front end's own handshakes. */
#define SIM_END front
#include "tests/sim/sim_end.h"

#include "guest-pv-kernel/xenbus/device.c"
