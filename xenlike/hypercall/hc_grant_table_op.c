/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_grant_table_op(cmd, array, count): copies each element in, runs it, copies it out. Between elements it may stop
 * and go on later with the rest of the array. A fault on the array ends the call with -EFAULT; what was done before stays done.
 * transfer is not offered (-ENOSYS).
 * Guest ABI: docs/abi/grant_table_op.md. Read next: comm/grant_table.c.
 */
#include "../comm/grant_table.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

/* 0, and the element's status says how it went; or an errno, which ends the call. The elements of one call share the rest. */
typedef int element_handler(union grant_element *op, struct grant_unmap_batch *unmapped,
                            struct grant_copy_state *copied);

/* Runs elements until the array ends, one fails, or it is time to stop: *done tells how many. Each operation has its own copy. */
static inline __attribute__((always_inline)) int
run_elements(element_handler *run, size_t size, uint64_t pointer, uint32_t count, uint32_t *done)
{
    struct grant_unmap_batch unmapped;
    struct grant_copy_state copied;
    uint32_t i;
    int result = 0;

    grant_map_begin(&unmapped);
    grant_copy_begin(&copied);
    for (i = 0; result == 0 && i < count; i++) {
        union grant_element op;
        gva_t place = GVA(pointer + i * size);

        /* Sixteen copies of a page are the longest stretch. */
        if (i % 16 == 0 && i != 0 && machine_preempt_wanted()) {
            break;
        }
        result = guest_access_read(&op, place, size);
        if (likely(result == 0)) {
            result = run(&op, &unmapped, &copied);
            int fault = guest_access_write(place, &op, size);
            result = result == 0 ? fault : result;
        }
    }
    *done = i;
    if (unmapped.count != 0) {
        grant_map_finish(&unmapped);
    }
    grant_copy_end(&copied);
    return result;
}

#define RUNNER(name, size)                                                  \
    static int run_##name(uint64_t pointer, uint32_t count, uint32_t *done) \
    {                                                                       \
        return run_elements(name##_element, size, pointer, count, done);    \
    }
#define ELEMENT(name, size, expression)                                                    \
    static int name##_element(union grant_element *op, struct grant_unmap_batch *unmapped, \
                              struct grant_copy_state *copied)                             \
    {                                                                                      \
        return expression;                                                                 \
    }                                                                                      \
    RUNNER(name, size)
#define SIZE(name)               sizeof(struct gnttab_##name)
#define STATUS(name, expression) ELEMENT(name, SIZE(name), (op->name.status = (expression), 0))
/* About the table of a domain that the element names. */
#define OF_DOMAIN(name) STATUS(name, grant_table_of(op->name.dom, grant_table_##name, op))

STATUS(map_grant_ref, grant_map(&op->map_grant_ref))
STATUS(unmap_grant_ref, grant_map_undo(&op->unmap_grant_ref, unmapped))
STATUS(unmap_and_replace, grant_map_replace(&op->unmap_and_replace))
STATUS(copy, grant_copy(&op->copy, copied))
OF_DOMAIN(query_size)
OF_DOMAIN(dump_table)
OF_DOMAIN(get_status_frames)
ELEMENT(get_version, SIZE(get_version), grant_table_get_version(&op->get_version))
ELEMENT(set_version, SIZE(set_version), grant_table_set_version(&op->set_version))
STATUS(swap_grant_ref, grant_table_swap(&op->swap_grant_ref))
ELEMENT(transfer, 0, -XEN_ENOSYS)
ELEMENT(cache_flush, SIZE(cache_flush), grant_table_cache_flush(&op->cache_flush))

static int setup_table_element(union grant_element *op, struct grant_unmap_batch *unmapped,
                               struct grant_copy_state *copied)
{
    uint64_t list = (uint64_t)op->setup_table.frame_list.p;

    if (!guest_access_range_ok(GVA(list), op->setup_table.nr_frames * sizeof(xen_pfn_t))) {
        return -XEN_EFAULT;
    }
    op->setup_table.status = grant_table_of(op->setup_table.dom, grant_table_setup_table, op);
    return op->setup_table.status == GNTST_bad_virt_addr ? -XEN_EFAULT : 0;
}
RUNNER(setup_table, SIZE(setup_table))

static const struct operation {
    int (*run)(uint64_t pointer, uint32_t count, uint32_t *done);
    uint16_t size; /* of an element; 0: it is not read */
    enum { ARRAY, EXACTLY_ONE, ONE_WHATEVER_COUNT } count;
} operations[] = {
#define ROW(name, count) [GNTTABOP_##name] = {run_##name, sizeof(struct gnttab_##name), count}
    ROW(map_grant_ref, ARRAY),
    ROW(unmap_grant_ref, ARRAY),
    ROW(setup_table, EXACTLY_ONE),
    ROW(dump_table, EXACTLY_ONE),
    [GNTTABOP_transfer] = {run_transfer, 0, ARRAY},
    ROW(copy, ARRAY),
    ROW(query_size, EXACTLY_ONE),
    ROW(unmap_and_replace, ARRAY),
    ROW(set_version, ONE_WHATEVER_COUNT),
    ROW(get_status_frames, EXACTLY_ONE),
    ROW(get_version, ONE_WHATEVER_COUNT),
    ROW(swap_grant_ref, ARRAY),
    ROW(cache_flush, ARRAY),
};

HYPERCALL_3(hc_grant_table_op, cmd, pointer, count)
{
    uint32_t index = (uint32_t)cmd, elements = (uint32_t)count, done;

    if ((int32_t)elements < 0) {
        return -XEN_EINVAL;
    }
    if (index >= ARRAY_SIZE(operations) || operations[index].run == NULL) {
        return -XEN_ENOSYS;
    }
    if (operations[index].count == EXACTLY_ONE && elements != 1) {
        return -XEN_EINVAL;
    }
    elements = operations[index].count == ARRAY ? elements : 1;
    int result = operations[index].run(pointer, elements, &done);
    if (result != 0 || done == elements) {
        return result;
    }
    return hypercall_continue(__HYPERVISOR_grant_table_op, cmd,
                              pointer + (uint64_t)done * operations[index].size, elements - done, 0,
                              0, 0);
}
