/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_grant_table_op(cmd, array, count): copies each element in, runs it, copies its status out. Between elements it may stop
 * and go on later with the rest of the array. A fault on the array ends the call with -EFAULT; what was done before stays done.
 * transfer and swap_grant_ref are not offered (-ENOSYS), and caches need no flushing by hand (-EOPNOTSUPP).
 * Guest ABI: docs/abi/grant_table_op.md. Read next: comm/grant_table.c.
 */
#include "../comm/grant_table.h"
#include "../mm/guest_access.h"
#include "hypercall.h"

typedef int64_t operation_handler(uint64_t pointer, uint32_t count);

/* Asked every few elements: sixteen copies of a page are the longest stretch. */
static inline bool time_to_stop(uint32_t done, uint32_t count)
{
    return done % 16 == 0 && done < count && hypercall_preempt_wanted();
}

/* Reads, runs and writes back elements until the array ends, a fault, or it is time to stop: elements done, or an errno. */
#define EACH_ELEMENT(type, element, pointer, count, statement)             \
    for (uint32_t done = 0; done < (count); done++) {                      \
        type element;                                                      \
        gva_t place = GVA((pointer) + done * sizeof(element));             \
        if (guest_access_read(&(element), place, sizeof(element)) != 0) {  \
            return -XEN_EFAULT;                                            \
        }                                                                  \
        (element).status = (statement);                                    \
        if (guest_access_write(place, &(element), sizeof(element)) != 0) { \
            return -XEN_EFAULT;                                            \
        }                                                                  \
        if (time_to_stop(done + 1, count)) {                               \
            return done + 1;                                               \
        }                                                                  \
    }                                                                      \
    return count

static int64_t run_map(uint64_t pointer, uint32_t count)
{
    EACH_ELEMENT(struct gnttab_map_grant_ref, op, pointer, count, grant_map(&op));
}

static int64_t run_unmap_and_replace(uint64_t pointer, uint32_t count)
{
    EACH_ELEMENT(struct gnttab_unmap_and_replace, op, pointer, count, grant_map_replace(&op));
}

static int64_t unmap_elements(uint64_t pointer, uint32_t count, struct grant_unmap_batch *batch)
{
    for (uint32_t done = 0; done < count; done++) {
        struct gnttab_unmap_grant_ref op;
        gva_t place = GVA(pointer + done * sizeof(op));
        if (guest_access_read(&op, place, sizeof(op)) != 0) {
            return -XEN_EFAULT;
        }
        op.status = grant_map_undo(&op, batch);
        if (guest_access_write(place, &op, sizeof(op)) != 0) {
            return -XEN_EFAULT;
        }
        if (batch->count == GRANT_UNMAP_BATCH) {
            grant_map_finish(batch);
        }
        if (time_to_stop(done + 1, count)) {
            return done + 1;
        }
    }
    return count;
}

static int64_t run_unmap(uint64_t pointer, uint32_t count)
{
    struct grant_unmap_batch batch;
    grant_map_begin(&batch);
    int64_t result = unmap_elements(pointer, count, &batch);
    grant_map_finish(&batch);
    return result;
}

static int64_t copy_elements(uint64_t pointer, uint32_t count, struct grant_copy_state *state)
{
    EACH_ELEMENT(struct gnttab_copy, op, pointer, count, grant_copy(&op, state));
}

static int64_t run_copy(uint64_t pointer, uint32_t count)
{
    struct grant_copy_state state;
    grant_copy_begin(&state);
    int64_t result = copy_elements(pointer, count, &state);
    grant_copy_end(&state);
    return result;
}

static int setup_write_list(const struct gnttab_setup_table *op)
{
    struct domain *d;
    int result = domain_get_for_caller(op->dom, &d);
    for (uint32_t i = 0; result == 0 && i < op->nr_frames; i++) {
        xen_pfn_t mfn = grant_table_frame(d, i).n;
        result = copy_to_guest_offset(op->frame_list, i, &mfn);
    }
    if (result != -XEN_ESRCH && result != -XEN_EPERM) {
        domain_put(d);
    }
    return result;
}

static int64_t run_setup(uint64_t pointer, uint32_t count)
{
    struct gnttab_setup_table op;
    if (count != 1) {
        return -XEN_EINVAL;
    }
    if (guest_access_read(&op, GVA(pointer), sizeof(op)) != 0 ||
        !guest_access_range_ok(GVA((uint64_t)op.frame_list.p), op.nr_frames * sizeof(xen_pfn_t))) {
        return -XEN_EFAULT;
    }
    op.status = grant_table_setup(&op);
    if (op.status == GNTST_okay) {
        int result = setup_write_list(&op);
        if (result != 0) {
            return result;
        }
    }
    return guest_access_write(GVA(pointer), &op, sizeof(op)) == 0 ? 1 : -XEN_EFAULT;
}

/* For the operations that take exactly one element. */
#define ONE_ELEMENT(type, element, pointer, count, statement)                \
    type element;                                                            \
    if ((count) != 1) {                                                      \
        return -XEN_EINVAL;                                                  \
    }                                                                        \
    if (guest_access_read(&(element), GVA(pointer), sizeof(element)) != 0) { \
        return -XEN_EFAULT;                                                  \
    }                                                                        \
    statement;                                                               \
    return guest_access_write(GVA(pointer), &(element), sizeof(element)) == 0 ? 1 : -XEN_EFAULT

static int64_t run_query(uint64_t pointer, uint32_t count)
{
    ONE_ELEMENT(struct gnttab_query_size, op, pointer, count, op.status = grant_table_query(&op));
}

static int64_t run_dump(uint64_t pointer, uint32_t count)
{
    ONE_ELEMENT(struct gnttab_dump_table, op, pointer, count, op.status = grant_table_dump(&op));
}

static int64_t run_status_frames(uint64_t pointer, uint32_t count)
{
    ONE_ELEMENT(struct gnttab_get_status_frames, op, pointer, count,
                op.status = grant_table_status_frames(&op));
}

static int64_t run_get_version(uint64_t pointer, uint32_t count)
{
    int result = 0;
    struct gnttab_get_version op;
    if (guest_access_read(&op, GVA(pointer), sizeof(op)) != 0) {
        return -XEN_EFAULT;
    }
    result = grant_table_get_version(&op);
    if (result == 0 && guest_access_write(GVA(pointer), &op, sizeof(op)) != 0) {
        return -XEN_EFAULT;
    }
    return result == 0 ? (int64_t)count : result;
}

static int64_t run_set_version(uint64_t pointer, uint32_t count)
{
    struct gnttab_set_version op;
    if (guest_access_read(&op, GVA(pointer), sizeof(op)) != 0) {
        return -XEN_EFAULT;
    }
    int result = grant_table_set_version(&op);
    if (result != -XEN_EINVAL && guest_access_write(GVA(pointer), &op, sizeof(op)) != 0) {
        return -XEN_EFAULT;
    }
    return result == 0 ? (int64_t)count : result;
}

static int64_t run_transfer(uint64_t pointer, uint32_t count)
{
    return count == 0 ? 0 : -XEN_ENOSYS;
}

static int64_t run_cache_flush(uint64_t pointer, uint32_t count)
{
    return count == 0 ? 0 : -XEN_EOPNOTSUPP;
}

static const struct {
    operation_handler *run;
    uint32_t size; /* of an element */
} operations[] = {
    [GNTTABOP_map_grant_ref] = {run_map, sizeof(struct gnttab_map_grant_ref)},
    [GNTTABOP_unmap_grant_ref] = {run_unmap, sizeof(struct gnttab_unmap_grant_ref)},
    [GNTTABOP_setup_table] = {run_setup, sizeof(struct gnttab_setup_table)},
    [GNTTABOP_dump_table] = {run_dump, sizeof(struct gnttab_dump_table)},
    [GNTTABOP_transfer] = {run_transfer, sizeof(struct gnttab_transfer)},
    [GNTTABOP_copy] = {run_copy, sizeof(struct gnttab_copy)},
    [GNTTABOP_query_size] = {run_query, sizeof(struct gnttab_query_size)},
    [GNTTABOP_unmap_and_replace] = {run_unmap_and_replace, sizeof(struct gnttab_unmap_and_replace)},
    [GNTTABOP_set_version] = {run_set_version, sizeof(struct gnttab_set_version)},
    [GNTTABOP_get_status_frames] = {run_status_frames, sizeof(struct gnttab_get_status_frames)},
    [GNTTABOP_get_version] = {run_get_version, sizeof(struct gnttab_get_version)},
    [GNTTABOP_cache_flush] = {run_cache_flush, sizeof(struct gnttab_cache_flush)},
};

HYPERCALL_3(hc_grant_table_op, cmd, pointer, count)
{
    uint32_t index = (uint32_t)cmd, elements = (uint32_t)count;
    if ((int32_t)elements < 0) {
        return -XEN_EINVAL;
    }
    if (index >= ARRAY_SIZE(operations) || operations[index].run == NULL) {
        return -XEN_ENOSYS;
    }
    int64_t done = operations[index].run(pointer, elements);
    if (done < 0) {
        return done;
    }
    if ((uint64_t)done < elements) {
        return hypercall_continue(__HYPERVISOR_grant_table_op, cmd,
                                  pointer + (uint64_t)done * operations[index].size,
                                  elements - (uint64_t)done, 0, 0, 0);
    }
    return 0;
}
