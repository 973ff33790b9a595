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
# A system test is a file tests/system/test_*.py, which drives pvctl from outside.

TEST_BUILD    := $(BUILD)/tests
UNIT_CFLAGS   ?= -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
                 -fno-sanitize-recover=all
UNIT_WARNINGS := -Wall -Wextra -Wno-unused-parameter -Werror -Wshadow -Wstrict-prototypes -Wvla -Wundef
UNIT_SUITES   :=
# CRITERION=portable: with tests/portable instead, where the compiler's target has no Criterion.
CRITERION     ?= installed
ifeq ($(CRITERION),portable)
override UNIT_CFLAGS += -Itests/portable
UNIT_RUNTIME  := tests/portable/main.c
else
UNIT_RUNTIME  := -lcriterion
endif

# Sources of a suite are compiled again for it: a suite may redefine what it wants with its flags, and one
# object with UNIT_EXTRA as its own variable.
define unit_suite
UNIT_SUITES += $(TEST_BUILD)/unit/$(1)
$(TEST_BUILD)/unit/$(1)_OBJECTS := $(patsubst %.c,$(TEST_BUILD)/unit/$(1).d/%.o,$(2))
$(TEST_BUILD)/unit/$(1): $$($(TEST_BUILD)/unit/$(1)_OBJECTS)
	@echo "  HOSTLD  $$@"
	@$(HOST_CC) $(UNIT_CFLAGS) -o $$@ $$^ $(UNIT_RUNTIME)
$(TEST_BUILD)/unit/$(1).d/%.o: %.c | $(INCLUDE_LINK)
	@mkdir -p $$(dir $$@)
	@$(HOST_CC) $(UNIT_CFLAGS) $(UNIT_WARNINGS) -I. $(ABI_INCLUDES) $(3) $$(UNIT_EXTRA) -MMD -MP -c -o $$@ $$<
-include $$($(TEST_BUILD)/unit/$(1)_OBJECTS:.o=.d)
endef

-include tests/compare/compare.mk
-include tests/kernels/small/small.mk
-include tests/guest/attacks/attacks.mk
-include $(sort $(wildcard tests/unit/*.mk))

# Guest tests: CLAIM=<folder> picks one.
CLAIM        ?= *
CLAIMS       := $(sort $(notdir $(patsubst %/main.c,%,$(wildcard tests/guest/$(CLAIM)/main.c))))
GUEST_TESTS  := $(CLAIMS:%=$(TEST_BUILD)/guest/%.elf)
GUEST_RUN    := $(PYTHON) tests/guest/run.py
REAL_XEN     ?= $(XENLIKE_CACHE)/xen-4.17-amd64
ifneq ($(value guest_image),)
$(foreach claim,$(CLAIMS),$(eval $(call guest_image,$(TEST_BUILD)/guest/$(claim).elf,$(wildcard \
    tests/guest/$(claim)/*.c),-Itests/guest/include)))
endif

# Claims that are not about a hypervisor hold on bare hardware too.
NATIVE_CLAIMS := the_console_prints a_fault_names_its_function threads_sleep_and_wake processes_end_alone
NATIVE_TESTS  := $(patsubst %,$(TEST_BUILD)/native/%.elf,$(filter $(CLAIMS),$(NATIVE_CLAIMS)))
$(foreach claim,$(filter $(CLAIMS),$(NATIVE_CLAIMS)),$(eval $(call guest_image,$(TEST_BUILD)/native/$(claim).elf,$(wildcard \
    tests/guest/$(claim)/*.c),-Itests/guest/include,,$(NATIVE_LIBRARY))))

# A guest of drivers for Mini-OS: tests/system/test_drivers.py runs it.
MINI_OS_TEST := $(TEST_BUILD)/mini-os.elf
$(eval $(call guest_image,$(MINI_OS_TEST),$(wildcard tests/drivers/mini-os/*.c),,$(MINI_OS_LIBRARY)))

SYSTEM_TESTS := $(sort $(wildcard tests/system/test_*.py))
RUN          := $(PYTHON) tests/tools/run.py --log $(TEST_BUILD)/log
UNIT_RUNS    = $(UNIT_SUITES)
ABI_RUNS     = "$(PYTHON) tests/abi/compare.py --build $(TEST_BUILD)/abi"
GUEST_RUNS   = "$(GUEST_RUN) --hypervisor $(HYPERVISOR_IMAGE) $(GUEST_TESTS)"
NATIVE_RUNS  = "$(GUEST_RUN) --native $(NATIVE_TESTS)"
XEN_RUNS     = "$(GUEST_RUN) --xen --hypervisor $(REAL_XEN) $(GUEST_TESTS)"
# Long tests that wait more than they compute, and measure nothing by the host's clock, run two at a time.
PAIRED_TESTS := $(wildcard tests/system/test_*_faults.py tests/system/test_files.py)
PAIRED_RUNS  = $(PAIRED_TESTS:%="$(PYTHON) %")
SYSTEM_RUNS  = $(patsubst %,"$(PYTHON) %",$(filter-out $(PAIRED_TESTS),$(SYSTEM_TESTS)))
SYSTEM_XEN   = "env XEN=1 REAL_XEN=$(REAL_XEN) $(PYTHON) tests/system/test_guests.py" \
               "env XEN=1 REAL_XEN=$(REAL_XEN) $(PYTHON) tests/system/test_drivers.py" \
               "env XEN=1 REAL_XEN=$(REAL_XEN) $(PYTHON) tests/system/test_network.py"
COMPARE_RUNS = "tests/compare/compare-hypervisors.py $(COMPARE_IMAGE) --xenlike $(HYPERVISOR_IMAGE)"
KERNEL_TESTS := $(sort $(wildcard tests/kernels/test_*.py))
KERNEL_RUNS  = $(KERNEL_TESTS:%="$(PYTHON) %")
KERNELS_ALL  = $(KERNEL_TESTS:%="env KERNELS=all $(PYTHON) %")
KERNELS_XEN  = $(KERNEL_TESTS:%="env KERNELS=all XEN=1 REAL_XEN=$(REAL_XEN) $(PYTHON) %")
FUZZERS      := $(addprefix $(TEST_BUILD)/fuzz/,page_tables kernel_image config)
FUZZ_RUNS    = "tests/fuzz/brief.sh $(FUZZERS)"
CHECK_RUNS   = "$(PYTHON) tests/tools/check.py"

HYPERVISOR_IMAGE ?= $(BUILD)/xenlike/xenlike
-include tests/bench/bench.mk

export BUILD HOST_CC QEMU REQUIRE XENLIKE_CACHE

# Two jobs unless the user said how many.
PARALLEL = $(if $(findstring j,$(filter-out --%,$(firstword $(MAKEFLAGS)))$(filter -j%,$(MAKEFLAGS))),,-j2)

.PHONY: test unit-tests run-unit abi-tests guest-tests guest-tests-xen native-tests system-tests system-tests-xen check format \
        abi-names abi-numbers test-programs

test: | setup-test fetch ## install what is missing, build, run every test; REQUIRE=all forbids skips
	@$(MAKE) --no-print-directory $(PARALLEL) all test-programs
	@$(MAKE) --no-print-directory run-all

.PHONY: cross-tests run-emulated run-all run-qemu test-qemu10 fetch
fetch: ## get into the cache what the build and tests use of Debian without installing it
	@tests/tools/fetch-source.sh lwip
	@tests/tools/fetch-source.sh e2fsprogs || true
	@tests/tools/fetch.sh

run-all: test-programs
	@$(RUN) $(UNIT_RUNS) $(FUZZ_RUNS) $(ABI_RUNS) $(CHECK_RUNS) $(XEN_RUNS) $(COMPARE_RUNS) $(GUEST_RUNS) $(NATIVE_RUNS) $(SYSTEM_RUNS) \
	    --pairs $(PAIRED_RUNS) $(SYSTEM_XEN) $(KERNEL_RUNS) $(LAB_RUNS)

# Every test that runs a QEMU, on Debian's next one.
QEMU10 := $(XENLIKE_CACHE)/qemu-10/usr/bin
test-qemu10: | setup-test fetch ## the same tests on QEMU 10 (fetched from backports, not installed)
	@tests/tools/fetch-qemu10.sh
	@$(MAKE) --no-print-directory $(PARALLEL) all test-programs
	@PATH=$(QEMU10):$$PATH QEMU=$(QEMU10)/qemu-system-x86_64 $(MAKE) --no-print-directory run-qemu

run-qemu: test-programs
	@$(RUN) $(XEN_RUNS) $(COMPARE_RUNS) $(GUEST_RUNS) $(NATIVE_RUNS) $(SYSTEM_RUNS) --pairs $(PAIRED_RUNS) $(SYSTEM_XEN)

# Other toolchains: the images by clang, on xenlike built by clang; pvctl and the suites of what is not
# the hypervisor for 64-bit Arm, under an emulator, as an Arm laptop would run them.
EMULATOR        ?= qemu-aarch64 -L /usr/aarch64-linux-gnu
EMULATED_SUITES = $(filter-out %_payload,$(filter $(addprefix $(TEST_BUILD)/unit/,blk_% dom0_% guest_% host_% net_% \
    tools_% xenstored),$(UNIT_SUITES)))
cross-tests: | setup-cross ## clang's images pass the guest tests; pvctl and its unit tests on aarch64
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/clang TARGET_CC='clang --target=x86_64-elf' guest-tests native-tests
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/aarch64 HOST_CC=aarch64-linux-gnu-gcc CRITERION=portable \
	    UNIT_CFLAGS='-std=gnu11 -g -O1' run-emulated

run-emulated: $(PVCTL_HOST) $(EMULATED_SUITES)
	@$(RUN) --verbose $(EMULATED_SUITES:%="$(EMULATOR) %") \
	    "tests/portable/offline-commands.sh $(EMULATOR) $(PVCTL_HOST)"

test-programs: $(UNIT_SUITES) $(SMALL_KERNELS) $(GUEST_TESTS) $(MINI_OS_TEST) $(NATIVE_TESTS) $(ISO_IMAGE) $(COMPARE_IMAGE) $(ATTACK_IMAGES) $(LAB_EXAMS) \
    $(if $(shell command -v clang 2>/dev/null),$(FUZZERS))

unit-tests: $(UNIT_SUITES)

run-unit: $(UNIT_SUITES) ## unit tests alone
	@$(RUN) $(UNIT_RUNS)

abi-tests: | $(INCLUDE_LINK) ## the public headers' numbers against the table and libxen-dev
	@$(RUN) --verbose $(ABI_RUNS)

guest-tests: hypervisor $(GUEST_TESTS) ## small guests on xenlike; CLAIM=name picks one
	@$(RUN) --verbose $(GUEST_RUNS)

native-tests: $(NATIVE_TESTS) ## guest tests that need no hypervisor, without one
	@$(RUN) --verbose $(NATIVE_RUNS)

guest-tests-xen: $(GUEST_TESTS) ## the same on real Xen 4.17, the oracle
	@$(RUN) --verbose $(XEN_RUNS)

system-tests: all $(MINI_OS_TEST) ## pvctl from outside
	@$(RUN) --verbose $(SYSTEM_RUNS) --pairs $(PAIRED_RUNS)

system-tests-xen: all ## the same with real Xen 4.17 under our dom0
	@$(RUN) --verbose $(SYSTEM_XEN)

.PHONY: test-guests test-guests-xen
test-guests: all $(SMALL_KERNELS) ## unmodified Linux, Debian on a disk, GRUB and GNU Mach from Debian's packages on xenlike
	@$(RUN) --limit 3000 --verbose $(KERNELS_ALL)

test-guests-xen: all $(SMALL_KERNELS) ## the same on real Xen 4.17 under our dom0
	@$(RUN) --limit 3000 --verbose $(KERNELS_XEN)

check: $(BUILD_ID_HEADER) | $(INCLUDE_LINK) ## layout, sizes, headers, static analysis
	@$(RUN) --verbose $(CHECK_RUNS)

format: ## lay the sources out as .clang-format says
	@clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h' | grep -v '^include/public/')

abi-names: ## rewrite the list of the public headers' names
	@$(PYTHON) tests/abi/names.py

abi-numbers: abi-names ## rewrite the kept table of the public headers' numbers
	@$(PYTHON) tests/abi/compare.py --build $(TEST_BUILD)/abi --keep
