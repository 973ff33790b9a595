/* SPDX-License-Identifier: MIT */
/*
 * hypercall_names.c: the table behind `strace`.
 * Owns: the table; numbers are the public headers'.
 * Read next: cmd_strace.c.
 */
#include "dom0-tools/pvctl/hypercall_names.h"

#include <stdbool.h>
#include <stdio.h>

#include <public/callback.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/nmi.h>
#include <public/physdev.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>
#include <public/xen.h>

#include "dom0-tools/libpv/error.h"

/* Indexed by the operation's number; NULL where there is none. */
#define NAMES(name, ...)                                     \
    static const char *const name##_names[] = {__VA_ARGS__}; \
    enum { name##_count = sizeof(name##_names) / sizeof(name##_names[0]) }

NAMES(sched, [SCHEDOP_yield] = "yield", [SCHEDOP_block] = "block", [SCHEDOP_shutdown] = "shutdown",
      [SCHEDOP_poll] = "poll", [SCHEDOP_remote_shutdown] = "remote_shutdown",
      [SCHEDOP_shutdown_code] = "shutdown_code", [SCHEDOP_watchdog] = "watchdog",
      [SCHEDOP_pin_override] = "pin_override");
NAMES(event, [EVTCHNOP_bind_interdomain] = "bind_interdomain", [EVTCHNOP_bind_virq] = "bind_virq",
      [EVTCHNOP_bind_pirq] = "bind_pirq", [EVTCHNOP_close] = "close", [EVTCHNOP_send] = "send",
      [EVTCHNOP_status] = "status", [EVTCHNOP_alloc_unbound] = "alloc_unbound",
      [EVTCHNOP_bind_ipi] = "bind_ipi", [EVTCHNOP_bind_vcpu] = "bind_vcpu",
      [EVTCHNOP_unmask] = "unmask", [EVTCHNOP_reset] = "reset",
      [EVTCHNOP_init_control] = "init_control", [EVTCHNOP_expand_array] = "expand_array",
      [EVTCHNOP_set_priority] = "set_priority");
NAMES(memory, [XENMEM_increase_reservation] = "increase_reservation",
      [XENMEM_decrease_reservation] = "decrease_reservation",
      [XENMEM_maximum_ram_page] = "maximum_ram_page",
      [XENMEM_current_reservation] = "current_reservation",
      [XENMEM_maximum_reservation] = "maximum_reservation",
      [XENMEM_machphys_mfn_list] = "machphys_mfn_list",
      [XENMEM_populate_physmap] = "populate_physmap", [XENMEM_add_to_physmap] = "add_to_physmap",
      [XENMEM_memory_map] = "memory_map", [XENMEM_machine_memory_map] = "machine_memory_map",
      [XENMEM_exchange] = "exchange", [XENMEM_machphys_mapping] = "machphys_mapping",
      [XENMEM_set_memory_map] = "set_memory_map", [XENMEM_maximum_gpfn] = "maximum_gpfn",
      [XENMEM_remove_from_physmap] = "remove_from_physmap",
      [XENMEM_acquire_resource] = "acquire_resource");
NAMES(vcpu, [VCPUOP_initialise] = "initialise", [VCPUOP_up] = "up", [VCPUOP_down] = "down",
      [VCPUOP_is_up] = "is_up", [VCPUOP_get_runstate_info] = "get_runstate_info",
      [VCPUOP_register_runstate_memory_area] = "register_runstate_memory_area",
      [VCPUOP_set_periodic_timer] = "set_periodic_timer",
      [VCPUOP_stop_periodic_timer] = "stop_periodic_timer",
      [VCPUOP_set_singleshot_timer] = "set_singleshot_timer",
      [VCPUOP_stop_singleshot_timer] = "stop_singleshot_timer",
      [VCPUOP_register_vcpu_info] = "register_vcpu_info", [VCPUOP_send_nmi] = "send_nmi",
      [VCPUOP_get_physid] = "get_physid",
      [VCPUOP_register_vcpu_time_memory_area] = "register_vcpu_time_memory_area");
NAMES(grant, [GNTTABOP_map_grant_ref] = "map_grant_ref",
      [GNTTABOP_unmap_grant_ref] = "unmap_grant_ref", [GNTTABOP_setup_table] = "setup_table",
      [GNTTABOP_dump_table] = "dump_table", [GNTTABOP_transfer] = "transfer",
      [GNTTABOP_copy] = "copy", [GNTTABOP_query_size] = "query_size",
      [GNTTABOP_unmap_and_replace] = "unmap_and_replace", [GNTTABOP_set_version] = "set_version",
      [GNTTABOP_get_status_frames] = "get_status_frames", [GNTTABOP_get_version] = "get_version",
      [GNTTABOP_swap_grant_ref] = "swap_grant_ref", [GNTTABOP_cache_flush] = "cache_flush");
NAMES(version, [XENVER_version] = "version", [XENVER_extraversion] = "extraversion",
      [XENVER_compile_info] = "compile_info", [XENVER_capabilities] = "capabilities",
      [XENVER_changeset] = "changeset", [XENVER_platform_parameters] = "platform_parameters",
      [XENVER_get_features] = "get_features", [XENVER_pagesize] = "pagesize",
      [XENVER_guest_handle] = "guest_handle", [XENVER_commandline] = "commandline",
      [XENVER_build_id] = "build_id");
NAMES(console, [CONSOLEIO_write] = "write", [CONSOLEIO_read] = "read");
NAMES(callback, [CALLBACKOP_register] = "register", [CALLBACKOP_unregister] = "unregister");
NAMES(nmi, [XENNMI_register_callback] = "register_callback",
      [XENNMI_unregister_callback] = "unregister_callback");
NAMES(assist, [VMASST_CMD_enable] = "enable", [VMASST_CMD_disable] = "disable");

struct call_name {
    const char *name;
    unsigned int nr_arguments;
    const char *const *operations; /* of the first argument; NULL: it is a number like others */
    size_t nr_operations;
};

#define CALL(name, count) [__HYPERVISOR_##name] = {#name, count, NULL, 0}
#define OPERATIONS(name, count, ops) \
    [__HYPERVISOR_##name] = {#name, count, ops##_names, ops##_count}

static const struct call_name calls[] = {
    CALL(set_trap_table, 1),
    CALL(mmu_update, 4),
    CALL(set_gdt, 2),
    CALL(stack_switch, 2),
    CALL(set_callbacks, 3),
    CALL(fpu_taskswitch, 1),
    CALL(sched_op_compat, 2),
    CALL(platform_op, 1),
    CALL(set_debugreg, 2),
    CALL(get_debugreg, 1),
    CALL(update_descriptor, 2),
    OPERATIONS(memory_op, 2, memory),
    CALL(multicall, 2),
    CALL(update_va_mapping, 3),
    CALL(set_timer_op, 1),
    CALL(event_channel_op_compat, 1),
    OPERATIONS(xen_version, 2, version),
    OPERATIONS(console_io, 3, console),
    CALL(physdev_op_compat, 1),
    OPERATIONS(grant_table_op, 3, grant),
    OPERATIONS(vm_assist, 2, assist),
    CALL(update_va_mapping_otherdomain, 4),
    CALL(iret, 0),
    OPERATIONS(vcpu_op, 3, vcpu),
    CALL(set_segment_base, 2),
    CALL(mmuext_op, 4),
    CALL(xsm_op, 1),
    OPERATIONS(nmi_op, 2, nmi),
    OPERATIONS(sched_op, 2, sched),
    OPERATIONS(callback_op, 2, callback),
    CALL(xenoprof_op, 2),
    OPERATIONS(event_channel_op, 2, event),
    CALL(physdev_op, 2),
    CALL(hvm_op, 2),
    CALL(sysctl, 1),
    CALL(domctl, 1),
    CALL(xenpmu_op, 2),
};

/* Append to a text that stays ended. */
static size_t append(char *text, size_t size, size_t at, const char *word)
{
    int length = at < size ? snprintf(text + at, size - at, "%s", word) : 0;

    return length < 0 ? at : at + (size_t)length;
}

void hypercall_names_call(uint32_t number, const uint64_t arguments[4],
                          const struct hypercall_memory *memory, char *text, size_t size)
{
    const struct call_name *call =
        number < sizeof(calls) / sizeof(calls[0]) && calls[number].name != NULL ? &calls[number]
                                                                                : NULL;
    unsigned int count = call != NULL ? call->nr_arguments : 4;
    char word[32], structures[640];
    int pointer =
        hypercall_arguments_text(number, arguments, memory, structures, sizeof(structures));
    size_t at;

    snprintf(word, sizeof(word), "hypercall_%u", number);
    at = append(text, size, 0, call != NULL ? call->name : word);
    at = append(text, size, at, "(");
    for (unsigned int i = 0; i < count; i++) {
        bool named = i == 0 && call != NULL && arguments[0] < call->nr_operations &&
                     call->operations[arguments[0]] != NULL;

        snprintf(word, sizeof(word), arguments[i] < 10 ? "%llu" : "0x%llx",
                 (unsigned long long)arguments[i]);
        at = append(text, size, at, i > 0 ? ", " : "");
        at = append(text, size, at,
                    named               ? call->operations[arguments[0]]
                    : (int)i == pointer ? structures
                                        : word);
    }
    append(text, size, at, ")");
}

void hypercall_names_result(int64_t result, char *text, size_t size)
{
    if (result < 0 && result > -256) {
        char words[80];

        error_describe_errno((long)result, words, sizeof(words));
        snprintf(text, size, "%lld, %s", (long long)result, words);
    } else {
        snprintf(text, size, result >= 0 && result < 10 ? "%llu" : "0x%llx",
                 (unsigned long long)result);
    }
}
