# SPDX-License-Identifier: MIT
# Tests: unit suites on the host (Criterion, ASan, UBSan), ABI numbers, guests under QEMU, the system.
#
# A unit suite is one line in a fragment tests/unit/<owner>.mk, which is found by itself:
#
#   $(eval $(call unit_suite,<name>,<sources>,<extra compiler flags>))
#
# It becomes $(BUILD)/tests/unit/<name>. Includes are relative to the top of the tree, to include/
# (<public/xen.h>) and $(BUILD)/include (<xen/xen.h>).
#
# A guest test is a folder tests/guest/<claim>/ with main.c: see tests/guest/README.md.

TEST_BUILD   := $(BUILD)/tests
UNIT_CFLAGS  ?= -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
                -fno-sanitize-recover=all
UNIT_WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wvla -Wundef
UNIT_SUITES  :=

# Sources of a suite are compiled again for it: a suite may redefine what it wants with its flags.
define unit_suite
UNIT_SUITES += $(TEST_BUILD)/unit/$(1)
$(TEST_BUILD)/unit/$(1)_OBJECTS := $(patsubst %.c,$(TEST_BUILD)/unit/$(1).d/%.o,$(2))
$(TEST_BUILD)/unit/$(1): $$($(TEST_BUILD)/unit/$(1)_OBJECTS)
	@echo "  HOSTLD  $$@"
	@$(HOST_CC) $(UNIT_CFLAGS) -o $$@ $$^ -lcriterion
$(TEST_BUILD)/unit/$(1).d/%.o: %.c | $(INCLUDE_LINK)
	@mkdir -p $$(dir $$@)
	@$(HOST_CC) $(UNIT_CFLAGS) $(UNIT_WARNINGS) -I. $(ABI_INCLUDES) $(3) -MMD -MP -c -o $$@ $$<
-include $$($(TEST_BUILD)/unit/$(1)_OBJECTS:.o=.d)
endef

-include $(sort $(wildcard tests/unit/*.mk))

.PHONY: test check unit-tests run-unit
unit-tests: $(UNIT_SUITES)

test: run-unit
check:

run-unit: $(UNIT_SUITES)
	@status=0; for suite in $(UNIT_SUITES); do $$suite || status=1; done; exit $$status
