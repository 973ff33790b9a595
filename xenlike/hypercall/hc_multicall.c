/* SPDX-License-Identifier: MIT */
/*
 * multicall(list, count): many calls for one entry into the hypervisor.
 *
 * Owns: nothing. Invariant: MC1 each entry is read once, its result written once; MC2 a list never runs inside a list.
 * Locks: none. Guest ABI: docs/abi/multicall.md. Read next: hypercall.c.
 */
#include "../mm/guest_access.h"
#include "hypercall.h"

#define ENTRIES_PER_CHECK \
    8 /* the question costs more than a short entry; long ones ask for themselves */

enum outcome { ENTRY_DONE, ENTRY_PREEMPTED, LIST_ENDED };

/* result: of the last entry, when it ended the list. -EFAULT in *error: the entry cannot be read or written. */
static enum outcome run_entry(struct vcpu *v, gva_t where, int64_t *result, int *error)
{
    struct multicall_entry call;

    *error = guest_access_read(&call, where, sizeof(call));
    if (*error != 0) {
        return LIST_ENDED;
    }
    *result = call.op < NR_HYPERCALLS
                  ? hypercall_table[call.op](call.args[0], call.args[1], call.args[2], call.args[3],
                                             call.args[4], call.args[5])
                  : -XEN_ENOSYS;
    if (unlikely(v->multicall_preempted)) {
        v->multicall_preempted = false;
        v->multicall_call.result = call.result;
        *error = guest_access_write(where, &v->multicall_call, sizeof(call));
        return ENTRY_PREEMPTED;
    }
    if (unlikely(v->multicall_ended)) {
        return LIST_ENDED;
    }
    *error = guest_access_write(GVA(where.v + offsetof(struct multicall_entry, result)), result,
                                sizeof(*result));
    return ENTRY_DONE;
}

HYPERCALL_2(hc_multicall, list, count)
{
    struct vcpu *v = current_vcpu();
    uint32_t nr_calls = (uint32_t)count, done = 0;
    enum outcome outcome = ENTRY_DONE;
    int64_t result = 0;
    int error = 0;

    if (v->in_multicall) {
        return -XEN_EINVAL;
    }
    if (!guest_access_range_ok(GVA(list), nr_calls * sizeof(struct multicall_entry))) {
        return -XEN_EFAULT;
    }
    v->in_multicall = true;
    v->multicall_ended = false;
    while (done < nr_calls && outcome == ENTRY_DONE && error == 0) {
        if (done % ENTRIES_PER_CHECK == 0 && done != 0 && machine_preempt_wanted()) {
            break;
        }
        outcome = run_entry(v, GVA(list + done * sizeof(struct multicall_entry)), &result, &error);
        done += outcome == ENTRY_DONE;
    }
    v->in_multicall = false;
    if (error != 0) {
        return error;
    }
    if (outcome == LIST_ENDED) {
        return result; /* of the iret: rax of the context it resumed */
    }
    if (done == nr_calls) {
        return 0;
    }
    return hypercall_continue(__HYPERVISOR_multicall, list + done * sizeof(struct multicall_entry),
                              nr_calls - done, 0, 0, 0, 0);
}
