/* SPDX-License-Identifier: MIT */
/*
 * sysctl.c: machine and version queries over the seam.
 * Owns: nothing.
 * Guest ABI: sysctl (interface version 0x15), xen_version.
 * Read next: sysctl.h.
 */
#define __XEN_TOOLS__ 1
#include "dom0-tools/libpv/sysctl.h"

#include <string.h>

#include <public/xen.h>
#include <public/domctl.h>
#include <public/errno.h>
#include <public/sysctl.h>
#include <public/version.h>

#include "dom0-tools/libpv/seam.h"

static int sysctl_call(struct xen_sysctl *operation, uint32_t command)
{
    operation->cmd = command;
    operation->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return (int)seam_hypercall(__HYPERVISOR_sysctl, (uintptr_t)operation, 0, 0, 0, 0);
}

int sysctl_machine(struct machine_info *info)
{
    struct xen_sysctl *operation = seam_buffer_get(sizeof(*operation));
    struct xen_sysctl_physinfo *answer;
    int result;

    memset(info, 0, sizeof(*info));
    if (operation == NULL) {
        return -XEN_ENOMEM;
    }
    result = sysctl_call(operation, XEN_SYSCTL_physinfo);
    answer = &operation->u.physinfo;
    if (result == 0) {
        info->nr_cpus = answer->nr_cpus;
        info->max_cpu_id = answer->max_cpu_id;
        info->nr_nodes = answer->nr_nodes;
        info->cores_per_socket = answer->cores_per_socket;
        info->threads_per_core = answer->threads_per_core;
        info->cpu_khz = answer->cpu_khz;
        info->total_pages = answer->total_pages;
        info->free_pages = answer->free_pages;
        info->scrub_pages = answer->scrub_pages;
        info->outstanding_pages = answer->outstanding_pages;
        info->capabilities = answer->capabilities;
        memcpy(info->hw_caps, answer->hw_cap, sizeof(info->hw_caps));
    }
    seam_buffer_put(operation);
    return result;
}

const char *sysctl_scheduler(void)
{
    static const char *const names[] = {[4] = "sedf",     [5] = "credit", [6] = "credit2",
                                        [7] = "arinc653", [8] = "rtds",   [9] = "null"};
    struct xen_sysctl *operation = seam_buffer_get(sizeof(*operation));
    const char *name = NULL;

    if (operation != NULL && sysctl_call(operation, XEN_SYSCTL_sched_id) == 0) {
        uint32_t id = operation->u.sched_id.sched_id;

        name = id < sizeof(names) / sizeof(names[0]) ? names[id] : NULL;
    }
    seam_buffer_put(operation);
    return name != NULL ? name : "unknown";
}

int sysctl_read_console(char *buffer, size_t size, int clear)
{
    struct xen_sysctl *operation = seam_buffer_get(sizeof(*operation));
    char *text = seam_buffer_get(size);
    int result = -XEN_ENOMEM;

    if (operation != NULL && text != NULL) {
        operation->u.readconsole.clear = clear != 0;
        operation->u.readconsole.count = (uint32_t)size;
        set_xen_guest_handle(operation->u.readconsole.buffer, text);
        result = sysctl_call(operation, XEN_SYSCTL_readconsole);
    }
    if (result == 0) {
        uint32_t count = operation->u.readconsole.count;

        result = (int)(count < size ? count : size);
        memcpy(buffer, text, (size_t)result);
    }
    seam_buffer_put(text);
    seam_buffer_put(operation);
    return result;
}

int sysctl_debug_keys(const char *keys)
{
    struct xen_sysctl *operation = seam_buffer_get(sizeof(*operation));
    size_t count = strlen(keys);
    char *copy = seam_buffer_get(count + 1);
    int result = -XEN_ENOMEM;

    if (operation != NULL && copy != NULL) {
        memcpy(copy, keys, count);
        operation->u.debug_keys.nr_keys = (uint32_t)count;
        set_xen_guest_handle(operation->u.debug_keys.keys, copy);
        result = sysctl_call(operation, XEN_SYSCTL_debug_keys);
    }
    seam_buffer_put(copy);
    seam_buffer_put(operation);
    return result;
}

/* A text answer: copied and cut to what its place holds. */
static void version_text(unsigned int command, size_t answer_size, char *text, size_t size)
{
    char *answer = seam_buffer_get(answer_size + 1);

    text[0] = '\0';
    if (answer != NULL &&
        seam_hypercall(__HYPERVISOR_xen_version, command, (uintptr_t)answer, 0, 0, 0) >= 0) {
        size_t length = strnlen(answer, answer_size);

        length = length < size - 1 ? length : size - 1;
        memcpy(text, answer, length);
        text[length] = '\0';
    }
    seam_buffer_put(answer);
}

static void version_compile(struct version_info *info)
{
    struct xen_compile_info *answer = seam_buffer_get(sizeof(*answer));

    if (answer != NULL && seam_hypercall(__HYPERVISOR_xen_version, XENVER_compile_info,
                                         (uintptr_t)answer, 0, 0, 0) == 0) {
        memcpy(info->compiler, answer->compiler,
               strnlen(answer->compiler, sizeof(info->compiler) - 1));
        memcpy(info->compile_by, answer->compile_by,
               strnlen(answer->compile_by, sizeof(info->compile_by) - 1));
        memcpy(info->compile_domain, answer->compile_domain,
               strnlen(answer->compile_domain, sizeof(info->compile_domain) - 1));
        memcpy(info->compile_date, answer->compile_date,
               strnlen(answer->compile_date, sizeof(info->compile_date) - 1));
    }
    seam_buffer_put(answer);
}

int sysctl_version(struct version_info *info)
{
    struct xen_platform_parameters *platform = seam_buffer_get(sizeof(*platform));
    long version = seam_hypercall(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);
    long page_size = seam_hypercall(__HYPERVISOR_xen_version, XENVER_pagesize, 0, 0, 0, 0);

    memset(info, 0, sizeof(*info));
    if (version < 0 || platform == NULL) {
        seam_buffer_put(platform);
        return version < 0 ? (int)version : -XEN_ENOMEM;
    }
    info->major = (unsigned int)version >> 16;
    info->minor = (unsigned int)version & 0xffffu;
    info->page_size = page_size > 0 ? (uint64_t)page_size : 0;
    if (seam_hypercall(__HYPERVISOR_xen_version, XENVER_platform_parameters, (uintptr_t)platform, 0,
                       0, 0) == 0) {
        info->virtual_start = platform->virt_start;
    }
    seam_buffer_put(platform);
    version_text(XENVER_extraversion, sizeof(xen_extraversion_t), info->extra, sizeof(info->extra));
    version_text(XENVER_capabilities, sizeof(xen_capabilities_info_t), info->capabilities,
                 sizeof(info->capabilities));
    version_text(XENVER_changeset, sizeof(xen_changeset_info_t), info->changeset,
                 sizeof(info->changeset));
    version_text(XENVER_commandline, sizeof(xen_commandline_t), info->command_line,
                 sizeof(info->command_line));
    version_compile(info);
    return 0;
}
