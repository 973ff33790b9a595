/* SPDX-License-Identifier: MIT */
/* Numbers, versions, multicalls, console, pointers. */
#include <string.h>

#include <public/sched.h>
#include <public/version.h>
#include <public/xen.h>
#include <pvk/hypercall.h>

#include "compare.h"

static void versions(void)
{
    static char buffer[4096];
    struct xen_feature_info features = {.submap_idx = 0};
    struct xen_platform_parameters parameters;
    show("version", hypercall_xen_version(XENVER_version, NULL));
    show("version.extraversion", hypercall_xen_version(XENVER_extraversion, buffer));
    show("version.extraversion.hypervisor pointer",
         hypercall_xen_version(XENVER_extraversion, (void *)IN_HYPERVISOR));
    show("version.extraversion.not canonical",
         hypercall_xen_version(XENVER_extraversion, (void *)NOT_CANONICAL));
    show("version.extraversion.not mapped",
         hypercall_xen_version(XENVER_extraversion, (void *)NOT_MAPPED));
    show("version.compile_info", hypercall_xen_version(XENVER_compile_info, buffer));
    show("version.capabilities", hypercall_xen_version(XENVER_capabilities, buffer));
    show("version.capabilities.pv64", strncmp(buffer, "xen-3.0-x86_64", 14) == 0);
    show("version.changeset", hypercall_xen_version(XENVER_changeset, buffer));
    show("version.platform_parameters",
         hypercall_xen_version(XENVER_platform_parameters, &parameters));
    show("version.platform_parameters.start", parameters.virt_start == HYPERVISOR_VIRT_START);
    show("version.features", hypercall_xen_version(XENVER_get_features, &features));
    show("version.features.map0", (long)features.submap);
    features.submap_idx = 9;
    show("version.features.index 9", hypercall_xen_version(XENVER_get_features, &features));
    show("version.pagesize", hypercall_xen_version(XENVER_pagesize, NULL));
    show("version.guest_handle", hypercall_xen_version(XENVER_guest_handle, buffer));
    show("version.commandline", hypercall_xen_version(XENVER_commandline, buffer));
    show("version.unknown", hypercall_xen_version(99, buffer));
}

static void numbers(void)
{
    show("nr.11", hypercall3(11, 0, 0, 0));
    show("nr.63", hypercall3(63, 0, 0, 0));
    show("nr.64", hypercall3(64, 0, 0, 0));
    show("nr.-1", hypercall3(~0ul, 0, 0, 0));
    show("nr.2^32+17", hypercall3(0x100000011ul, 0, 0, 0));
    show("nr.tmem", hypercall3(38, 0, 0, 0));
    show("nr.xenpmu", hypercall3(40, 0, 0, 0));
    show("nr.hvm_op", hypercall3(34, 99, 0, 0));
    show("nr.kexec", hypercall3(37, 99, 0, 0));
}

/* The stubs that the domain builder asked for: of an ordinary call, of iret, of a number without a call. */
static void stubs(void)
{
    extern const unsigned char hypercall_page[];
    static const struct {
        const char *name;
        unsigned int number, offset;
    } stub[] = {{"stub.version bytes 0-7", 17, 0},
                {"stub.version bytes 8-15", 17, 8},
                {"stub.iret bytes 0-7", 23, 0},
                {"stub.iret bytes 8-15", 23, 8},
                {"stub.nothing bytes 0-7", 63, 0}};
    for (unsigned int i = 0; i < sizeof(stub) / sizeof(stub[0]); i++) {
        long word;
        memcpy(&word, hypercall_page + stub[i].number * 32 + stub[i].offset, sizeof(word));
        show(stub[i].name, word);
    }
}

static void multicalls(void)
{
    struct multicall_entry calls[4];
    memset(calls, 0, sizeof(calls));
    calls[0].op = __HYPERVISOR_xen_version;
    calls[1].op = 63;
    calls[2].op = __HYPERVISOR_multicall;
    calls[2].args[0] = (unsigned long)calls;
    calls[2].args[1] = 1;
    calls[3].op = 0x100000011ul;
    show("multicall.four", hypercall_multicall(calls, 4));
    show("multicall.version is version", (long)calls[0].result == hypercall_xen_version(0, NULL));
    show("multicall.unknown", (long)calls[1].result);
    show("multicall.nested", (long)calls[2].result);
    show("multicall.wide number", (long)calls[3].result);
    show("multicall.none", hypercall_multicall(calls, 0));
    show("multicall.hypervisor pointer", hypercall_multicall((void *)IN_HYPERVISOR, 1));
    show("multicall.not mapped", hypercall_multicall((void *)NOT_MAPPED, 1));
}

static void assists(void)
{
    show("vm_assist.writable_pagetables", hypercall_vm_assist(VMASST_CMD_enable, 2));
    show("vm_assist.4gb", hypercall_vm_assist(VMASST_CMD_enable, 0));
    show("vm_assist.4gb_notify", hypercall_vm_assist(VMASST_CMD_enable, 1));
    show("vm_assist.pae", hypercall_vm_assist(VMASST_CMD_enable, 3));
    show("vm_assist.iopl", hypercall_vm_assist(VMASST_CMD_enable, 4));
    show("vm_assist.iopl off", hypercall_vm_assist(VMASST_CMD_disable, 4));
    show("vm_assist.runstate", hypercall_vm_assist(VMASST_CMD_enable, 5));
    show("vm_assist.strict", hypercall_vm_assist(VMASST_CMD_enable, 32));
    show("vm_assist.unknown", hypercall_vm_assist(VMASST_CMD_enable, 63));
    show("vm_assist.64", hypercall_vm_assist(VMASST_CMD_enable, 64));
    show("vm_assist.command", hypercall_vm_assist(7, 2));
}

void cases_misc(void)
{
    char text[] = "";
    numbers();
    versions();
    stubs();
    multicalls();
    assists();
    show("console.write nothing", hypercall_console_io(CONSOLEIO_write, 0, text));
    show("console.write hypervisor pointer",
         hypercall_console_io(CONSOLEIO_write, 4, (char *)IN_HYPERVISOR));
    show("console.unknown", hypercall_console_io(9, 0, text));
    show("sched.yield", hypercall_sched_op(SCHEDOP_yield, NULL));
    show("sched.unknown", hypercall_sched_op(99, NULL));
    struct sched_poll poll = {.nr_ports = 1u << 28};
    show("sched.poll huge", hypercall_sched_op(SCHEDOP_poll, &poll));
    poll.nr_ports = 129;
    show("sched.poll 129", hypercall_sched_op(SCHEDOP_poll, &poll));
    show("sched.poll hypervisor pointer", hypercall_sched_op(SCHEDOP_poll, (void *)IN_HYPERVISOR));
    show("sched.shutdown hypervisor pointer",
         hypercall_sched_op(SCHEDOP_shutdown, (void *)IN_HYPERVISOR));
    show("timer.past", hypercall_set_timer_op(1));
    show("timer.off", hypercall_set_timer_op(0));
    show("fpu_taskswitch", hypercall_fpu_taskswitch(0));
    show("nmi.unregister", hypercall_nmi_op(1, NULL));
    show("nmi.unknown", hypercall_nmi_op(9, NULL));
}
