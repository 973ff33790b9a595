/* SPDX-License-Identifier: MIT */
/* libFuzzer: a hostile configuration; either a whole configuration or a problem (CFG3). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0-tools/pvctl/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct config config;
    static struct config_problems problems;
    struct config_source file = {"fuzz", (const char *)bytes, size}, words;
    int result;

    memset(&problems, 0, sizeof(problems));
    result = config_load(&file, NULL, &words, &config, &problems);
    if ((result == 0) != (problems.count == 0) ||
        (result == 0 && (config.name == NULL || config.kernel == NULL))) {
        abort();
    }
    config_free(&config, &words);
    return 0;
}
