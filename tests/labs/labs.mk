# SPDX-License-Identifier: MIT
# Labs: a student's tree, its points, hints, and what is handed in (docs/labs/README.md).
# In a student's tree the file LAB says which.
LAB         ?= $(shell sed -n 's/.*"lab": \([0-9]*\).*/\1/p' LAB 2>/dev/null)
DIR         ?=
STUDENT     ?= $(shell id -un)
LAB_BUILD   := $(BUILD)/labs
LAB_NEEDS    = $(if $(LAB),,$(error say which lab: make $@ LAB=1))
LAB_TOOL    := $(PYTHON) tests/labs/lab.py

.PHONY: lab grade hint submit lab-exams
lab: ## a student's tree: make lab LAB=1 DIR=../lab1 [STUDENT=name]
	$(LAB_NEEDS)
	$(if $(DIR),,$(error say where the tree shall be: make lab LAB=$(LAB) DIR=../lab$(LAB)))
	@$(LAB_TOOL) make $(LAB) $(DIR) --student '$(STUDENT)'

grade: ## build, run and count the points: make grade LAB=1 [TEST=name] [JSON=1] [SEED=n] [SUBMISSION=lab1.tar.gz]
	$(LAB_NEEDS)
	@BUILD=$(BUILD) $(PYTHON) tests/labs/grade.py $(LAB) $(if $(TEST),--test $(TEST)) $(if $(JSON),--json) $(if $(SEED),--seed $(SEED)) \
	    $(if $(SUBMISSION),--submission $(SUBMISSION)) --make '$(MAKE)'

hint: ## a hint for a test: make hint LAB=1 TEST=name [LEVEL=1..3]
	$(LAB_NEEDS)
	$(if $(TEST),,$(error say for which test: make hint LAB=$(LAB) TEST=name))
	@$(LAB_TOOL) hint $(LAB) $(TEST) $(LEVEL)

submit: ## pack what was written: make submit LAB=1
	$(LAB_NEEDS)
	@$(LAB_TOOL) submit $(LAB)

# What the examiners are: a guest, and a program over the fake machine.
LAB_EXAMS       := $(LAB_BUILD)/lab1/exam.elf $(LAB_BUILD)/lab1/fake_exam
ifneq ($(value guest_image),)
$(eval $(call guest_image,$(LAB_BUILD)/lab1/exam.elf,tests/labs/lab1/exam.c,))
endif

LAB_FAKE := tests/labs/lab1/fake_exam.c xenlike/course/hc_checksum.c xenlike/mm/guest_access.c \
            $(addprefix tests/fake/,fake_machine.c fake_memory.c fake_vcpu.c fake_domain.c fake_weak.c) $(filter-out \
            xenlike/mm/guest_access.c,$(wildcard xenlike/mm/*.c))
$(LAB_BUILD)/lab1/fake_exam: $(LAB_FAKE) $(wildcard tests/fake/*.h tests/labs/skeleton/*.h lab.mk) | $(INCLUDE_LINK)
	@mkdir -p $(dir $@)
	@echo "  HOSTCC $@"
	@$(HOST_CC) -std=gnu11 -g -O1 -I. $(ABI_INCLUDES) $(LAB_FLAGS) $(if $(LAB_FLAGS),-D__XEN__) -o $@ $(filter %.c,$^)

lab-exams: $(LAB_EXAMS)

LAB_RUNS := "$(PYTHON) tests/labs/test_labs.py"

.PHONY: lab-tests
lab-tests: all lab-exams ## the labs' own proof: skeletons, solutions, wrong answers
	@$(RUN) --verbose $(LAB_RUNS)
