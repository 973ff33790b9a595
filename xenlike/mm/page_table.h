/* SPDX-License-Identifier: MIT */
/*
 * What the rest of the hypervisor asks of guest page tables. Rules and errno per operation: docs/abi/mmu_update.md.
 */
#pragma once

#include "../domain/domain.h"
#include "frame_table.h"

/* Base pointers (PT5). 0, -EINVAL not a valid L4 of d, -ERESTART. The current vCPU's CR3 is reloaded when needed. */
int page_table_set_kernel_base(struct vcpu *v, mfn_t l4);
int page_table_set_user_base(struct vcpu *v, mfn_t l4); /* MFN 0: none */
/* Drops both bases of a vCPU that no longer runs; -ERESTART. */
int page_table_drop_bases(struct vcpu *v);
/* Pins, unpins a frame of d at a level 1..4; same errnos as mmuext_op. */
int page_table_pin(struct domain *d, mfn_t mfn, unsigned int level);
int page_table_unpin(struct domain *d, mfn_t mfn);

/* Takes apart what an update, a pin or a change of base left without references. A call of the guest's ends with this, so that
 * the frames are free for other uses when it returns. 0, -ERESTART. */
int page_table_settle_list(struct domain *d);
static inline int page_table_settle(struct domain *d)
{
    return likely(READ_ONCE(d->page_pending) == 0) ? 0 : page_table_settle_list(d);
}

/* Reads the L1 entry that maps an address in v's current space by walking in software; false when there is none. */
bool page_table_lookup(const struct vcpu *v, gva_t address, pte_t *pte);

/* A direct write to a live L1 (abi T24): called on a write fault of the guest kernel. True: carried out, resume the guest. */
bool page_table_emulate_store(struct vcpu *v, gva_t fault_address);

/* Grant mappings. The host address is a linear address in v's current space, or with contains_pte the machine address of the entry;
 * the entry lies in a valid L1 of v's domain.
 * Install: pte names the frame and the rights; it is stored marked PTE_GRANT. The mapping's references are the grant code's: no update of a
 * marked entry, and no end of its table, gives them back. What was there before is put as in any update, but not another
 * grant mapping: GNTST_general_error, as for an entry that does not exist. */
int page_table_install_grant(struct vcpu *v, uint64_t host_address, bool contains_pte, pte_t pte);
/* The entry must still be the grant mapping of `mfn` with these rights, else GNTST_general_error; it becomes new_pte (not present).
 * Sets *accessed when A was set (a flush is needed). */
int page_table_remove_grant(struct vcpu *v, uint64_t host_address, bool contains_pte, mfn_t mfn,
                            pte_t new_pte, bool readonly, bool *accessed);

/* Teardown of all memory of a dying domain in resumable steps: 0 done, -ERESTART. */
int page_table_relinquish_memory(struct domain *d);

/* The 16 entries of the hypervisor's slots, copied into every L4. */
extern pte_t page_table_hypervisor_slots[HV_L4_SLOTS];
