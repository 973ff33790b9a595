/* SPDX-License-Identifier: MIT */
/*
 * vbd.c: numbers of virtual block devices, and their nodes in the store.
 * Invariant VBD1 (vbd.h). Read next: ../pvctl/cmd_block.c.
 */
#include "dom0-tools/libpv/vbd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <public/errno.h>

#include <public/io/xenbus.h>

#define PATH_SIZE 128

/* ---- names -------------------------------------------------------------------------------------- */

/* Numbers are Unix device numbers: a major, a step per disk, partitions between the steps. Disks
 * behind xvdp have numbers of their own kind: 1 << 28, disk << 8, partition. */
static const struct family {
    const char *prefix;
    uint32_t base, step, most;
} families[] = {
    {"xvd", 202u << 8, 16, 16},
    {"sd", 8u << 8, 16, 16},
    {"hd", 3u << 8, 64, 2},
};

#define EXTENDED          (1u << 28)
#define EXTENDED_DISKS    (1u << 20)
#define EXTENDED_PER_DISK 256u

/* "a" 0, "z" 25, "aa" 26: moves *text behind the letters. -1: no letter. */
static int disk_letters(const char **text, uint32_t *disk)
{
    uint32_t value = 0;
    size_t count = 0;

    for (; **text >= 'a' && **text <= 'z' && count < 4; (*text)++, count++) {
        value = value * 26 + (uint32_t)(**text - 'a') + 1;
    }
    *disk = value - 1;
    return count == 0 ? -1 : 0;
}

/* Digits to the end of the text, or nothing (0). */
static int partition_digits(const char *text, uint32_t *partition)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *partition = (uint32_t)value;
    return *end == '\0' && text[0] != '-' && text[0] != '+' && text[0] != ' ' && value < 256 ? 0
                                                                                             : -1;
}

static int family_number(const struct family *family, const char *rest, uint32_t *number)
{
    uint32_t disk, partition;

    if (disk_letters(&rest, &disk) < 0 || partition_digits(rest, &partition) < 0) {
        return -1;
    }
    if (disk < family->most && partition < family->step) {
        *number = family->base + disk * family->step + partition;
        return 0;
    }
    if (family != &families[0] || disk >= EXTENDED_DISKS) {
        return -1;
    }
    *number = EXTENDED | disk * EXTENDED_PER_DISK | partition;
    return 0;
}

int vbd_number(const char *name, uint32_t *number)
{
    unsigned int disk, partition = 0;
    char *end;
    unsigned long value;
    int used = 0;

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        size_t length = strlen(families[i].prefix);

        if (strncmp(name, families[i].prefix, length) == 0) {
            return family_number(&families[i], name + length, number);
        }
    }
    if (sscanf(name, "d%u%n", &disk, &used) == 1 && disk < EXTENDED_DISKS &&
        (name[used] == '\0' ||
         (name[used] == 'p' && partition_digits(name + used + 1, &partition) == 0))) {
        *number = disk < families[0].most && partition < families[0].step
                      ? families[0].base + disk * families[0].step + partition
                      : EXTENDED | disk * EXTENDED_PER_DISK | partition;
        return 0;
    }
    value = strtoul(name, &end, 10);
    if (end == name || *end != '\0' || name[0] < '0' || name[0] > '9' || value >= EXTENDED * 2ul) {
        return -1;
    }
    *number = (uint32_t)value;
    return 0;
}

void vbd_name(uint32_t number, char name[VBD_NAME_SIZE])
{
    const char *prefix = NULL;
    uint32_t disk = 0, partition = 0;
    char letters[8];
    size_t at = sizeof(letters) - 1;

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        const struct family *family = &families[i];

        if (number >= family->base && number < family->base + family->step * family->most) {
            prefix = family->prefix;
            disk = (number - family->base) / family->step;
            partition = (number - family->base) % family->step;
        }
    }
    if (prefix == NULL && (number & EXTENDED) != 0) {
        prefix = families[0].prefix;
        disk = (number & ~EXTENDED) / EXTENDED_PER_DISK;
        partition = number % EXTENDED_PER_DISK;
    }
    if (prefix == NULL) {
        snprintf(name, VBD_NAME_SIZE, "%lu", (unsigned long)number);
        return;
    }
    letters[at] = '\0';
    for (uint32_t left = disk + 1; left > 0 && at > 0; left = (left - 1) / 26) {
        letters[--at] = (char)('a' + (left - 1) % 26);
    }
    snprintf(name, VBD_NAME_SIZE, partition != 0 ? "%s%s%u" : "%s%s", prefix, &letters[at],
             (unsigned int)partition);
}

/* ---- the store ---------------------------------------------------------------------------------- */

struct node {
    const char *name;
    char value[PATH_SIZE];
};

/* One directory: its owner reads and writes, the other end reads. */
static int write_directory(struct store *store, uint32_t transaction, const char *path,
                           uint16_t owner, uint16_t other, const struct node *nodes, size_t count)
{
    char owns[8], reads[8];
    const char *permissions[2] = {owns, reads};
    int result = store_make_directory(store, transaction, path);

    snprintf(owns, sizeof(owns), "n%u", (unsigned int)owner);
    snprintf(reads, sizeof(reads), "r%u", (unsigned int)other);
    if (result == 0) {
        result = store_set_permissions(store, transaction, path, permissions, 2);
    }
    for (size_t i = 0; result == 0 && i < count; i++) {
        char node[PATH_SIZE + 24];

        snprintf(node, sizeof(node), "%s/%s", path, nodes[i].name);
        result = store_write(store, transaction, node, nodes[i].value);
        if (result == 0) {
            result = store_set_permissions(store, transaction, node, permissions, 2);
        }
    }
    return result;
}

static void front_path(uint16_t domid, uint32_t number, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "/local/domain/%u/device/vbd/%lu", (unsigned int)domid,
             (unsigned long)number);
}

static void back_path(uint16_t domid, uint32_t number, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, VBD_BACK_ROOT "/%u/%lu", (unsigned int)domid, (unsigned long)number);
}

static int write_both(struct store *store, uint32_t transaction, const struct vbd *vbd)
{
    struct node front[] = {{"backend", ""},
                           {"backend-id", "0"},
                           {"state", "1"},
                           {"virtual-device", ""},
                           {"device-type", ""}};
    struct node back[] = {{"frontend", ""},   {"frontend-id", ""}, {"online", "1"},
                          {"removable", "0"}, {"bootable", "1"},   {"dev", ""},
                          {"type", "file"},   {"mode", ""},        {"device-type", ""}};
    static const struct node begin = {"state", "1"};
    char front_directory[PATH_SIZE], back_directory[PATH_SIZE];
    char *present;
    int result;

    front_path(vbd->domid, vbd->number, front_directory);
    back_path(vbd->domid, vbd->number, back_directory);
    present = store_read_at(store, transaction, "%s/state", front_directory);
    if (present != NULL) {
        free(present);
        return -XEN_EEXIST;
    }
    snprintf(front[0].value, PATH_SIZE, "%s", back_directory);
    snprintf(front[3].value, PATH_SIZE, "%lu", (unsigned long)vbd->number);
    snprintf(front[4].value, PATH_SIZE, "%s", vbd->cdrom ? "cdrom" : "disk");
    snprintf(back[0].value, PATH_SIZE, "%s", front_directory);
    snprintf(back[1].value, PATH_SIZE, "%u", (unsigned int)vbd->domid);
    vbd_name(vbd->number, back[5].value);
    snprintf(back[7].value, PATH_SIZE, "%s", vbd->writable ? "w" : "r");
    snprintf(back[8].value, PATH_SIZE, "%s", vbd->cdrom ? "cdrom" : "disk");
    /* The back end's state comes last: it is what the back end waits for. */
    result = write_directory(store, transaction, front_directory, vbd->domid, 0, front, 5);
    if (result == 0) {
        result = write_directory(store, transaction, back_directory, 0, vbd->domid, back, 9);
    }
    if (result == 0) {
        result = store_write_at(store, transaction, vbd->place, "%s/params", back_directory);
    }
    return result < 0
               ? result
               : write_directory(store, transaction, back_directory, 0, vbd->domid, &begin, 1);
}

int vbd_create(struct store *store, const struct vbd *vbd)
{
    int result;

    do {
        uint32_t transaction;

        result = store_transaction_start(store, &transaction);
        if (result < 0) {
            return result;
        }
        result = write_both(store, transaction, vbd);
        if (result < 0) {
            store_transaction_end(store, transaction, false);
            return result;
        }
        result = store_transaction_end(store, transaction, true);
    } while (result == -XEN_EAGAIN);
    return result;
}

/* Whether the back end in this directory serves the same file to a front end that is still there. */
static bool shares(struct store *store, const char *back, const struct vbd *vbd)
{
    char *place = store_read_at(store, 0, "%s/params", back);
    char *mode = store_read_at(store, 0, "%s/mode", back);
    char *front = store_read_at(store, 0, "%s/frontend", back);
    char *state = front != NULL ? store_read_at(store, 0, "%s/state", front) : NULL;
    bool same = place != NULL && strcmp(place, vbd->place) == 0 && state != NULL &&
                (vbd->writable || (mode != NULL && mode[0] == 'w'));

    free(place);
    free(mode);
    free(front);
    free(state);
    return same;
}

bool vbd_in_use(struct store *store, const struct vbd *vbd, uint16_t *user)
{
    char **domains, **numbers;
    size_t nr_domains, nr_numbers;
    bool found = false;

    if (store_directory(store, 0, VBD_BACK_ROOT, &domains, &nr_domains) < 0) {
        return false;
    }
    for (size_t i = 0; i < nr_domains && !found; i++) {
        char path[PATH_SIZE], back[PATH_SIZE + 24];

        snprintf(path, sizeof(path), VBD_BACK_ROOT "/%.8s", domains[i]);
        if (store_directory(store, 0, path, &numbers, &nr_numbers) < 0) {
            continue;
        }
        for (size_t j = 0; j < nr_numbers && !found; j++) {
            snprintf(back, sizeof(back), "%s/%.20s", path, numbers[j]);
            found = shares(store, back, vbd);
        }
        free(numbers);
        *user = (uint16_t)strtoul(domains[i], NULL, 10);
    }
    free(domains);
    return found;
}

void vbd_remove(struct store *store, uint16_t domid, uint32_t number)
{
    char path[PATH_SIZE];

    front_path(domid, number, path);
    store_remove(store, STORE_NO_TRANSACTION, path);
    back_path(domid, number, path);
    store_remove(store, STORE_NO_TRANSACTION, path);
    vbd_prune(store, domid);
}

void vbd_prune(struct store *store, uint16_t domid)
{
    char path[PATH_SIZE];
    char **names;
    size_t count;

    snprintf(path, sizeof(path), VBD_BACK_ROOT "/%u", (unsigned int)domid);
    if (store_directory(store, STORE_NO_TRANSACTION, path, &names, &count) == 0) {
        free(names);
        if (count == 0) {
            store_remove(store, STORE_NO_TRANSACTION, path);
        }
    }
}
