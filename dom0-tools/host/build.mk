# SPDX-License-Identifier: MIT
# pvctl on the host: $(BUILD)/bin/pvctl. C11 and POSIX only.

PVCTL_HOST := $(BUILD)/bin/pvctl
PVCTL_HOST_SOURCES := $(addprefix dom0-tools/host/,main.c host_commands.c host_files.c host_gdb.c forward.c output_file.c punch.c cmd_completion.c client.c \
    client_session.c supervisor.c supervisor_frames.c machine.c state.c settings.c connection.c \
    channel.c terminal.c message.c script_files.c script_machine.c) dom0-tools/dom0/command_line.c
PVCTL_HOST_OBJECTS = $(patsubst %.c,$(BUILD)/host/%.o,$(PVCTL_HOST_SOURCES) $(PVCTL_PORTABLE_SOURCES))

# The last three definitions only open what POSIX leaves out of its strictest mode: window size.
HOST_CFLAGS ?= -O2 -g
HOST_BASE_CFLAGS := -std=c11 $(WARNINGS) -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 \
    -D_DEFAULT_SOURCE -D_DARWIN_C_SOURCE -DPVCTL_HOST -I. -Idom0-tools -I$(BUILD)/include $(ABI_INCLUDES)

$(BUILD)/host/%.o: %.c $(BUILD_ID_HEADER) | $(INCLUDE_LINK)
	@mkdir -p $(dir $@)
	@echo "  HOSTCC  $<"
	@$(HOST_CC) $(HOST_BASE_CFLAGS) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(PVCTL_HOST): $(PVCTL_HOST_OBJECTS)
	@mkdir -p $(dir $@)
	@echo "  HOSTLD  $@"
	@$(HOST_CC) $(HOST_CFLAGS) -o $@ $^

host-tools: $(PVCTL_HOST)
-include $(PVCTL_HOST_OBJECTS:.o=.d)

# PREFIX/bin/pvctl finds its images in PREFIX/lib/xenlike. (guest-pv-kernel/install.mk adds what guests are
# built with.)
.PHONY: install
install: all ## copy pvctl, its images, its manual, and what guests are built with to DESTDIR/PREFIX
	@install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/xenlike $(DESTDIR)$(PREFIX)/share/man/man1
	@install -m 755 $(PVCTL_HOST) $(DESTDIR)$(PREFIX)/bin/
	@install -m 644 $(HYPERVISOR_IMAGE) $(DOM0_IMAGE) $(DOM0_INITRD) $(DESTDIR)$(PREFIX)/lib/xenlike/
	@install -m 644 docs/man/pvctl.1 $(DESTDIR)$(PREFIX)/share/man/man1/
