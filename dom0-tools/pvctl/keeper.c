/* SPDX-License-Identifier: MIT */
/*
 * keeper.c: the recipes of living domains.
 * Owns: the list of recipes, each one allocation per text.
 * Invariant KP1 (keeper.h). Locks: none; threads of one dom0 take turns only where they wait.
 * Read next: ../backends/domain_watch.c, which decides.
 */
#include "dom0-tools/pvctl/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/domain_register.h"
#include "dom0-tools/libpv/keep.h"
#include "dom0-tools/libpv/keep_pool.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/pvctl/handlers.h"

#define UUID_TEXT 37
/* A domain that dies at once is not restarted faster than this. */
#define KEPT_WORDS    3u /* kernel, disk, ramdisk */
#define LEAST_LIFE_MS 1000

struct recipe {
    struct recipe *next;
    struct kept_recipe *kept; /* the same in memory that outlives dom0; NULL: not */
    char uuid[UUID_TEXT];
    uint64_t made_ns;
    char *name; /* of the configuration file, for messages */
    char *core; /* where its core file goes; NULL: nowhere */
    char *text;
    size_t size;
    char **words; /* NULL-terminated */
};

/* Texts, each with its NUL: the name, the configuration, the words. */
struct kept_recipe {
    char uuid[UUID_TEXT];
    uint64_t made_ns;
    uint32_t name_size, text_size, nr_words;
    char bytes[];
};

#define KEPT "recipe/"

static struct recipe *recipes;

static void recipe_free(struct recipe *recipe)
{
    if (recipe == NULL) {
        return;
    }
    for (char **word = recipe->words; word != NULL && *word != NULL; word++) {
        free(*word);
    }
    keep_give(recipe->kept);
    free(recipe->words);
    free(recipe->text);
    free(recipe->name);
    free(recipe->core);
    free(recipe);
}

static struct recipe *take(const char *uuid)
{
    for (struct recipe **link = &recipes; *link != NULL; link = &(*link)->next) {
        if (strcmp((*link)->uuid, uuid) == 0) {
            struct recipe *recipe = *link;

            *link = recipe->next;
            return recipe;
        }
    }
    return NULL;
}

/* ---- remembering ------------------------------------------------------------------------------- */

/* key="PATH", PATH absolute; NULL when it cannot be said so. */
static char *path_word(const char *key, const char *path)
{
    char absolute[1024];
    size_t size = strlen(key) + sizeof(absolute) + 4;
    char *word;

    if (seam_file_path(path, absolute, sizeof(absolute)) < 0 || strpbrk(absolute, "\"\\") != NULL) {
        return NULL;
    }
    word = malloc(size);
    if (word != NULL) {
        snprintf(word, size, "%s=\"%s\"", key, absolute);
    }
    return word;
}

/* disk=["...", ...] with absolute paths; NULL when it cannot be said so. */
static char *disks_word(const struct config *config)
{
    enum { EACH = 1152 };
    size_t size = config->nr_disks * EACH + 16, used = 0;
    char *word = malloc(size);

    if (word == NULL) {
        return NULL;
    }
    used = (size_t)snprintf(word, size, "disk=[");
    for (size_t i = 0; i < config->nr_disks; i++) {
        const struct config_disk *disk = &config->disks[i];
        char absolute[1024] = "";

        if (disk->of_machine) {
            snprintf(absolute, sizeof(absolute), "phy:%s", disk->target);
        } else if (disk->target != NULL &&
                   (seam_file_path(disk->target, absolute, sizeof(absolute)) < 0 ||
                    strpbrk(absolute, "\"\\") != NULL)) {
            free(word);
            return NULL;
        }
        used += (size_t)snprintf(word + used, size - used, "%s\"%svdev=%s,access=%s,target=%s\"",
                                 i > 0 ? "," : "", disk->cdrom ? "devtype=cdrom," : "", disk->vdev,
                                 disk->writable ? "w" : "r", absolute);
    }
    snprintf(word + used, size - used, "]");
    return word;
}

/* The command line's words, then the images and disks by their absolute paths: the later word counts. */
static char **copy_words(const struct config *config, char *const *words)
{
    size_t count = 0;
    char **copy;
    bool whole = true;

    while (words[count] != NULL) {
        count++;
    }
    copy = calloc(count + KEPT_WORDS + 1, sizeof(*copy));
    if (copy == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        copy[i] = strdup(words[i]);
        whole = whole && copy[i] != NULL;
    }
    copy[count] = path_word("kernel", config->kernel);
    whole = whole && copy[count] != NULL;
    if (config->nr_disks > 0 && whole) {
        copy[count + 1] = disks_word(config);
        whole = copy[count + 1] != NULL;
    }
    if (config->ramdisk != NULL && whole) {
        size_t at = count + (config->nr_disks > 0 ? 2 : 1);

        copy[at] = path_word("ramdisk", config->ramdisk);
        whole = copy[at] != NULL;
    }
    if (!whole) {
        for (size_t i = 0; i < count + KEPT_WORDS; i++) {
            free(copy[i]);
        }
        free(copy);
        return NULL;
    }
    return copy;
}

static void keeper_run(void *argument);

/* In what a crash of dom0 leaves; without room for it the domain will not be restarted after one. */
static void keep_recipe(struct recipe *recipe)
{
    size_t size = sizeof(*recipe->kept) + strlen(recipe->name) + 1 + recipe->size + 1;
    char name[KEEP_NAME_SIZE], *at;
    bool is_old;

    for (char **word = recipe->words; *word != NULL; word++) {
        size += strlen(*word) + 1;
    }
    snprintf(name, sizeof(name), KEPT "%s", recipe->uuid);
    recipe->kept = keep_take(name, size, &is_old);
    if (recipe->kept == NULL) {
        return;
    }
    memcpy(recipe->kept->uuid, recipe->uuid, UUID_TEXT);
    recipe->kept->made_ns = recipe->made_ns;
    recipe->kept->name_size = (uint32_t)strlen(recipe->name) + 1;
    recipe->kept->text_size = (uint32_t)recipe->size + 1;
    recipe->kept->nr_words = 0;
    at = recipe->kept->bytes;
    memcpy(at, recipe->name, recipe->kept->name_size);
    at += recipe->kept->name_size;
    memcpy(at, recipe->text, recipe->size);
    at += recipe->kept->text_size;
    for (char **word = recipe->words; *word != NULL; word++) {
        memcpy(at, *word, strlen(*word) + 1);
        at += strlen(*word) + 1;
        recipe->kept->nr_words++;
    }
}

/* A text that lies in the region with its NUL, and what follows it; NULL: it does not. */
static char *next_text(char **at, const char *end)
{
    char *text = *at, *nul = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;

    *at = nul != NULL ? nul + 1 : *at;
    return nul != NULL ? strdup(text) : NULL;
}

static struct recipe *read_kept(struct kept_recipe *kept, size_t size)
{
    char *at = kept->bytes, *end = (char *)kept + size;
    struct recipe *recipe = calloc(1, sizeof(*recipe));
    size_t room = (size_t)(end - at), nr_words = 0;

    if (recipe == NULL || kept->nr_words > room || kept->text_size == 0 || kept->text_size > room) {
        free(recipe);
        return NULL;
    }
    memcpy(recipe->uuid, kept->uuid, UUID_TEXT);
    recipe->uuid[UUID_TEXT - 1] = '\0';
    recipe->made_ns = kept->made_ns;
    recipe->name = next_text(&at, end);
    recipe->size = kept->text_size - 1;
    recipe->text = kept->text_size <= (size_t)(end - at) ? malloc(recipe->size + 1) : NULL;
    recipe->words = calloc(kept->nr_words + 1, sizeof(*recipe->words));
    if (recipe->name != NULL && recipe->text != NULL && recipe->words != NULL) {
        memcpy(recipe->text, at, recipe->size);
        at += kept->text_size;
        while (nr_words < kept->nr_words &&
               (recipe->words[nr_words] = next_text(&at, end)) != NULL) {
            nr_words++;
        }
    }
    if (recipe->words == NULL || recipe->text == NULL || nr_words < kept->nr_words) {
        recipe_free(recipe);
        return NULL;
    }
    recipe->kept = kept;
    return recipe;
}

static bool start(void)
{
    static bool started;

    started = started || seam_thread_start("keeper", keeper_run, NULL) == 0;
    return started;
}

void keeper_restore(void)
{
    size_t size;
    struct kept_recipe *kept = keep_next(NULL, KEPT, &size), *next;

    for (; kept != NULL && start(); kept = next) {
        struct recipe *recipe = read_kept(kept, size);

        next = keep_next(kept, KEPT, &size);
        if (recipe != NULL) {
            recipe->next = recipes;
            recipes = recipe;
        } else {
            keep_give(kept);
        }
    }
}

void keeper_remember(const uint8_t uuid[DOMCTL_UUID_SIZE], const struct config_file *file,
                     char *const *words)
{
    struct recipe *recipe = calloc(1, sizeof(*recipe));
    char core[CREATE_PATH_SIZE];

    if (recipe != NULL) {
        domain_register_uuid_text(uuid, recipe->uuid);
        recipe->made_ns = seam_now_ns();
        recipe->name = strdup(file->file.name);
        recipe->size = file->file.size;
        recipe->text = malloc(recipe->size + 1);
        recipe->words = copy_words(&file->config, words);
        recipe->core = cmd_create_core_path(&file->config, core) ? strdup(core) : NULL;
    }
    if (recipe == NULL || recipe->name == NULL || recipe->text == NULL || recipe->words == NULL ||
        !start()) {
        recipe_free(recipe);
        fprintf(stderr, "pvctl: '%s' will not be restarted: its files cannot be remembered\n",
                file->config.name);
        return;
    }
    memcpy(recipe->text, file->file.text, recipe->size);
    keep_recipe(recipe);
    recipe->next = recipes;
    recipes = recipe;
}

/* ---- restarting -------------------------------------------------------------------------------- */

static void make_again(struct recipe *recipe)
{
    struct error error = {.code = ERROR_NONE};
    uint64_t life_ms = (seam_now_ns() - recipe->made_ns) / 1000000;
    struct config_file file;
    char *text = malloc(recipe->size + 1);

    if (life_ms < LEAST_LIFE_MS) {
        seam_wait_any(NULL, 0, (int)(LEAST_LIFE_MS - life_ms));
    }
    if (text == NULL) {
        error_set(&error, ERROR_TOOL_MEMORY, "out of memory");
    } else {
        memcpy(text, recipe->text, recipe->size);
        if (config_file_load(recipe->name, text, recipe->size, recipe->words, &file, &error) == 0) {
            cmd_create_again(&file, recipe->words, recipe->core, &error);
        }
    }
    if (error.code != ERROR_NONE) {
        fprintf(stderr, "a domain could not be restarted:\n");
        error_print(&error, stderr);
    }
}

static void serve_line(char *line)
{
    char *uuid = strchr(line, ' ');
    struct recipe *recipe;

    if (uuid == NULL) {
        return;
    }
    *uuid++ = '\0';
    uuid[strcspn(uuid, "\n")] = '\0';
    recipe = take(uuid);
    if (recipe != NULL && strcmp(line, "restart") == 0) {
        make_again(recipe);
    }
    recipe_free(recipe);
}

static void keeper_run(void *argument)
{
    int listener = seam_service_listen("keeper");

    (void)argument;
    while (listener >= 0) {
        struct seam_wait wait = {listener, SEAM_READ, 0};
        int stream = seam_service_accept(listener);
        char line[64];
        ssize_t size;

        if (stream < 0) {
            seam_wait_any(&wait, 1, -1);
            continue;
        }
        size = read(stream, line, sizeof(line) - 1);
        close(stream);
        if (size > 0) {
            line[size] = '\0';
            serve_line(line);
        }
    }
}
