# SPDX-License-Identifier: MIT
# Split drivers under the simulator (tests/sim): the template project's, and one with a bug to be found.
SIM_SOURCES := $(addprefix tests/sim/,sim_domain.c sim_memory.c sim_run.c sim_store.c sim_front.c sim_back.c hello_front.c hello_back.c) \
    $(addprefix guest-pv-kernel/xenbus/,device_nodes.c xenbus_device.c)
SIM_FLAGS   := -Iguest-pv-kernel/include -include tests/sim/sim_ring.h
# The address sanitizer does not follow contexts that are switched by hand.
UNIT_CFLAGS_KEPT := $(UNIT_CFLAGS)
UNIT_CFLAGS      := $(filter-out -fsanitize=%,$(UNIT_CFLAGS)) -fsanitize=undefined
$(eval $(call unit_suite,sim_hello,tests/unit/sim_hello.c $(SIM_SOURCES),$(SIM_FLAGS)))
$(eval $(call unit_suite,sim_hello_forgets,tests/unit/sim_hello.c $(SIM_SOURCES),$(SIM_FLAGS) -DSIM_FORGETS))
UNIT_CFLAGS      := $(UNIT_CFLAGS_KEPT)
# A driver calls the simulator at each of its basic blocks.
$(foreach suite,sim_hello sim_hello_forgets,$(foreach end,front back,$(TEST_BUILD)/unit/$(suite).d/tests/sim/hello_$(end).o)): \
    UNIT_EXTRA := -fsanitize-coverage=trace-pc

# Anybody's: `make simulate FRONT=front.c BACK=back.c TYPE=hello ARGUMENT=200`.
SIM_BUILD := $(TEST_BUILD)/sim
SIM_CC     = $(HOST_CC) -std=gnu11 -g -O1 -fsanitize=undefined -I. $(ABI_INCLUDES) $(SIM_FLAGS)
SIM_DRIVER = -Wall -Wno-missing-prototypes -include tests/sim/sim_end.h -fsanitize-coverage=trace-pc
SEEDS     ?= 1000

.PHONY: simulate
simulate: | $(INCLUDE_LINK) ## drivers of your own (FRONT=, BACK=, TYPE=, ARGUMENT=, SEEDS=) under thousands of interleavings
	@test -f "$(FRONT)" -a -f "$(BACK)" -a -n "$(TYPE)" || { echo "simulate: FRONT=front.c BACK=back.c" \
	    "TYPE=type-of-device; see docs/drivers/simulator.md" >&2; exit 2; }
	@mkdir -p $(SIM_BUILD)
	@$(SIM_CC) $(SIM_DRIVER) -DSIM_END=front -Dmain=front_main -c -o $(SIM_BUILD)/front.o $(FRONT)
	@$(SIM_CC) $(SIM_DRIVER) -DSIM_END=back -Dmain=back_main -c -o $(SIM_BUILD)/back.o $(BACK)
	@$(SIM_CC) -o $(SIM_BUILD)/simulate tests/sim/simulate.c $(filter-out tests/sim/hello_%,$(SIM_SOURCES)) $(SIM_BUILD)/front.o $(SIM_BUILD)/back.o
	@$(SIM_BUILD)/simulate $(TYPE) $(SEEDS) $(ARGUMENT)
