/* SPDX-License-Identifier: MIT */
/* Page tables for tests. See mm_tables.h. */
#include "mm_tables.h"

#include <stdlib.h>
#include <string.h>

#include "xenlike/hypercall/hypercall.h"
#include "xenlike/mm/page_table.h"

/* Where arguments of hypercalls lie: flat memory that no page table maps. */
#define ARGUMENTS UINT64_C(0x700000000000)
static char *arguments;

mfn_t tables_frame(struct domain *d)
{
    mfn_t mfn = frame_alloc_domain(d, 0, 0);

    if (!mfn_valid_value(mfn)) {
        abort();
    }
    return mfn;
}

void tables_store(mfn_t table, unsigned int index, pte_t pte)
{
    ((pte_t *)machine_frame(table))[index] = pte;
}

pte_t tables_load(mfn_t table, unsigned int index)
{
    return ((pte_t *)machine_frame(table))[index];
}

void tables_guest(struct guest *guest, domid_t id, bool privileged)
{
    guest->d = fake_domain_create(id, 4096, privileged);
    guest->v = guest->d->vcpus[0];
    guest->l4 = tables_frame(guest->d);
    guest->l3 = tables_frame(guest->d);
    guest->l2 = tables_frame(guest->d);
    guest->l1 = tables_frame(guest->d);
    for (unsigned int i = 0; i < 8; i++) {
        guest->data[i] = tables_frame(guest->d);
        tables_store(guest->l1, i + 1, pte_make(guest->data[i], KERNEL_RW));
    }
    tables_store(guest->l4, 0, pte_make(guest->l3, TABLE));
    tables_store(guest->l3, 0, pte_make(guest->l2, TABLE));
    tables_store(guest->l2, 0, pte_make(guest->l1, TABLE));
    fake_run(guest->v);
    if (page_table_pin(guest->d, guest->l4, 4) != 0 ||
        page_table_set_kernel_base(guest->v, guest->l4) != 0) {
        abort();
    }
}

static void *argument_page(void)
{
    if (arguments == NULL) {
        arguments = fake_flat(ARGUMENTS, PAGE_SIZE);
    }
    return arguments;
}

int64_t tables_update_with(mfn_t table, unsigned int index, pte_t pte, unsigned int command,
                           uint32_t domains)
{
    struct mmu_update request = {
        .ptr = (maddr_from_mfn(table).a + index * sizeof(pte)) | command,
        .val = pte,
    };

    memcpy(argument_page(), &request, sizeof(request));
    return hc_mmu_update(ARGUMENTS, 1, 0, domains, 0, 0);
}

int64_t tables_update(mfn_t table, unsigned int index, pte_t pte)
{
    return tables_update_with(table, index, pte, MMU_NORMAL_PT_UPDATE, DOMID_SELF);
}

int64_t tables_op(unsigned int cmd, uint64_t arg1, uint64_t arg2)
{
    struct mmuext_op op = {.cmd = cmd};

    op.arg1.mfn = arg1;
    op.arg2.src_mfn = arg2;
    memcpy(argument_page(), &op, sizeof(op));
    return hc_mmuext_op(ARGUMENTS, 1, 0, DOMID_SELF, 0, 0);
}
