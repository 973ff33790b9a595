# SPDX-License-Identifier: MIT
# xenlike: one Makefile. Each folder's build.mk adds its own targets; this file holds what they share.
#
#   make            everything: hypervisor, guest images, dom0, pvctl
#   make help       the targets a user types

BUILD         ?= build
TARGET_CC     ?= gcc
HOST_CC       ?= cc
XENLIKE_CACHE ?= $(HOME)/.cache/xenlike
PYTHON        ?= python3
QEMU          ?= qemu-system-x86_64
PREFIX        ?= /usr/local
DESTDIR       ?=

# A student's tree (docs/labs) says here what is different in it.
COURSE    :=
LAB_FLAGS :=
-include lab.mk

# Objects land in $(BUILD)/<source path>.o, so two trees can be built side by side with BUILD=elsewhere.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wvla -Wundef

# The ABI headers are included as <public/xen.h>; <xen/xen.h> works through a link made here. Never
# add include/public itself to the path: its errno.h and sched.h would shadow libc's.
INCLUDE_LINK := $(BUILD)/include/xen
ABI_INCLUDES := -Iinclude -I$(BUILD)/include

$(INCLUDE_LINK):
	@mkdir -p $(dir $@)
	@ln -sfn $(abspath include/public) $@

# One name for what was built: pvctl on the host and dom0 tell each other theirs. The header changes
# only when the name does.
BUILD_ID        := $(or $(shell git rev-parse --short=12 HEAD 2>/dev/null),unversioned)
BUILD_ID_HEADER := $(BUILD)/include/build_id.h
ifneq ($(shell cat $(BUILD)/include/build_id.h 2>/dev/null),\#define BUILD_ID "$(BUILD_ID)")
.PHONY: $(BUILD_ID_HEADER)
endif
$(BUILD_ID_HEADER):
	@mkdir -p $(dir $@)
	@echo '#define BUILD_ID "$(BUILD_ID)"' > $@

include xenlike/build.mk
include guest-pv-kernel/build.mk
include dom0-tools/build.mk
include tests/build.mk
include tests/labs/labs.mk

.PHONY: all clean help setup setup-run setup-iso setup-cross setup-test doctor demo demo-web
setup: setup-test ## install every package that is missing (Debian), or print the line that does

setup-run:
	@tests/tools/setup.sh build run

setup-iso:
	@tests/tools/setup.sh build run iso

setup-cross:
	@tests/tools/setup.sh build run cross

setup-test:
	@tests/tools/setup.sh build run iso test

doctor: ## what is there, what is missing, which QEMU and accelerator; changes nothing
	@BUILD=$(BUILD) dom0-tools/host/doctor.sh

# The build begins in a second make: what the set-up step installs decides what this one would see.
demo: | setup-run ## from nothing to a running guest
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BUILD=$(BUILD) dom0-tools/host/demo.sh

demo-web: | setup-run ## a guest serves a web page from its disk; curl on this host gets it
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BUILD=$(BUILD) dom0-tools/host/demo-web.sh

all: hypervisor guests dom0 host-tools ## everything: hypervisor, guest images, dom0, pvctl

clean:
	rm -rf $(BUILD)

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 20
