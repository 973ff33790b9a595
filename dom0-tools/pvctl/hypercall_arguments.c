/* SPDX-License-Identifier: MIT */
/*
 * hypercall_arguments.c: the layouts behind `strace`: fields by offset, as the public headers have them.
 * Owns: the tables. Read next: cmd_strace.c.
 */
#include "dom0-tools/pvctl/hypercall_arguments.h"

#include <stdio.h>
#include <string.h>

#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/xen.h>

enum kind { NUMBER, SIGNED, HEX, DOMAIN, UPDATE, EXTENDED, MAP_FLAGS, REASON };

struct field {
    const char *name;
    uint8_t offset, size;
    uint8_t kind;
};

#define MAX_FIELDS 8
struct layout {
    struct field fields[MAX_FIELDS]; /* ends with name NULL */
};

#define FIELD(type, member, kind)                                          \
    {                                                                      \
#member, offsetof(type, member), sizeof(((type *)0)->member), kind \
    }
#define LAYOUT(...)     \
    {                   \
        {               \
            __VA_ARGS__ \
        }               \
    }

static const struct layout update =
    LAYOUT(FIELD(struct mmu_update, ptr, UPDATE), FIELD(struct mmu_update, val, HEX));
static const struct layout extended = LAYOUT(FIELD(struct mmuext_op, cmd, EXTENDED),
                                             {"mfn", offsetof(struct mmuext_op, arg1), 8, HEX},
                                             {"arg2", offsetof(struct mmuext_op, arg2), 8, HEX});
static const struct layout reservation = LAYOUT(
    {"frames", 0, 8, HEX}, {"nr", offsetof(struct xen_memory_reservation, nr_extents), 8, NUMBER},
    {"order", offsetof(struct xen_memory_reservation, extent_order), 4, NUMBER},
    {"dom", offsetof(struct xen_memory_reservation, domid), 2, DOMAIN});

#define PORT(type) LAYOUT(FIELD(type, port, NUMBER))
static const struct layout event_layouts[] = {
    [EVTCHNOP_bind_interdomain] = LAYOUT(FIELD(struct evtchn_bind_interdomain, remote_dom, DOMAIN),
                                         FIELD(struct evtchn_bind_interdomain, remote_port, NUMBER),
                                         FIELD(struct evtchn_bind_interdomain, local_port, NUMBER)),
    [EVTCHNOP_bind_virq] = LAYOUT(FIELD(struct evtchn_bind_virq, virq, NUMBER),
                                  FIELD(struct evtchn_bind_virq, vcpu, NUMBER),
                                  FIELD(struct evtchn_bind_virq, port, NUMBER)),
    [EVTCHNOP_bind_pirq] = LAYOUT(FIELD(struct evtchn_bind_pirq, pirq, NUMBER),
                                  FIELD(struct evtchn_bind_pirq, flags, HEX),
                                  FIELD(struct evtchn_bind_pirq, port, NUMBER)),
    [EVTCHNOP_close] = PORT(struct evtchn_close),
    [EVTCHNOP_send] = PORT(struct evtchn_send),
    [EVTCHNOP_status] = LAYOUT(
        FIELD(struct evtchn_status, dom, DOMAIN), FIELD(struct evtchn_status, port, NUMBER),
        FIELD(struct evtchn_status, status, NUMBER), FIELD(struct evtchn_status, vcpu, NUMBER)),
    [EVTCHNOP_alloc_unbound] = LAYOUT(FIELD(struct evtchn_alloc_unbound, dom, DOMAIN),
                                      FIELD(struct evtchn_alloc_unbound, remote_dom, DOMAIN),
                                      FIELD(struct evtchn_alloc_unbound, port, NUMBER)),
    [EVTCHNOP_bind_ipi] = LAYOUT(FIELD(struct evtchn_bind_ipi, vcpu, NUMBER),
                                 FIELD(struct evtchn_bind_ipi, port, NUMBER)),
    [EVTCHNOP_bind_vcpu] = LAYOUT(FIELD(struct evtchn_bind_vcpu, port, NUMBER),
                                  FIELD(struct evtchn_bind_vcpu, vcpu, NUMBER)),
    [EVTCHNOP_unmask] = PORT(struct evtchn_unmask),
    [EVTCHNOP_reset] = LAYOUT(FIELD(struct evtchn_reset, dom, DOMAIN)),
    [EVTCHNOP_init_control] = LAYOUT(FIELD(struct evtchn_init_control, control_gfn, HEX),
                                     FIELD(struct evtchn_init_control, offset, HEX),
                                     FIELD(struct evtchn_init_control, vcpu, NUMBER)),
    [EVTCHNOP_expand_array] = LAYOUT(FIELD(struct evtchn_expand_array, array_gfn, HEX)),
    [EVTCHNOP_set_priority] = LAYOUT(FIELD(struct evtchn_set_priority, port, NUMBER),
                                     FIELD(struct evtchn_set_priority, priority, NUMBER)),
};

static const struct layout grant_layouts[] = {
    [GNTTABOP_map_grant_ref] = LAYOUT(FIELD(struct gnttab_map_grant_ref, ref, NUMBER),
                                      FIELD(struct gnttab_map_grant_ref, dom, DOMAIN),
                                      FIELD(struct gnttab_map_grant_ref, flags, MAP_FLAGS),
                                      FIELD(struct gnttab_map_grant_ref, host_addr, HEX),
                                      FIELD(struct gnttab_map_grant_ref, status, SIGNED),
                                      FIELD(struct gnttab_map_grant_ref, handle, NUMBER)),
    [GNTTABOP_unmap_grant_ref] = LAYOUT(FIELD(struct gnttab_unmap_grant_ref, host_addr, HEX),
                                        FIELD(struct gnttab_unmap_grant_ref, handle, NUMBER),
                                        FIELD(struct gnttab_unmap_grant_ref, status, SIGNED)),
    [GNTTABOP_setup_table] = LAYOUT(FIELD(struct gnttab_setup_table, dom, DOMAIN),
                                    FIELD(struct gnttab_setup_table, nr_frames, NUMBER),
                                    FIELD(struct gnttab_setup_table, status, SIGNED)),
    [GNTTABOP_copy] =
        LAYOUT({"from", 0, 4, NUMBER}, {"dom", 8, 2, DOMAIN}, {"offset", 10, 2, NUMBER},
               {"to", 16, 4, NUMBER}, {"dom", 24, 2, DOMAIN}, {"offset", 26, 2, NUMBER},
               FIELD(struct gnttab_copy, len, NUMBER), FIELD(struct gnttab_copy, status, SIGNED)),
    [GNTTABOP_query_size] = LAYOUT(FIELD(struct gnttab_query_size, dom, DOMAIN),
                                   FIELD(struct gnttab_query_size, nr_frames, NUMBER),
                                   FIELD(struct gnttab_query_size, max_nr_frames, NUMBER),
                                   FIELD(struct gnttab_query_size, status, SIGNED)),
    [GNTTABOP_set_version] = LAYOUT(FIELD(struct gnttab_set_version, version, NUMBER)),
};

static const struct layout sched_layouts[] = {
    [SCHEDOP_shutdown] = LAYOUT(FIELD(struct sched_shutdown, reason, REASON)),
    [SCHEDOP_poll] = LAYOUT({"ports", 0, 8, HEX}, FIELD(struct sched_poll, nr_ports, NUMBER),
                            FIELD(struct sched_poll, timeout, NUMBER)),
};

static const char *const update_names[] = {"", "|machphys", "|preserve_ad", "|no_translate"};
static const char *const extended_names[] = {
    "pin_l1",          "pin_l2",       "pin_l3",      "pin_l4",        "unpin",      "new_baseptr",
    "flush_local",     "invlpg_local", "flush_multi", "invlpg_multi",  "flush_all",  "invlpg_all",
    "flush_cache",     "set_ldt",      "?",           "new_user_base", "clear_page", "copy_page",
    "flush_cache_all", "mark_super",   "unmark_super"};
static const char *const reason_names[] = {"poweroff", "reboot",   "suspend",
                                           "crash",    "watchdog", "soft_reset"};

struct shape {
    int pointer, count; /* arguments; count -1: one structure */
    const struct layout *layout;
};

#define OF(table, operation) \
    ((operation) < sizeof(table) / sizeof(table[0]) ? &(table)[operation] : NULL)

static struct shape shape_of(uint32_t number, uint64_t operation)
{
    switch (number) {
    case __HYPERVISOR_mmu_update:
        return (struct shape){0, 1, &update};
    case __HYPERVISOR_mmuext_op:
        return (struct shape){0, 1, &extended};
    case __HYPERVISOR_event_channel_op:
        return (struct shape){1, -1, OF(event_layouts, operation)};
    case __HYPERVISOR_grant_table_op:
        return (struct shape){1, 2, OF(grant_layouts, operation)};
    case __HYPERVISOR_sched_op:
        return (struct shape){1, -1, OF(sched_layouts, operation)};
    case __HYPERVISOR_memory_op:
        return (struct shape){1, -1,
                              operation == XENMEM_increase_reservation ||
                                      operation == XENMEM_decrease_reservation ||
                                      operation == XENMEM_populate_physmap
                                  ? &reservation
                                  : NULL};
    default:
        return (struct shape){-1, -1, NULL};
    }
}

static const char *name_in(const char *const *names, size_t count, uint64_t value)
{
    return value < count ? names[value] : "?";
}

#define NAME_IN(names, value) name_in(names, sizeof(names) / sizeof(names[0]), value)

static size_t put_domain(char *text, size_t size, uint64_t domain)
{
    const char *name = domain == DOMID_SELF  ? "self"
                       : domain == DOMID_IO  ? "io"
                       : domain == DOMID_XEN ? "xen"
                                             : NULL;

    return (size_t)(name != NULL ? snprintf(text, size, "%s", name)
                                 : snprintf(text, size, "%u", (unsigned int)domain));
}

static size_t put_flags(char *text, size_t size, uint64_t flags)
{
    return (size_t)snprintf(text, size, "%s%s%s", (flags & GNTMAP_host_map) != 0 ? "host" : "",
                            (flags & GNTMAP_device_map) != 0 ? "|device" : "",
                            (flags & GNTMAP_readonly) != 0 ? "|ro" : "");
}

static size_t put_value(char *text, size_t size, const struct field *field, uint64_t value)
{
    unsigned long long number = value;

    switch ((enum kind)field->kind) {
    case NUMBER:
        return (size_t)snprintf(text, size, "%llu", number);
    case SIGNED:
        return (size_t)snprintf(text, size, "%d", (int16_t)value);
    case DOMAIN:
        return put_domain(text, size, value);
    case UPDATE:
        return (size_t)snprintf(text, size, "0x%llx%s", number & ~3ull, update_names[value & 3]);
    case EXTENDED:
        return (size_t)snprintf(text, size, "%s", NAME_IN(extended_names, value));
    case MAP_FLAGS:
        return put_flags(text, size, value);
    case REASON:
        return (size_t)snprintf(text, size, "%s", NAME_IN(reason_names, value));
    default:
        return (size_t)snprintf(text, size, "0x%llx", number);
    }
}

static size_t put_element(char *text, size_t size, const struct layout *layout,
                          const uint8_t element[HYPERCALL_ELEMENT_SIZE])
{
    size_t at = (size_t)snprintf(text, size, "{");

    for (size_t i = 0; i < MAX_FIELDS && layout->fields[i].name != NULL; i++) {
        const struct field *field = &layout->fields[i];
        uint64_t value = 0;

        if (at + 64 > size) {
            break;
        }
        memcpy(&value, element + field->offset, field->size);
        at += (size_t)snprintf(text + at, size - at, "%s%s=", i > 0 ? ", " : "", field->name);
        at += put_value(text + at, size - at, field, value);
    }
    return at + (size_t)snprintf(text + at, size - at, "}");
}

int hypercall_arguments_text(uint32_t number, const uint64_t arguments[4],
                             const struct hypercall_memory *memory, char *text, size_t size)
{
    struct shape shape = shape_of(number, arguments[0]);
    uint64_t count = shape.count >= 0 ? (uint32_t)arguments[shape.count] : 1;
    size_t at = 0;

    if (memory->nr_elements == 0 || shape.layout == NULL || shape.layout->fields[0].name == NULL) {
        return -1;
    }
    at += (size_t)snprintf(text, size, "%s", shape.count >= 0 ? "[" : "");
    for (size_t i = 0; i < memory->nr_elements && at + 160 < size; i++) {
        at += (size_t)snprintf(text + at, size - at, "%s", i > 0 ? ", " : "");
        at += put_element(text + at, size - at, shape.layout, memory->elements[i]);
    }
    if (shape.count >= 0) {
        snprintf(text + at, size - at, "%s]", count > memory->nr_elements ? ", ..." : "");
    }
    return shape.pointer;
}
