/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls by their C names. Results are the hypervisor's: 0 or more, or -XEN_E*.
 */
#ifndef MINI_OS_HYPERVISOR_H
#define MINI_OS_HYPERVISOR_H

#include <public/xen.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/sched.h>
#include <pvk/hypercall.h>
#include <mini-os/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The page that the domain was started with; app_main() gets it, too. */
extern start_info_t *start_info_ptr;

static inline int HYPERVISOR_event_channel_op(int command, void *argument)
{
    return (int)hypercall_event_channel_op((unsigned int)command, argument);
}

static inline int HYPERVISOR_sched_op(int command, void *argument)
{
    return (int)hypercall_sched_op((unsigned int)command, argument);
}

static inline int HYPERVISOR_grant_table_op(unsigned int command, void *argument,
                                            unsigned int count)
{
    return (int)hypercall_grant_table_op(command, argument, count);
}

/* A SHUTDOWN_*; does not come back. */
void HYPERVISOR_shutdown(unsigned int reason);

static inline int HYPERVISOR_memory_op(unsigned int command, void *argument)
{
    return (int)hypercall_memory_op(command, argument);
}

static inline int HYPERVISOR_xen_version(int command, void *argument)
{
    return (int)hypercall_xen_version((unsigned int)command, argument);
}

static inline int HYPERVISOR_console_io(int command, int count, char *text)
{
    return (int)hypercall_console_io((unsigned int)command, (unsigned int)count, text);
}

static inline int HYPERVISOR_physdev_op(int command, void *argument)
{
    return (int)hypercall_physdev_op((unsigned int)command, argument);
}

static inline int HYPERVISOR_vcpu_op(int command, int vcpu, void *argument)
{
    return (int)hypercall_vcpu_op((unsigned int)command, (unsigned int)vcpu, argument);
}

#ifdef __cplusplus
}
#endif

#endif
