/* SPDX-License-Identifier: MIT */
/*
 * disk_spec.c: the words behind block-attach. Read next: disk_spec.h.
 */
#include "dom0-tools/pvctl/disk_spec.h"

#include <stdlib.h>
#include <string.h>

static char *join(char *const *words)
{
    size_t size = 1;
    char *text;

    for (size_t i = 0; words[i] != NULL; i++) {
        size += strlen(words[i]) + 1;
    }
    text = calloc(1, size);
    for (size_t i = 0; text != NULL && words[i] != NULL; i++) {
        strcat(text, i > 0 ? "," : "");
        strcat(text, words[i]);
    }
    return text;
}

int disk_spec_parse(char *const *words, struct disk_spec *spec, struct error *error)
{
    struct config_problems *problems = calloc(1, sizeof(*problems));
    struct config_value value = {.kind = CONFIG_TEXT};
    int result = -1;

    memset(spec, 0, sizeof(*spec));
    spec->text = join(words);
    if (problems == NULL || spec->text == NULL) {
        free(problems);
        disk_spec_free(spec);
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    spec->source = (struct config_source){"disk", spec->text, strlen(spec->text)};
    value.span = (struct config_span){&spec->source, 0, spec->source.size};
    value.text = spec->text;
    result = config_disk_parse(&value, &spec->disk, problems);
    if (result < 0) {
        config_problem_print_all(problems, stderr);
        disk_spec_free(spec);
        error_set(error, ERROR_CONFIG, "this disk cannot be attached");
    }
    free(problems);
    return result;
}

void disk_spec_free(struct disk_spec *spec)
{
    free(spec->disk.target);
    free(spec->text);
    spec->disk.target = spec->text = NULL;
}
