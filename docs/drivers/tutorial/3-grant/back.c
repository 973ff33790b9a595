/* SPDX-License-Identifier: MIT */
/* Step 3, back end: maps the page that was lent, reads it, gives it back. */
#include <pvk/grant.h>

#include "../store.h"

int main(void)
{
    struct ends ends;
    struct grant_mapping mapping;
    grant_reference_t reference;

    find_front_end(&ends);
    reference = (grant_reference_t)wait_for_number(ends.other, "page-ref");
    if (grant_map(ends.other_domid, &reference, 1, false, &mapping) != 0) {
        printf("it may not be mapped for writing\n"); /* it was lent read-only */
    }
    if (grant_map(ends.other_domid, &reference, 1, true, &mapping) != 0) {
        printf("cannot map it\n");
        return 1;
    }
    printf("read: %.40s\n", (const char *)mapping.address);
    store_write(ends.own, "mapped", "1");
    free(wait_for(ends.other, "tried"));
    grant_unmap(&mapping);
    store_write(ends.own, "unmapped", "1");
    stay();
    return 0;
}
