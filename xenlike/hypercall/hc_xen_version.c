/* SPDX-License-Identifier: MIT */
/*
 * xen_version(cmd, arg): who the hypervisor is and what it offers.
 *
 * Owns: the answers. Invariant: XV1 a whole structure goes out, zeroed beyond the text.
 * Locks: none, constants. Guest ABI: docs/abi/xen_version.md. Read next: table.c.
 */
#include <public/version.h>

#include "../boot/boot_info.h"
#include "../lib/string.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

#define VERSION_MAJOR 4
#define VERSION_MINOR 17

#define FEATURES_EVERY_GUEST                                                             \
    ((1u << XENFEAT_mmu_pt_update_preserve_ad) | (1u << XENFEAT_highmem_assist) |        \
     (1u << XENFEAT_gnttab_map_avail_bits) | (1u << XENFEAT_memory_op_vnode_supported) | \
     (1u << XENFEAT_direct_mapped))

typedef int64_t version_handler(gva_t arg);

/* Text in a zeroed array of its full size. */
static int64_t answer_text(gva_t arg, const char *text, size_t size)
{
    return guest_access_clear(arg, size) == 0 ? guest_access_write(arg, text, strlen(text))
                                              : -XEN_EFAULT;
}

#define ANSWER(name, expression)             \
    static int64_t version_##name(gva_t arg) \
    {                                        \
        return expression;                   \
    }
ANSWER(number, VERSION_MAJOR << 16 | VERSION_MINOR)
/* LAB(1): three answers: two texts, whole arrays of their types, and the domain's handle
 * Skeleton:
 * ANSWER(extra, lab_todo("the text .0-xenlike"))
 * ANSWER(capabilities, lab_todo("the text xen-3.0-x86_64 and a space"))
 * ANSWER(guest_handle, lab_todo("sixteen bytes of current_domain()")) */
ANSWER(extra, answer_text(arg, ".0-xenlike", sizeof(xen_extraversion_t)))
ANSWER(capabilities, answer_text(arg, "xen-3.0-x86_64 ", sizeof(xen_capabilities_info_t)))
ANSWER(guest_handle, guest_access_write(arg, current_domain()->handle, sizeof(xen_domain_handle_t)))
/* END LAB(1) */
ANSWER(changeset, answer_text(arg, "xenlike", sizeof(xen_changeset_info_t)))
/* LAB(1): the size of a page is the result; who passes a pointer misunderstood
 * Skeleton: ANSWER(page_size, lab_todo("PAGE_SIZE, or -XEN_EINVAL")) */
ANSWER(page_size, arg.v == 0 ? (int64_t)PAGE_SIZE : -XEN_EINVAL)
/* END LAB(1) */
/* The image is linked without a build id. */
ANSWER(build_id, current_domain()->is_privileged ? -XEN_ENODATA : -XEN_EPERM)

static int64_t version_compile_info(gva_t arg)
{
    static const struct xen_compile_info info = {
        .compiler = __VERSION__,
        .compile_by = "xenlike",
        .compile_domain = "localdomain",
        .compile_date = "reproducible",
    };

    return guest_access_write(arg, &info, sizeof(info));
}

static int64_t version_platform_parameters(gva_t arg)
{
    struct xen_platform_parameters parameters = {.virt_start = HV_VIRT_START};

    return guest_access_write(arg, &parameters, sizeof(parameters));
}

static int64_t version_features(gva_t arg)
{
    struct xen_feature_info info;
    struct domain *d = current_domain();

    if (guest_access_read(&info, arg, sizeof(info)) != 0) {
        return -XEN_EFAULT;
    }
    if (info.submap_idx != 0) {
        return -XEN_EINVAL;
    }
    info.submap = FEATURES_EVERY_GUEST;
    if (d->is_hardware) {
        info.submap |= 1u << XENFEAT_dom0;
    }
    if ((d->vm_assist & (1u << VMASST_TYPE_pae_extended_cr3)) != 0) {
        info.submap |= 1u << XENFEAT_pae_pgdir_above_4gb;
    }
    return guest_access_write(arg, &info, sizeof(info));
}

/* The command line may hold what only the control domain should know. */
static int64_t version_command_line(gva_t arg)
{
    /* LAB(1): the hypervisor's command line for the control domain; others read the text <denied> */
    if (!current_domain()->is_privileged) {
        return answer_text(arg, "<denied>", sizeof(xen_commandline_t));
    }
    return guest_access_write(arg, boot_info.command_line, sizeof(xen_commandline_t));
    /* END LAB(1) */
}
_Static_assert(sizeof(boot_info.command_line) == sizeof(xen_commandline_t), "copied whole");

static version_handler *const handlers[] = {
    [XENVER_version] = version_number,
    [XENVER_extraversion] = version_extra,
    [XENVER_compile_info] = version_compile_info,
    [XENVER_capabilities] = version_capabilities,
    [XENVER_changeset] = version_changeset,
    [XENVER_platform_parameters] = version_platform_parameters,
    [XENVER_get_features] = version_features,
    [XENVER_pagesize] = version_page_size,
    [XENVER_guest_handle] = version_guest_handle,
    [XENVER_commandline] = version_command_line,
    [XENVER_build_id] = version_build_id,
};

HYPERCALL_2(hc_xen_version, cmd, arg)
{
    if ((uint32_t)cmd >= ARRAY_SIZE(handlers)) {
        return -XEN_ENOSYS;
    }
    return handlers[(uint32_t)cmd](GVA(arg));
}
