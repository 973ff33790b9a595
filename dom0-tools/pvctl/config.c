/* SPDX-License-Identifier: MIT */
/*
 * config.c: from a file and a command line's words to a checked configuration: parse, merge, apply
 * the keys, then the rules that concern several keys.
 * Owns: struct config.
 * Invariant CFG3 (config.h).
 * Read next: config_keys.c.
 */
#include "dom0-tools/pvctl/config.h"

#include <stdlib.h>
#include <string.h>

int config_parse_size(const char *text, uint64_t *kib)
{
    static const struct {
        char unit;
        unsigned int shift;
    } units[] = {{'\0', 10}, {'k', 0}, {'m', 10}, {'g', 20}, {'t', 30}};
    uint64_t value = 0;
    const char *at = text;
    char unit;

    while (*at >= '0' && *at <= '9') {
        if (value > (UINT64_MAX >> 32) / 10) {
            return -1;
        }
        value = value * 10 + (uint64_t)(*at - '0');
        at++;
    }
    unit = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
    if (at == text ||
        (unit != '\0' && at[1] != '\0' && strcmp(at + 1, "B") != 0 && strcmp(at + 1, "iB") != 0)) {
        return -1;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].unit == unit) {
            *kib = value << units[i].shift;
            return 0;
        }
    }
    return -1;
}

/* ---- the command line's words ------------------------------------------------------------------
 */

/* Whether a value can stand as it is: quoted, a list, or a plain number. */
static bool value_is_literal(const char *value)
{
    size_t digits = strspn(value, "0123456789");

    return value[0] == '"' || value[0] == '\'' || value[0] == '[' ||
           (digits > 0 && value[digits] == '\0') || strncmp(value, "0x", 2) == 0;
}

/* Append "key=value\n"; a bare word becomes a quoted text, since the shell ate the user's quotes.
 */
static char *word_append(char *text, size_t *size, const char *word)
{
    size_t room = *size + 2 * strlen(word) + 8;
    const char *equals = strchr(word, '=');
    char *grown = realloc(text, room);

    if (grown == NULL) {
        free(text);
        return NULL;
    }
    text = grown;
    if (equals == NULL || value_is_literal(equals + 1)) {
        *size += (size_t)snprintf(text + *size, room - *size, "%s\n", word);
        return text;
    }
    memcpy(text + *size, word, (size_t)(equals + 1 - word));
    *size += (size_t)(equals + 1 - word);
    text[(*size)++] = '"';
    for (const char *at = equals + 1; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            text[(*size)++] = '\\';
        }
        text[(*size)++] = *at;
    }
    text[(*size)++] = '"';
    text[(*size)++] = '\n';
    return text;
}

static int words_collect(char *const *words, struct config_source *source)
{
    char *text = calloc(1, 1);
    size_t size = 0;

    for (size_t i = 0; text != NULL && words != NULL && words[i] != NULL; i++) {
        text = word_append(text, &size, words[i]);
    }
    source->name = "command line";
    source->text = text;
    source->size = size;
    return text != NULL ? 0 : -1;
}

/* ---- merging -----------------------------------------------------------------------------------
 */

static void setting_drop(struct config_document *document, size_t index)
{
    struct config_document one = {&document->settings[index], 1};
    struct config_setting dropped = document->settings[index];

    one.settings = malloc(sizeof(dropped));
    if (one.settings != NULL) {
        one.settings[0] = dropped;
        config_document_free(&one);
    }
    memmove(&document->settings[index], &document->settings[index + 1],
            (document->nr_settings - index - 1) * sizeof(dropped));
    document->nr_settings--;
}

/* `later` is appended to `earlier`: texts are joined, lists concatenated. */
static int setting_extend(struct config_setting *earlier, struct config_setting *later,
                          struct config_problems *problems)
{
    struct config_value *to = &earlier->value, *from = &later->value;

    if (to->kind != from->kind || to->kind == CONFIG_NUMBER) {
        config_problem_add(problems, &later->name_span, "`%s' cannot be extended by this",
                           later->name);
        return config_problem_hint(problems, "+= joins two texts, or two lists");
    }
    if (to->kind == CONFIG_TEXT) {
        size_t size = strlen(to->text) + strlen(from->text) + 1;
        char *joined = size <= CONFIG_MAX_TEXT ? realloc(to->text, size) : NULL;

        if (joined == NULL) {
            return config_problem_add(problems, &from->span, "`%s' becomes too long", later->name);
        }
        to->text = joined;
        strcat(joined, from->text);
        return 0;
    }
    if (from->nr_items > 0) {
        struct config_value *items =
            realloc(to->items, (to->nr_items + from->nr_items) * sizeof(*items));

        if (items == NULL) {
            return config_problem_add(problems, &from->span, "out of memory");
        }
        memcpy(items + to->nr_items, from->items, from->nr_items * sizeof(*items));
        to->items = items;
        to->nr_items += from->nr_items;
        from->nr_items = 0; /* they moved */
    }
    return 0;
}

/* One setting per key: extend by +=, replace what the file said by what the command line says. */
static int settings_merge(struct config_document *document, const struct config_source *words,
                          struct config_problems *problems)
{
    int result = 0;

    for (size_t i = 0; i < document->nr_settings; i++) {
        for (size_t j = i + 1; j < document->nr_settings;) {
            struct config_setting *earlier = &document->settings[i];
            struct config_setting *later = &document->settings[j];

            if (strcmp(earlier->name, later->name) != 0) {
                j++;
                continue;
            }
            if (later->append) {
                result = setting_extend(earlier, later, problems) < 0 ? -1 : result;
            } else if (later->name_span.source == words) {
                struct config_setting swap = *earlier;

                *earlier = *later;
                *later = swap;
            } else {
                size_t line, column;

                config_problem_position(&earlier->name_span, &line, &column);
                config_problem_add(problems, &later->name_span, "`%s' is set a second time",
                                   later->name);
                config_problem_hint(problems, "the first is on line %zu; use += to extend it",
                                    line);
                result = -1;
            }
            setting_drop(document, j);
        }
    }
    return result;
}

/* ---- rules over several keys -------------------------------------------------------------------
 */

static const struct config_setting *setting_find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->document.nr_settings; i++) {
        if (strcmp(config->document.settings[i].name, name) == 0) {
            return &config->document.settings[i];
        }
    }
    return NULL;
}

static const char *text_of(const struct config *config, const char *name)
{
    const struct config_setting *setting = setting_find(config, name);

    return setting != NULL && setting->value.kind == CONFIG_TEXT ? setting->value.text : NULL;
}

/* cmdline, or root and extra as xl joins them. */
static int command_line_join(struct config *config, struct config_problems *problems)
{
    const struct config_setting *cmdline = setting_find(config, "cmdline");
    const char *root = text_of(config, "root");
    const char *extra = text_of(config, "extra");
    size_t size;

    if (cmdline != NULL && (root != NULL || extra != NULL)) {
        config_problem_add(problems, &cmdline->name_span,
                           "`cmdline' stands beside `root' or `extra'");
        return config_problem_hint(problems, "xl would ignore those; keep one of both ways");
    }
    if (cmdline != NULL && cmdline->value.kind == CONFIG_TEXT) {
        config->command_line = strdup(cmdline->value.text);
    } else {
        size = (root != NULL ? strlen(root) + 6 : 0) + (extra != NULL ? strlen(extra) : 0) + 1;
        config->command_line = malloc(size);
        if (config->command_line != NULL) {
            snprintf(config->command_line, size, "%s%s%s%s", root != NULL ? "root=" : "",
                     root != NULL ? root : "", root != NULL && extra != NULL ? " " : "",
                     extra != NULL ? extra : "");
        }
    }
    return config->command_line != NULL ? 0 : -1;
}

static int missing(const struct config_source *file, const char *key, const char *hint,
                   struct config_problems *problems)
{
    struct config_span end = {file, file->size, 0};

    config_problem_add(problems, &end, "`%s' is missing", key);
    return config_problem_hint(problems, "add %s", hint);
}

static int check_whole(struct config *config, const struct config_source *file,
                       struct config_problems *problems)
{
    const struct config_setting *setting;
    int result = 0;

    if (setting_find(config, "name") == NULL) {
        result = missing(file, "name", "name = \"guest\"", problems);
    }
    if (setting_find(config, "kernel") == NULL) {
        result = missing(file, "kernel", "kernel = \"path/to/kernel\"", problems);
    }
    setting = setting_find(config, "maxmem");
    if (setting == NULL) {
        config->max_memory_kib = config->memory_kib;
    } else if (config->max_memory_kib < config->memory_kib) {
        result =
            config_problem_add(problems, &setting->value.span, "`maxmem' is less than `memory'");
    }
    setting = setting_find(config, "maxvcpus");
    if (setting == NULL) {
        config->max_vcpus = config->nr_vcpus;
    } else if (config->max_vcpus < config->nr_vcpus) {
        result =
            config_problem_add(problems, &setting->value.span, "`maxvcpus' is less than `vcpus'");
    }
    return command_line_join(config, problems) < 0 ? -1 : result;
}

int config_load(const struct config_source *file, char *const *words,
                struct config_source *words_source, struct config *config,
                struct config_problems *problems)
{
    int parsed;

    memset(config, 0, sizeof(*config));
    config->memory_kib = 64 * 1024;
    config->nr_vcpus = 1;
    config->on_poweroff = ACTION_DESTROY;
    config->on_reboot = ACTION_RESTART;
    config->on_crash = ACTION_DESTROY;
    config->on_watchdog = ACTION_DESTROY;
    if (words_collect(words, words_source) < 0) {
        struct config_span start = {file, 0, 0};

        return config_problem_add(problems, &start, "out of memory");
    }
    parsed = config_document_parse(file, &config->document, problems);
    if (config_document_parse(words_source, &config->document, problems) < 0) {
        parsed = -1;
    }
    if (settings_merge(&config->document, words_source, problems) < 0) {
        parsed = -1;
    }
    if (config_keys_apply(config, problems) < 0) {
        parsed = -1;
    }
    /* What a broken line may have said cannot be missed. */
    return parsed < 0 ? -1 : check_whole(config, file, problems);
}

void config_free(struct config *config, struct config_source *words_source)
{
    free(config->name);
    free(config->kernel);
    free(config->ramdisk);
    free(config->command_line);
    free(config->cpus);
    for (size_t i = 0; i < config->nr_disks; i++) {
        free(config->disks[i].target);
    }
    for (size_t i = 0; i < config->nr_devices; i++) {
        config_device_free(&config->devices[i]);
    }
    config_document_free(&config->document);
    free((void *)(uintptr_t)words_source->text);
    words_source->text = NULL;
    memset(config, 0, sizeof(*config));
}

size_t config_files(const struct config *config, const char *files[CONFIG_MAX_FILES])
{
    size_t count = 0;

    if (config->kernel != NULL) {
        files[count++] = config->kernel;
    }
    if (config->ramdisk != NULL) {
        files[count++] = config->ramdisk;
    }
    for (size_t i = 0; i < config->nr_disks; i++) {
        if (config->disks[i].target != NULL && !config->disks[i].of_machine) {
            files[count++] = config->disks[i].target;
        }
    }
    return count;
}
