/* SPDX-License-Identifier: MIT */
/*
 * main.c: the table of pvctl's commands, and the way from argv to a handler.
 * Owns: commands_table.
 * Invariant CMD1 (commands.h).
 * Read next: cmd_create.c.
 */
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/pvctl/commands.h"
#include "dom0-tools/pvctl/handlers.h"
#include "dom0-tools/pvctl/pvctl.h"

#ifdef PVCTL_HOST
#define MACHINE(handler) NULL
#else
#define MACHINE(handler) handler
#endif

#define OPTIONS(...) ((const struct command_option[]){__VA_ARGS__, {0, NULL, NULL, NULL}})

const struct command commands_table[] = {
    {"create", MACHINE(cmd_create), "CFG [-c] [-p] [-F] [-n] [-q] [--timing] [key=value...]",
     "make a domain from a configuration and start it",
     OPTIONS(
         {'c', "console", NULL, "attach to its console"}, {'p', "paused", NULL, "do not start it"},
         {'F', "foreground", NULL, "wait until it ends"},
         {'n', "dry-run", NULL, "check everything, make nothing"}, {'q', "quiet", NULL, "say less"},
         {'f', "defconfig", "FILE", "the configuration, as an option"},
         {0, "timing", NULL, "print where the time went"}),
     0, -1},
    {"list", MACHINE(cmd_list), "[-l] [-v] [--json] [DOMAIN...]", "show the domains",
     OPTIONS({'l', "long", NULL, "all that is known, as JSON"},
             {'v', "verbose", NULL, "with UUID, shutdown reason and label"},
             {0, "json", NULL, "as JSON"}),
     0, -1},
    {"console", MACHINE(cmd_console), "DOMAIN [-e ESC]", "attach to a domain's console; ^] leaves",
     OPTIONS({'e', "escape", "CHAR", "leave by control-CHAR instead of ^]"},
             {'n', "num", "N", "console number; only 0 exists"},
             {'t', "type", "TYPE", "console type; only pv exists"}),
     1, 1},
    {"logs", MACHINE(cmd_console_logs), "DOMAIN [-f]",
     "show a domain's console from its first byte, also after its death",
     OPTIONS({'f', "follow", NULL, "go on while it lives"}), 1, 1},
    {"destroy", MACHINE(cmd_domain_destroy), "DOMAIN", "end a domain at once", NULL, 1, 1},
    {"shutdown", MACHINE(cmd_domain_shutdown), "[-w] DOMAIN | -a", "ask a domain to switch off",
     OPTIONS({'a', "all", NULL, "all domains"}, {'w', "wait", NULL, "until they have"},
             {0, "timeout", "SECONDS", "with -w: give up after"}),
     0, 1},
    {"reboot", MACHINE(cmd_domain_reboot), "[-w] DOMAIN | -a", "ask a domain to reboot",
     OPTIONS({'a', "all", NULL, "all domains"}, {'w', "wait", NULL, "until they have"},
             {0, "timeout", "SECONDS", "with -w: give up after"}),
     0, 1},
    {"pause", MACHINE(cmd_domain_pause), "DOMAIN", "stop a domain's execution", NULL, 1, 1},
    {"unpause", MACHINE(cmd_domain_unpause), "DOMAIN", "let a paused domain go on", NULL, 1, 1},
    {"info", MACHINE(cmd_info), "[--json] [FIELD]", "show the machine, or one field of it",
     OPTIONS({0, "json", NULL, "as JSON"}, {'n', "numa", NULL, "accepted; there is one node"}), 0,
     1},
    {"gdb-stub", MACHINE(cmd_gdb_stub), "[--image] DOMAIN",
     "GDB's remote protocol for a domain, on standard input and output",
     OPTIONS({0, "image", NULL, "print where its kernel's image is, as dom0 sees it"}), 1, 1},
    {"crashlog", MACHINE(cmd_crashlog), "", "show what the hypervisor said before its last panic",
     NULL, 0, 0},
    {"crash-dom0", MACHINE(cmd_crash_dom0), "--yes",
     "make dom0 crash under its guests, to see it come back and take them over",
     OPTIONS({'y', "yes", NULL, "really; commands that run now end with an error"}), 0, 0},
    {"debug-keys", MACHINE(cmd_debug_keys), "KEYS",
     "send keys to the hypervisor, whose answers are in `dmesg`; h lists them", NULL, 1, 1},
    {"dump-core", cmd_dump_core, "[--xen] DOMAIN FILE",
     "write a domain's memory and registers into a core file, for GDB or crash",
     OPTIONS({0, "xen", NULL, "Xen's sections alone, as crash wants them: no program headers"}), 2,
     2},
    {"strace", MACHINE(cmd_strace), "[-c N] DOMAIN", "show a domain's hypercalls as they happen",
     OPTIONS({'c', "count", "N", "end after so many"}), 1, 1},
    {"dmesg", MACHINE(cmd_info_dmesg), "[-c]", "show the hypervisor's log",
     OPTIONS({'c', "clear", NULL, "and empty it"}), 0, 0},
    {"domid", MACHINE(cmd_domain_domid), "NAME", "a domain's number", NULL, 1, 1},
    {"domname", MACHINE(cmd_domain_domname), "ID", "a domain's name", NULL, 1, 1},
    {"rename", MACHINE(cmd_domain_rename), "DOMAIN NAME", "give a domain another name", NULL, 2, 2},
    {"uptime", MACHINE(cmd_list_uptime), "[-s] [DOMAIN]", "show how long domains have run",
     OPTIONS({'s', "short", NULL, "one line each"}), 0, 1},
    {"vcpu-list", MACHINE(cmd_list_vcpus), "[DOMAIN]", "show the virtual CPUs", NULL, 0, 1},
    {"vcpu-set", MACHINE(cmd_adjust_vcpus), "DOMAIN COUNT",
     "ask a domain to use so many of its virtual CPUs", NULL, 2, 2},
    {"vcpu-pin", MACHINE(cmd_vcpu_pin), "[-f] DOMAIN VCPU|all HARD|- [SOFT]",
     "say which CPUs a domain's virtual CPUs may use, and which they had better use",
     OPTIONS({'f', "force", NULL, "accepted for xl's sake"}), 3, 4},
    {"sched-credit2", MACHINE(cmd_vcpu_shares), "[-d DOMAIN [-w WEIGHT] [-c CAP]]",
     "show or set the share of the CPUs that a domain gets",
     OPTIONS({'d', "domain", "DOMAIN", "of this one; all without it"},
             {'w', "weight", "WEIGHT", "against others, 256 is normal"},
             {'c', "cap", "CAP", "at most so many percent of one CPU; 0: no bound"}),
     0, 0},
    {"trigger", MACHINE(cmd_vcpu_trigger), "DOMAIN nmi [VCPU]",
     "send a virtual CPU a non-maskable interrupt", NULL, 2, 3},
    {"mem-set", MACHINE(cmd_adjust_memory), "DOMAIN SIZE",
     "ask a domain to give memory back, or to take it again", NULL, 2, 2},
    {"mem-max", MACHINE(cmd_adjust_max_memory), "DOMAIN SIZE",
     "bound the memory that a domain may have", NULL, 2, 2},
    {"sysrq", MACHINE(cmd_adjust_sysrq), "DOMAIN LETTER",
     "press a magic key of a Linux kernel; h lists them on its console", NULL, 2, 2},
    {"block-attach", MACHINE(cmd_block_attach), "DOMAIN FILE,raw,VDEV,w|r",
     "give a domain a disk while it runs", NULL, 2, -1},
    {"block-list", MACHINE(cmd_block_list), "DOMAIN...", "show the disks of domains", NULL, 1, -1},
    {"block-detach", MACHINE(cmd_block_detach), "[--force] DOMAIN VDEV",
     "take a disk away from a domain",
     OPTIONS({0, "force", NULL, "also when the guest does not let go"}), 2, 2},
    {"block-restart", MACHINE(cmd_block_restart), "DOMAIN VDEV",
     "end a disk's back end in mid-work and begin a new one", NULL, 2, 2},
    {"device", MACHINE(cmd_device), "[--lint] DOMAIN",
     "show both ends of a domain's devices, and who waits for whom",
     OPTIONS({0, "lint", NULL, "only what is wrong with their nodes in the store"}), 1, 1},
    {"device-attach", MACHINE(cmd_device_attach), "DOMAIN TYPE [backend=DOMAIN] [key=value...]",
     "give a domain a device of any type while it runs; words as in `device'", NULL, 2, -1},
    {"device-list", MACHINE(cmd_device_list), "[--json] DOMAIN [TYPE]",
     "show a domain's devices of every type", OPTIONS({0, "json", NULL, "as JSON"}), 1, 2},
    {"device-detach", MACHINE(cmd_device_detach), "[--force] DOMAIN TYPE DEVID [--timeout SECONDS]",
     "take a device away from a domain",
     OPTIONS({0, "force", NULL, "also when an end does not let go"},
             {0, "timeout", "SECONDS", "give up after; 10 unless said"}),
     3, 3},
    {"network-attach", MACHINE(cmd_network_attach), "DOMAIN [key=value...]",
     "give a domain one more network interface; keys as in `vif'", NULL, 1, -1},
    {"network-list", MACHINE(cmd_network_list), "[--json] DOMAIN...",
     "show domains' network interfaces", OPTIONS({0, "json", NULL, "as JSON"}), 1, -1},
    {"network-detach", MACHINE(cmd_network_detach), "DOMAIN IDX|MAC [--timeout SECONDS]",
     "take a network interface away from a domain",
     OPTIONS({0, "timeout", "SECONDS", "give up after; 10 unless said"}), 2, 2},
    {"network-restart", MACHINE(cmd_network_restart), "DOMAIN IDX|MAC",
     "end an interface's back end and begin a new one on the same rings", NULL, 2, 2},
    {"capture", cmd_capture, "DOMAIN[/vif/N] [-w FILE]",
     "copy an interface's frames, as pcapng, until ^C",
     OPTIONS({'w', "write", "FILE", "there instead of standard output"}), 1, 1},
    {"xenstore", MACHINE(cmd_store), "ls [PATH] | read PATH | write PATH VALUE | rm PATH",
     "look into the store", NULL, 1, 3},
    {"check", cmd_check, "CFG [key=value...]", "check a configuration; needs no machine", NULL, 1,
     -1},
#ifdef PVCTL_HOST
    {"gdb", cmd_gdb, "DOMAIN [IMAGE]",
     "debug a domain's kernel with GDB; `create -p` first to see its first instruction", NULL, 1,
     2},
    {"up", cmd_machine_up,
     "[--share DIR] [--disk FILE[:FILE]] [--memory MIB] [--accel auto|tcg|kvm] [--forward H:G] | "
     "--script FILE [--icount]",
     "start the machine, or say that it is up; or run a script in one of its own",
     OPTIONS({0, "share", "DIR", "the files that configurations may name"},
             {0, "disk", "FILE[:FILE]", "the machine's own disks, phy:vda, phy:vdb ... in `disk'"},
             {0, "memory", "MIB", "the machine's memory, 512 unless said"},
             {0, "accel", "NAME", "how QEMU runs it; auto tries kvm, then tcg"},
             {0, "forward", "HOST:GUEST",
              "lead a port of 127.0.0.1 to the first guest that gets an address"},
             {0, "script", "FILE",
              "run dom0's commands in FILE (-: standard input) in a machine of its own"},
             {0, "icount", NULL, "with --script: an exact run, the same each time"},
             {0, "seed", "N", "with --script: what $SEED stands for, and QEMU's own seed"},
             {0, "report", "FILE", "with --script: each command's status and output, as JSON"},
             {0, "timeout", "SECONDS", "with --script: the machine's time for it, 60 unless said"}),
     0, 0},
    {"forward", cmd_forward, "DOMAIN HOST:GUEST[/udp]...",
     "lead ports of 127.0.0.1 to a domain's, until the machine goes down", NULL, 2, -1},
    {"down", cmd_machine_down, "", "end every guest and switch the machine off", NULL, 0, 0},
    {"status", cmd_machine_status, "[--json]", "say whether the machine is up, and how it is",
     OPTIONS({0, "json", NULL, "as JSON"}), 0, 0},
    {"completion", cmd_completion, "bash|zsh|fish", "print a completion script for a shell", NULL,
     1, 1},
#endif
    {"explain", cmd_help_explain, "[CODE]", "explain an error code, such as PV-E0201", NULL, 0, 1},
    {"help", cmd_help, "[COMMAND]", "show the commands, or one of them", NULL, 0, 1},
    {NULL, NULL, NULL, NULL, NULL, 0, 0},
};

static int run(int argc, char **argv, struct error *error)
{
    const char *name = argc > 1 ? argv[1] : "help";
    const struct command *command;
    struct command_call call;
    char **positionals;
    int status;

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    }
    command = commands_find(name, error);
    if (command == NULL) {
        return -1;
    }
    if (commands_wants_help(argc, argv)) {
        cmd_help_show(command);
        return EXIT_OK;
    }
    if (command->handler == NULL) {
        return error_set(error, ERROR_NEEDS_MACHINE, "%s needs the machine", command->name);
    }
    positionals = calloc((size_t)argc + 1, sizeof(*positionals));
    if (positionals == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    status = commands_parse(command, argc, argv, positionals, &call, error);
    if (status == 0) {
        status = command->handler(&call, error);
    }
    free(positionals);
    return status;
}

int pvctl_main(int argc, char **argv)
{
    struct error error = {.code = ERROR_NONE};
    int status = run(argc, argv, &error);

    fflush(stdout);
    if (error.code != ERROR_NONE) {
        status = commands_report(&error);
    }
    return status < 0 ? (int)EXIT_FAILED : status;
}
