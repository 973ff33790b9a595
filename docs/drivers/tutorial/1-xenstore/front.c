/* SPDX-License-Identifier: MIT */
/* Step 1, front end: reads the back end's directory, writes into its own. */
#include "../store.h"

int main(void)
{
    struct ends ends;
    char *greeting;

    find_back_end(&ends);
    printf("my directory is %s\n", ends.own);
    greeting = wait_for(ends.other, "greeting");
    printf("the back end says: %s\n", greeting);
    free(greeting);
    store_write(ends.own, "answer", "good evening");
    /* Our directory goes when this domain ends: not before it was read. */
    free(wait_for(ends.other, "heard"));
    return 0;
}
