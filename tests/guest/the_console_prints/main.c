/* SPDX-License-Identifier: MIT */
/*
 * Claim: the first domain boots, its libc works, and what it prints arrives on the machine's console.
 * It is also the smallest example of a guest test: tests/guest/README.md.
 */
#include <string.h>
#include "outcome.h"

int main(int argc, char **argv)
{
    char text[64];

    if (argc < 1 || argv[0] == NULL) {
        outcome_error("no arguments at all");
    }
    snprintf(text, sizeof(text), "%d and %.3f", 42, 0.125);
    OUTCOME_EXPECT_EQUAL(strcmp(text, "42 and 0.125"), 0);
    outcome_success();
}
