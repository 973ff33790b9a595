/* SPDX-License-Identifier: MIT */
/* Step 1, back end: writes into its own directory, reads the front end's. */
#include "../store.h"

int main(void)
{
    struct ends ends;
    char *answer;

    find_front_end(&ends);
    printf("my directory is %s\n", ends.own);
    store_write(ends.own, "greeting", "good morning");
    answer = wait_for(ends.other, "answer");
    printf("the front end says: %s\n", answer);
    free(answer);
    store_write(ends.own, "heard", "1");
    stay();
    return 0;
}
