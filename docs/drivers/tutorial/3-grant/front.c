/* SPDX-License-Identifier: MIT */
/* Step 3, front end: lends a page, and takes it back when the back end has let go of it. */
#include <pvk/grant.h>
#include <pvk/memory.h>

#include "../store.h"

int main(void)
{
    struct ends ends;
    char *page = memory_alloc_page();
    int reference;

    find_back_end(&ends);
    if (page == NULL) {
        printf("no memory\n");
        return 1;
    }
    strcpy(page, "text in the front end's page");
    reference = grant_access(ends.other_domid, page, true);
    if (reference < 0) {
        printf("cannot lend a page: %d\n", reference);
        return 1;
    }
    store_write_number(ends.own, "page-ref", (unsigned long)reference);
    free(wait_for(ends.other, "mapped"));
    if (grant_end_access((grant_reference_t)reference) < 0) {
        printf("the page is in use\n");
    }
    store_write(ends.own, "tried", "1");
    free(wait_for(ends.other, "unmapped"));
    if (grant_end_access((grant_reference_t)reference) == 0) {
        printf("the page is mine again\n");
        memory_free_page(page);
    }
    return 0;
}
