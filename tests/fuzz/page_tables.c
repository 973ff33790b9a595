/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: two guests and the control domain change page tables at will. Each input is a program of 4-byte steps; after each step every reference of the
 * machine is recomputed (tests/fake/checker.c), and after the last one all domains die and every frame must be back in the heap.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mm_tables.h"
#include "xenlike/hypercall/hypercall.h"
#include "xenlike/mm/frame_word.h"
#include "xenlike/mm/page_table.h"

#define NR_SUBJECTS 8
#define NR_DOMAINS  3

static struct guest guests[NR_DOMAINS];
static mfn_t subject[NR_SUBJECTS];
static uint64_t all_free;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const char *when)
{
    const char *wrong = fake_check();

    if (wrong != NULL) {
        fprintf(stderr, "%s: %s\n", when, wrong);
        abort();
    }
}

static mfn_t frame_by(unsigned int n)
{
    const struct guest *g = &guests[n / 4 % NR_DOMAINS];
    const mfn_t tables[] = {g->l1, g->l2, g->l3, g->l4};

    return n < 16 ? subject[n % NR_SUBJECTS] : tables[n % 4];
}

/* 16 kinds of rights: all that rules speak of. */
static pte_t rights_by(unsigned int n)
{
    static const pte_t rights[] = {0,
                                   PTE_PRESENT,
                                   KERNEL_RO,
                                   KERNEL_RW,
                                   TABLE,
                                   TABLE & ~PTE_WRITE,
                                   KERNEL_RW | PTE_GLOBAL,
                                   KERNEL_RW | PTE_USER,
                                   KERNEL_RO | PTE_NX,
                                   TABLE | PTE_PSE,
                                   KERNEL_RW | PTE_PCD,
                                   KERNEL_RW | PTE_GUEST_KERNEL,
                                   KERNEL_RW | PTE_GRANT,
                                   TABLE | PTE_GLOBAL,
                                   PTE_WRITE,
                                   ~0ul};

    return rights[n % 16];
}

static void step(const uint8_t s[4])
{
    struct guest *g = &guests[s[0] / 16 % NR_DOMAINS];
    mfn_t a = frame_by(s[1] % 32);
    mfn_t b = frame_by(s[2] % 32);
    unsigned int index = s[3] % 16 < 12 ? s[3] % 16 : 256 + s[3] % 16;
    mfn_t reached;

    fake_run(g->v);
    switch (s[0] % 16) {
    case 0:
    case 1:
    case 2:
    case 3:
        tables_op(MMUEXT_PIN_L1_TABLE + s[0] % 16, a.n, 0);
        break;
    case 4:
        tables_op(MMUEXT_UNPIN_TABLE, a.n, 0);
        break;
    case 5:
        tables_op(MMUEXT_NEW_BASEPTR, a.n, 0);
        break;
    case 6:
        tables_op(MMUEXT_NEW_USER_BASEPTR, s[3] % 4 == 0 ? 0 : a.n, 0);
        break;
    case 7:
        tables_op(s[3] % 2 != 0 ? MMUEXT_CLEAR_PAGE : MMUEXT_COPY_PAGE, a.n, b.n);
        break;
    case 8:
        tables_update_with(a, index, pte_make(b, rights_by(s[3] / 16)), MMU_PT_UPDATE_PRESERVE_AD,
                           DOMID_SELF);
        break;
    case 9:
        tables_update_with(a, index, pte_make(b, rights_by(s[3] / 16)), 0, s[2] / 32 % NR_DOMAINS);
        break;
    case 10:
        hc_update_va_mapping((uint64_t)(s[1] % 16) << PAGE_SHIFT, pte_make(b, rights_by(s[3] / 16)),
                             s[3] % 8, 0, 0, 0);
        break;
    case 11:
        fake_touch(g->v, (uint64_t)(s[1] % 16) << PAGE_SHIFT, s[2] % 2 != 0, &reached);
        break;
    case 12:
        if (frame_word_domain(frame_load(frame_of(subject[s[1] % NR_SUBJECTS]))) == g->d &&
            frame_release_allocation(subject[s[1] % NR_SUBJECTS], g->d)) {
            subject[s[1] % NR_SUBJECTS] = tables_frame(g->d);
        }
        break;
    case 13:
        fake_preempt_every = s[1] % 4;
        break;
    default:
        tables_update(a, index, pte_make(b, rights_by(s[3] / 16)));
        break;
    }
}

static void destroy(struct guest *g)
{
    int result;

    g->d->life = DOMAIN_DYING;
    while ((result = page_table_drop_bases(g->v)) == -XEN_ERESTART) {
    }
    while ((result = page_table_relinquish_memory(g->d)) == -XEN_ERESTART) {
    }
    if (result != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (all_free == 0) {
        fake_machine_init(512);
        all_free = frame_alloc_nr_free();
    }
    for (unsigned int i = 0; i < NR_DOMAINS; i++) {
        tables_guest(&guests[i], (domid_t)i, i == 0);
    }
    for (unsigned int i = 0; i < NR_SUBJECTS; i++) {
        subject[i] = tables_frame(guests[i % 2 + 1].d);
    }
    for (size_t i = 0; i + 4 <= size && i < 4 * 200; i += 4) {
        step(bytes + i);
        check("after a step");
    }
    for (unsigned int i = 0; i < NR_DOMAINS; i++) {
        destroy(&guests[i]);
        check("after a death");
    }
    fake_preempt_every = 0;
    for (unsigned int i = 0; i < NR_DOMAINS; i++) {
        free(guests[i].d->vcpus);
        free(guests[i].v);
        free(guests[i].d);
        domain_table[i] = NULL;
    }
    if (frame_alloc_nr_free() != all_free) {
        fprintf(stderr, "%lu frames of %lu came back\n", (unsigned long)frame_alloc_nr_free(),
                (unsigned long)all_free);
        abort();
    }
    return 0;
}
