# SPDX-License-Identifier: MIT
# pvctl: the part that needs no machine is compiled for the host as well (with -DPVCTL_HOST).
PVCTL_PORTABLE_SOURCES := $(addprefix dom0-tools/pvctl/,main.c commands.c cmd_help.c cmd_check.c \
    config.c config_device.c config_devices.c config_file.c config_keys.c config_lexer.c \
    config_parser.c disk_spec.c config_problem.c named_files.c) dom0-tools/libpv/error.c

PVCTL_SOURCES := $(sort $(wildcard dom0-tools/pvctl/*.c))
DOM0_TOOLS_SOURCES += $(PVCTL_SOURCES)
