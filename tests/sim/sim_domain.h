/* SPDX-License-Identifier: MIT */
/* Starting both domains, and letting them run until neither can. Read next: sim_domain.c */
#ifndef SIM_DOMAIN_H
#define SIM_DOMAIN_H

#include "sim.h"

void sim_domain_start(uint64_t seed);
void sim_domain_run(void);
/* The same, for at most so many turns of either. */
void sim_domain_run_some(uint64_t turns);

#endif
