/* SPDX-License-Identifier: MIT */
/* The heap, small objects, references, the machine-to-physical table, frames shown to guests. */
#include <criterion/criterion.h>
#include <string.h>

#include "xenlike/mm/frame_word.h"
#include "tests/fake/fake.h"

#define NR_FRAMES 2048

static struct domain *d;

static void setup(void)
{
    fake_machine_init(NR_FRAMES);
    d = fake_domain_create(1, 512, false);
}

TestSuite(frames, .init = setup);

static void check(void)
{
    const char *wrong = fake_check();

    cr_assert_null(wrong, "%s", wrong);
}

Test(frames, FA1_every_frame_comes_back)
{
    uint64_t before = frame_alloc_nr_free();
    mfn_t taken[64];

    for (unsigned int round = 0; round < 3; round++) {
        for (unsigned int i = 0; i < 64; i++) {
            taken[i] = frame_alloc_hypervisor(i % 4);
            cr_assert(mfn_valid_value(taken[i]));
            cr_assert_eq(taken[i].n & ((1u << (i % 4)) - 1), 0, "a block is aligned to its size");
        }
        for (unsigned int i = 0; i < 64; i++) {
            frame_free_hypervisor(taken[i], i % 4);
        }
        cr_assert_eq(frame_alloc_nr_free(), before);
    }
    /* All buddies have met again: the largest block that fits is there. */
    mfn_t large = frame_alloc_hypervisor(9);
    cr_assert(mfn_valid_value(large));
}

Test(frames, FA2_a_frame_is_zeroed_and_flushed_when_it_leaves_the_heap)
{
    mfn_t mfn = frame_alloc_domain(d, 0, 0);

    for (unsigned int i = 0; i < PAGE_SIZE; i++) {
        cr_assert_eq(((char *)machine_frame(mfn))[i], 0);
    }
    memset(machine_frame(mfn), 0x5a, PAGE_SIZE);
    cr_assert(frame_release_allocation(mfn, d));
    uint64_t flushes = fake_counts.full_flushes;
    for (unsigned int i = 0; i < NR_FRAMES; i++) {
        mfn_t other = frame_alloc_hypervisor(0);

        if (!mfn_valid_value(other)) {
            break;
        }
        cr_assert_eq(*(uint64_t *)machine_frame(other), 0);
        if (mfn_equal(other, mfn)) {
            cr_assert_gt(fake_counts.full_flushes, flushes, "flushed before its reuse");
            return;
        }
    }
    cr_assert_fail("the frame never came back");
}

Test(frames, one_flush_serves_all_frames_freed_before_it)
{
    mfn_t mfn[32];

    for (unsigned int i = 0; i < 32; i++) {
        mfn[i] = frame_alloc_hypervisor(0);
    }
    for (unsigned int i = 0; i < 32; i++) {
        frame_free_hypervisor(mfn[i], 0);
    }
    uint64_t flushes = fake_counts.full_flushes;
    for (unsigned int i = 0; i < NR_FRAMES - 64; i++) {
        frame_alloc_hypervisor(0);
    }
    cr_assert_leq(fake_counts.full_flushes, flushes + 1);
}

Test(frames, address_bits_bound_the_machine_address)
{
    mfn_t low = frame_alloc_domain(d, 0, 20); /* below 1 MiB */

    cr_assert(mfn_valid_value(low));
    cr_assert_lt(low.n, 256);
    cr_assert_not(mfn_valid_value(frame_alloc_domain(d, 0, 12)));
    cr_assert_geq(frame_alloc_domain(d, 0, 0).n, 256, "without a bound, high frames go first");
    check();
}

Test(frames, a_domain_gets_max_frames_and_no_more)
{
    for (unsigned int i = 0; i < 512; i++) {
        cr_assert(mfn_valid_value(frame_alloc_domain(d, 0, 0)));
    }
    cr_assert_not(mfn_valid_value(frame_alloc_domain(d, 0, 0)));
    cr_assert_eq(d->nr_frames, 512);
    check();
}

Test(frames, the_reserve_is_only_the_control_domains)
{
    struct domain *control = fake_domain_create(0, NR_FRAMES, true);

    d->max_frames = NR_FRAMES;
    while (mfn_valid_value(frame_alloc_domain(d, 0, 0))) {
    }
    cr_assert_eq(frame_alloc_nr_free(), FRAME_ALLOC_RESERVE);
    cr_assert(mfn_valid_value(frame_alloc_domain(control, 0, 0)));
}

Test(frames, DM3_a_dying_domain_gets_nothing)
{
    d->life = DOMAIN_DYING;
    cr_assert_not(mfn_valid_value(frame_alloc_domain(d, 0, 0)));
}

Test(frames, a_domain_lives_as_long_as_its_frames)
{
    mfn_t mfn = frame_alloc_domain(d, 0, 0);

    cr_assert_eq(d->references, 2);
    cr_assert(frame_get(mfn, d));
    cr_assert(frame_release_allocation(mfn, d));
    cr_assert_eq(d->references, 2);
    frame_put(mfn);
    cr_assert_eq(d->references, 1);
    cr_assert_eq(d->nr_frames, 0);
}

Test(frames, the_allocation_is_released_once)
{
    mfn_t mfn = frame_alloc_domain(d, 0, 0);

    cr_assert(frame_get(mfn, d));
    cr_assert(frame_release_allocation(mfn, d));
    cr_assert_not(frame_release_allocation(mfn, d));
    cr_assert_not(frame_release_allocation(MFN(NR_FRAMES), d));
    cr_assert_not(frame_release_allocation(MFN(~UINT64_C(0)), d));
}

Test(frames, FT1_a_freed_frame_gives_no_references)
{
    mfn_t mfn = frame_alloc_domain(d, 0, 0);

    cr_assert_not(frame_get(mfn, fake_domain_create(2, 8, false)));
    cr_assert(frame_release_allocation(mfn, d));
    cr_assert_not(frame_get(mfn, d));
    cr_assert_not(frame_get(MFN(NR_FRAMES), d));
    cr_assert_not(frame_get(MFN(NR_FRAMES - 1), d), "the hypervisor's");
}

Test(frames, references_stop_before_they_wrap)
{
    mfn_t mfn = frame_alloc_domain(d, 0, 0);
    uint64_t n = 0;

    while (frame_get(mfn, d)) {
        n++;
    }
    cr_assert_gt(n, UINT64_C(1) << 24);
    for (uint64_t i = 0; i < n; i++) {
        frame_put(mfn);
    }
    n = 0;
    while (frame_get_and_type(mfn, d, FRAME_WRITABLE) == 0) {
        n++;
    }
    cr_assert_gt(n, UINT64_C(1) << 17);
    cr_assert_eq(frame_get_and_type(mfn, d, FRAME_WRITABLE), -16);
    for (uint64_t i = 0; i < n; i++) {
        frame_put_and_type(mfn);
    }
    check();
}

Test(frames, owned_frames_are_listed_by_address)
{
    unsigned int n = 0;
    uint64_t last = 0;

    for (unsigned int i = 0; i < 100; i++) {
        cr_assert(mfn_valid_value(frame_alloc_domain(d, i % 3, 0)));
        frame_alloc_hypervisor(0);
    }
    for (mfn_t mfn = frame_next_referenced(d, MFN(0)); mfn_valid_value(mfn);
         mfn = frame_next_referenced(d, mfn_add(mfn, 1))) {
        cr_assert(n == 0 || mfn.n > last);
        last = mfn.n;
        n++;
    }
    cr_assert_eq(n, d->nr_frames);
}

Test(frames, a_shared_frame_is_writable_or_not_as_it_was_shown)
{
    mfn_t mfn = frame_alloc_one();
    mfn_t readonly = frame_alloc_one();

    frame_share_with_guest(mfn, d, false);
    frame_share_with_guest(readonly, d, true);
    cr_assert_eq(m2p_get(mfn), M2P_SHARED);
    cr_assert_eq(frame_get_and_type(mfn, d, FRAME_WRITABLE), 0);
    frame_put_and_type(mfn);
    cr_assert_eq(frame_get_and_type(readonly, d, FRAME_WRITABLE), -16);
    cr_assert_eq(frame_get_and_type(mfn, d, FRAME_L1), -16, "never a page table");
    cr_assert_eq(d->nr_frames, 0, "not in the domain's count");
    check();
    uint64_t free = frame_alloc_nr_free();
    frame_unshare(readonly);
    cr_assert_eq(frame_alloc_nr_free(), free + 1);
}

Test(frames, an_unshared_frame_lives_until_its_last_mapping_goes)
{
    mfn_t mfn = frame_alloc_one();
    uint64_t free = frame_alloc_nr_free();

    frame_share_with_guest(mfn, d, false);
    cr_assert_eq(frame_get_and_type(mfn, d, FRAME_WRITABLE), 0);
    frame_unshare(mfn);
    cr_assert_eq(frame_alloc_nr_free(), free);
    cr_assert_not(frame_get(mfn, d), "d is the owner no more");
    frame_put_and_type(mfn);
    cr_assert_eq(frame_alloc_nr_free(), free + 1);
}

Test(frames, small_objects_are_zeroed_apart_and_all_come_back)
{
    static char *objects[2000];
    uint64_t before = frame_alloc_nr_free();

    for (unsigned int i = 0; i < 2000; i++) {
        size_t size = 1 + (i * 37) % 3000;

        objects[i] = hv_alloc(size);
        cr_assert_not_null(objects[i]);
        cr_assert_eq((uint64_t)objects[i] % 32, 0);
        for (size_t j = 0; j < size; j++) {
            cr_assert_eq(objects[i][j], 0);
        }
        memset(objects[i], 0x77, size);
    }
    for (unsigned int i = 0; i < 2000; i += 2) {
        hv_free(objects[i]);
        objects[i] = hv_alloc(100);
        cr_assert_eq(objects[i][99], 0);
    }
    for (unsigned int i = 0; i < 2000; i++) {
        hv_free(objects[i]);
    }
    cr_assert_eq(frame_alloc_nr_free(), before);
}

Test(frames, the_largest_small_object_and_none_left)
{
    unsigned int n = 0;

    hv_free(hv_alloc(32768));
    while (hv_alloc(32768) != NULL) {
        n++;
    }
    cr_assert_gt(n, 100);
    hv_free(NULL);
}
