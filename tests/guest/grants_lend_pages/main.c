/* SPDX-License-Identifier: MIT */
/*
 * Claim: a granted page can be mapped, both sides see one memory, a grant that is mapped cannot be
 * taken back, and a read-only grant cannot be mapped writable. One domain plays both sides.
 */
#include <errno.h>
#include <string.h>
#include <pvk/grant.h>
#include <pvk/memory.h>
#include <pvk/start.h>
#include "outcome.h"

static void both_sides_see_one_memory(char *page)
{
    int reference = grant_access(start_domid(), page, false);
    struct grant_mapping mapping;

    OUTCOME_EXPECT(reference >= 8);
    strcpy(page, "lent");
    OUTCOME_EXPECT_EQUAL(
        grant_map(start_domid(), &(grant_reference_t){(unsigned int)reference}, 1, false, &mapping),
        0);
    OUTCOME_EXPECT_EQUAL(strcmp(mapping.address, "lent"), 0);
    strcpy(mapping.address, "changed");
    OUTCOME_EXPECT_EQUAL(strcmp(page, "changed"), 0);
    OUTCOME_EXPECT_EQUAL(grant_end_access((unsigned int)reference), -EBUSY);
    grant_unmap(&mapping);
    OUTCOME_EXPECT_EQUAL(grant_end_access((unsigned int)reference), 0);
    OUTCOME_EXPECT_EQUAL(
        grant_map(start_domid(), &(grant_reference_t){(unsigned int)reference}, 1, false, &mapping),
        -EINVAL);
}

static void read_only_stays_read_only(const char *page)
{
    int reference = grant_access(start_domid(), page, true);
    struct grant_mapping mapping;

    OUTCOME_EXPECT(reference >= 8);
    OUTCOME_EXPECT_EQUAL(
        grant_map(start_domid(), &(grant_reference_t){(unsigned int)reference}, 1, false, &mapping),
        -EINVAL);
    OUTCOME_EXPECT_EQUAL(
        grant_map(start_domid(), &(grant_reference_t){(unsigned int)reference}, 1, true, &mapping),
        0);
    grant_unmap(&mapping);
    OUTCOME_EXPECT_EQUAL(grant_end_access((unsigned int)reference), 0);
}

/* More references than one frame of the table holds: it grows. */
static void many_pages(const char *page)
{
    int first = grant_access(start_domid(), page, true);
    int last = first;

    for (int i = 0; i < 1000; i++) {
        last = grant_access(start_domid(), page, true);
        OUTCOME_EXPECT(last >= 8);
    }
    OUTCOME_EXPECT(last != first);
}

int main(void)
{
    char *page = memory_alloc_page();

    both_sides_see_one_memory(page);
    read_only_stays_read_only(page);
    many_pages(page);
    outcome_success();
}
