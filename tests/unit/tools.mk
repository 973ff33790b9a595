# SPDX-License-Identifier: MIT
$(eval $(call unit_suite,tools_config,tests/unit/tools_config.c $(addprefix dom0-tools/pvctl/,config.c \
    config_devices.c config_keys.c config_lexer.c config_parser.c config_problem.c),))
$(eval $(call unit_suite,tools_image,tests/unit/tools_image.c $(addprefix dom0-tools/libpv/,error.c \
    kernel_image.c kernel_notes.c),))
$(eval $(call unit_suite,tools_layout,tests/unit/tools_layout.c $(addprefix dom0-tools/libpv/,error.c \
    domain_layout.c),))
$(eval $(call unit_suite,tools_console,tests/unit/tools_console.c $(addprefix dom0-tools/backends/, \
    console_log.c console_ring.c),))
$(eval $(call unit_suite,tools_build,tests/unit/tools_build.c tests/fake/fake_seam.c \
    $(addprefix dom0-tools/libpv/,error.c kernel_image.c kernel_notes.c domain_layout.c domctl.c \
    domain_build.c),))
$(eval $(call unit_suite,tools_commands,tests/unit/tools_commands.c $(addprefix dom0-tools/pvctl/, \
    main.c commands.c cmd_help.c cmd_check.c config.c config_devices.c config_file.c config_keys.c \
    config_lexer.c config_parser.c config_problem.c named_files.c) dom0-tools/libpv/error.c,-DPVCTL_HOST))
