/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_mmuext_op(operations, count, done, domain): pins, base pointers, flushes, the LDT, whole pages.
 *
 * A table of handlers; each decides nothing that mm/page_table.c can decide. Invariant: HM1 an operation is read once; HM2 `done` as in
 * mmu_update. Locks: none here. Guest ABI: docs/abi/mmuext_op.md. Read next: mm/page_table.c.
 */
#include "hypercall.h"
#include "mmu_domains.h"
#include "mmu_flush.h"

#include "../domain/pv.h"
#include "../lib/string.h"
#include "../mm/guest_access.h"
#include "../mm/page_table.h"

/* d: the domain that the call names; own: it is the caller. */
typedef int mmuext_handler(struct domain *d, const struct mmuext_op *op);

/* Those that are one call. */
#define SIMPLE(name, expression)                                  \
    static int name(struct domain *d, const struct mmuext_op *op) \
    {                                                             \
        return expression;                                        \
    }
SIMPLE(pin, page_table_pin(d, MFN(op->arg1.mfn), op->cmd - MMUEXT_PIN_L1_TABLE + 1))
SIMPLE(unpin, page_table_unpin(d, MFN(op->arg1.mfn)))
SIMPLE(new_base, page_table_set_kernel_base(current_vcpu(), MFN(op->arg1.mfn)))
SIMPLE(new_user_base, page_table_set_user_base(current_vcpu(), MFN(op->arg1.mfn)))
SIMPLE(set_ldt, pv_set_ldt(current_vcpu(), GVA(op->arg1.linear_addr), op->arg2.nr_ents))
SIMPLE(not_supported, -XEN_EOPNOTSUPP)

/* The six flushes: everything or one page (odd commands), here, where some vCPUs have been, or wherever the domain has been. */
static int flush(struct domain *d, const struct mmuext_op *op)
{
    cpumask_t mask;

    if (op->cmd == MMUEXT_TLB_FLUSH_LOCAL) {
        machine_flush_local(true);
        return 0;
    }
    if (op->cmd == MMUEXT_INVLPG_LOCAL) {
        mask = mmu_flush_local_mask();
    } else if (op->cmd >= MMUEXT_TLB_FLUSH_ALL) {
        mask = READ_ONCE(d->dirty_cpus);
    } else if (mmu_flush_vcpu_mask(d, (uint64_t)op->arg2.vcpumask.p, &mask) != 0) {
        return -XEN_EINVAL;
    }
    mmu_flush(mask, op->cmd % 2 != 0, GVA(op->arg1.linear_addr));
    return 0;
}

/* Caches are coherent for everything that a domain without devices can have mapped. */
static int flush_cache(struct domain *d, const struct mmuext_op *op)
{
    if (!d->is_hardware) {
        return -XEN_EACCES;
    }
    machine_flush_cache();
    return 0;
}

/* Clears a page, or copies another of the domain's to it. */
static int write_page(struct domain *d, const struct mmuext_op *op)
{
    mfn_t destination = MFN(op->arg1.mfn);
    mfn_t source = op->cmd == MMUEXT_COPY_PAGE ? MFN(op->arg2.src_mfn) : destination;

    if (!frame_get(source, d)) {
        return -XEN_EINVAL;
    }
    if (frame_get_and_type(destination, d, FRAME_WRITABLE) != 0) {
        frame_put(source);
        return -XEN_EINVAL;
    }
    if (op->cmd == MMUEXT_COPY_PAGE) {
        memmove(machine_frame(destination), machine_frame(source), PAGE_SIZE);
    } else {
        memset(machine_frame(destination), 0, PAGE_SIZE);
    }
    frame_put_and_type(destination);
    frame_put(source);
    return 0;
}

/* foreign: may name another domain than the caller. */
static const struct {
    mmuext_handler *handler;
    bool foreign;
} operations[] = {
    [MMUEXT_PIN_L1_TABLE... MMUEXT_PIN_L4_TABLE] = {pin, true},
    [MMUEXT_UNPIN_TABLE] = {unpin, true},
    [MMUEXT_NEW_BASEPTR] = {new_base, false},
    [MMUEXT_TLB_FLUSH_LOCAL... MMUEXT_INVLPG_ALL] = {flush, false},
    [MMUEXT_FLUSH_CACHE] = {flush_cache, false},
    [MMUEXT_SET_LDT] = {set_ldt, false},
    [MMUEXT_NEW_USER_BASEPTR] = {new_user_base, false},
    [MMUEXT_CLEAR_PAGE] = {write_page, true},
    [MMUEXT_COPY_PAGE] = {write_page, true},
    [MMUEXT_FLUSH_CACHE_GLOBAL] = {flush_cache, false},
    [MMUEXT_MARK_SUPER] = {not_supported, true},
    [MMUEXT_UNMARK_SUPER] = {not_supported, true},
};

static int carry_out(const struct mmu_domains *domains, const struct mmuext_op *op)
{
    if (op->cmd >= ARRAY_SIZE(operations) || operations[op->cmd].handler == NULL) {
        return -XEN_ENOSYS;
    }
    if (domains->frames != current_domain() && !operations[op->cmd].foreign) {
        return -XEN_EPERM;
    }
    /* Device memory is no domain's table or page. */
    return domains->frames == NULL ? -XEN_EINVAL : operations[op->cmd].handler(domains->frames, op);
}

/* Carries out operations from the start of the list; *done tells how many. */
static int operate(const struct mmu_domains *domains, uint64_t list, uint32_t count, uint32_t *done)
{
    int result = 0;

    for (*done = 0; *done < count; (*done)++) {
        struct mmuext_op op;

        if (*done != 0 && machine_preempt_wanted()) {
            return -XEN_ERESTART;
        }
        result = guest_access_read(&op, GVA(list + *done * sizeof(op)), sizeof(op));
        if (likely(result == 0)) {
            result = carry_out(domains, &op);
        }
        if (unlikely(result != 0)) {
            break;
        }
    }
    /* The frames that the list set free are free for other uses when it returns. */
    int left = domains->frames == NULL ? 0 : page_table_settle(domains->frames);

    return result != 0 ? result : left;
}

static __attribute__((noinline)) int64_t operate_many(uint64_t list, uint64_t count, uint64_t done,
                                                      uint64_t domain)
{
    const struct mmu_list call = {list, count, done, (domid_t)domain};

    return mmu_domains_run_list(__HYPERVISOR_mmuext_op, &call, sizeof(struct mmuext_op), operate);
}

/* One operation on oneself, a flush or a base pointer, is what most calls are: that goes straight. */
HYPERCALL_4(hc_mmuext_op, list, count, done, domain)
{
    struct domain *d = current_domain();
    const struct mmu_domains domains = {d, d, false};
    struct mmuext_op op;

    if (count != 1 || done != 0 || (domid_t)domain != DOMID_SELF) {
        return operate_many(list, count, done, domain);
    }
    if (unlikely(guest_access_read(&op, GVA(list), sizeof(op)) != 0)) {
        return -XEN_EFAULT;
    }
    int result = carry_out(&domains, &op);
    int left = page_table_settle(d);
    /* What was not done yet, or left something to be taken apart, goes the long way. */
    if (unlikely(result == -XEN_ERESTART)) {
        return operate_many(list, 1, 0, DOMID_SELF);
    }
    return likely(left == 0) || result != 0 ? result : operate_many(list, 0, 0, DOMID_SELF);
}
