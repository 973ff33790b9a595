/* SPDX-License-Identifier: MIT */
/*
 * handlers.h: the handlers behind the table of commands, one group per cmd_*.c file.
 * Those below the line need the machine and exist in dom0 only.
 */
#ifndef PVCTL_HANDLERS_H
#define PVCTL_HANDLERS_H

#include <stdbool.h>

#include "dom0-tools/pvctl/commands.h"

int cmd_help(const struct command_call *call, struct error *error);
/* One command's usage and options, to standard output. */
void cmd_help_show(const struct command *command);
int cmd_help_explain(const struct command_call *call, struct error *error);
int cmd_check(const struct command_call *call, struct error *error);

/* ---- the host's (dom0-tools/host) --------------------------------------------------------------- */

int cmd_machine_up(const struct command_call *call, struct error *error);
int cmd_machine_down(const struct command_call *call, struct error *error);
int cmd_machine_status(const struct command_call *call, struct error *error);
int cmd_gdb(const struct command_call *call, struct error *error);
int cmd_forward(const struct command_call *call, struct error *error);
int cmd_completion(const struct command_call *call, struct error *error);

/* ---- the machine's ------------------------------------------------------------------------------
 */

int cmd_create(const struct command_call *call, struct error *error);
struct config_file;
/* Like `create` of a configuration that is loaded already, which it closes; core: where its core file
 * goes, or NULL. 0, or -1 with the error set. */
int cmd_create_again(struct config_file *file, char *const *words, const char *core,
                     struct error *error);

/* Where the core file of a domain with this configuration goes; false: it leaves none. */
struct config;
#define CREATE_PATH_SIZE 200
bool cmd_create_core_path(const struct config *config, char path[CREATE_PATH_SIZE]);

int cmd_dump_core(const struct command_call *call, struct error *error);
int cmd_list(const struct command_call *call, struct error *error);
int cmd_console(const struct command_call *call, struct error *error);
int cmd_console_logs(const struct command_call *call, struct error *error);
int cmd_domain_destroy(const struct command_call *call, struct error *error);
int cmd_domain_shutdown(const struct command_call *call, struct error *error);
int cmd_domain_reboot(const struct command_call *call, struct error *error);
int cmd_domain_pause(const struct command_call *call, struct error *error);
int cmd_domain_unpause(const struct command_call *call, struct error *error);
int cmd_domain_domid(const struct command_call *call, struct error *error);
int cmd_domain_domname(const struct command_call *call, struct error *error);
int cmd_domain_rename(const struct command_call *call, struct error *error);
int cmd_list_vcpus(const struct command_call *call, struct error *error);
int cmd_list_uptime(const struct command_call *call, struct error *error);
int cmd_info(const struct command_call *call, struct error *error);
int cmd_info_dmesg(const struct command_call *call, struct error *error);
int cmd_block_attach(const struct command_call *call, struct error *error);
int cmd_block_list(const struct command_call *call, struct error *error);
int cmd_block_detach(const struct command_call *call, struct error *error);
int cmd_block_restart(const struct command_call *call, struct error *error);
int cmd_device_attach(const struct command_call *call, struct error *error);
int cmd_device_list(const struct command_call *call, struct error *error);
int cmd_device_detach(const struct command_call *call, struct error *error);
int cmd_device(const struct command_call *call, struct error *error);
/* On the host it opens the file, then asks dom0. */
int cmd_capture(const struct command_call *call, struct error *error);
int cmd_network_attach(const struct command_call *call, struct error *error);
int cmd_network_list(const struct command_call *call, struct error *error);
int cmd_network_restart(const struct command_call *call, struct error *error);
int cmd_network_detach(const struct command_call *call, struct error *error);
int cmd_crashlog(const struct command_call *call, struct error *error);
int cmd_crash_dom0(const struct command_call *call, struct error *error);
int cmd_debug_keys(const struct command_call *call, struct error *error);
int cmd_strace(const struct command_call *call, struct error *error);
int cmd_gdb_stub(const struct command_call *call, struct error *error);
int cmd_adjust_memory(const struct command_call *call, struct error *error);
int cmd_adjust_max_memory(const struct command_call *call, struct error *error);
int cmd_adjust_vcpus(const struct command_call *call, struct error *error);
int cmd_adjust_sysrq(const struct command_call *call, struct error *error);
int cmd_vcpu_pin(const struct command_call *call, struct error *error);
int cmd_vcpu_shares(const struct command_call *call, struct error *error);
int cmd_vcpu_trigger(const struct command_call *call, struct error *error);
int cmd_store(const struct command_call *call, struct error *error);

#endif
