/* SPDX-License-Identifier: MIT */
/*
 * Direct stores to a live L1 (abi T24): the guest kernel wrote to a page table that it may only read, and with the writable_pagetables assist
 * on the store is carried out as an update.
 *
 * The processor has named the address; of the instruction only the operation, its source operand and its length matter.
 * Invariant: EM1 instruction bytes are read once; EM2 the entry goes through pt_update_l1 whatever the bytes say; EM3 a store is inside one
 *            naturally aligned unit of 1, 4 or 8 bytes. Anything not known here is the guest's own page fault.
 * Locks: the domain's page_lock. Read next: pt_decode.c, pt_update.c.
 */
#include <public/errno.h>

#include "guest_access.h"
#include "page_table.h"
#include "page_type.h"
#include "pt_decode.h"
#include "pt_update.h"

/* The L1 frame behind a read-only mapping, with a general reference: what the fault hit. */
static bool get_faulting_table(const struct vcpu *v, gva_t address, mfn_t *table)
{
    pte_t mapping;

    if (!page_table_lookup(v, address, &mapping) || (mapping & PTE_WRITE) != 0 ||
        !frame_get(pte_mfn(mapping), v->domain)) {
        return false;
    }
    if (!page_type_is_valid(pte_mfn(mapping), FRAME_L1)) {
        frame_put(pte_mfn(mapping));
        return false;
    }
    *table = pte_mfn(mapping);
    return true;
}

static bool carry_out(struct vcpu *v, const struct pt_store_instruction *instruction, gva_t address,
                      mfn_t table)
{
    pte_t *slot = &page_type_entries(table)[pt_index(address.v << 9, 1)];
    unsigned int shift = (unsigned int)(address.v % sizeof(pte_t)) * 8;
    uint64_t mask = mask_of_bytes(instruction->bytes);
    pte_t old = READ_ONCE(*slot);
    struct pt_store_result result;

    pt_decode_execute(instruction, &v->regs, (old >> shift) & mask, &result);
    int status = pt_update_l1(v->domain, slot, old,
                              (old & ~(mask << shift)) | ((result.stored & mask) << shift),
                              v->domain, PT_STORE_EXACT);
    if (status == -XEN_EAGAIN) {
        return true; /* the processor set A or D meanwhile: the guest executes it again */
    }
    if (status != 0) {
        return false;
    }
    pt_decode_commit(instruction, &v->regs, &result);
    return true;
}

bool page_table_emulate_store(struct vcpu *v, gva_t fault_address)
{
    struct domain *d = v->domain;
    uint8_t bytes[GUEST_FETCH_SIZE];
    struct pt_store_instruction instruction;
    bool done = false;
    mfn_t table;

    if ((d->vm_assist & (UINT64_C(1) << VMASST_TYPE_writable_pagetables)) == 0 ||
        !v->pv.in_kernel ||
        !pt_decode_store(bytes, guest_access_fetch(bytes, v->regs.rip), &v->regs, &instruction) ||
        fault_address.v % instruction.bytes != 0) {
        return false;
    }
    spin_lock(&d->page_lock);
    if (get_faulting_table(v, fault_address, &table)) {
        done = carry_out(v, &instruction, fault_address, table);
        frame_put(table);
    }
    spin_unlock(&d->page_lock);
    return done;
}
