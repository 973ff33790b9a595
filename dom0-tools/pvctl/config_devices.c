/* SPDX-License-Identifier: MIT */
/*
 * config_devices.c: the little languages inside `disk' and `vif'.
 *   disk: [key=value|flag,]* [target[,format[,vdev[,access]]]], where target= eats the rest
 *   vif:  key=value, comma-separated; '' is valid
 * Owns: nothing.
 * Read next: config.h.
 */
#include "dom0-tools/pvctl/config.h"

#include <stdlib.h>
#include <string.h>

/* The pieces of one device's text while it is read. */
struct reader {
    const struct config_value *value;
    const char *at;
    struct config_problems *problems;
    bool prefixed; /* the target's prefix said the format, which is then not a part of its own */
};

#define PIECE_MAX 256

static int bad_piece(struct reader *reader, const char *what, const char *piece)
{
    return config_problem_add(reader->problems, &reader->value->span, "%s: `%.60s'", what, piece);
}

/* The text up to the next comma, without blanks around it; false at the end. */
static bool next_piece(struct reader *reader, char piece[PIECE_MAX], bool *too_long)
{
    const char *end;
    size_t length;

    if (reader->at == NULL) {
        return false;
    }
    while (*reader->at == ' ' || *reader->at == '\t') {
        reader->at++;
    }
    end = strchr(reader->at, ',');
    length = end != NULL ? (size_t)(end - reader->at) : strlen(reader->at);
    *too_long = length >= PIECE_MAX;
    if (*too_long) {
        length = PIECE_MAX - 1;
    }
    memcpy(piece, reader->at, length);
    while (length > 0 && (piece[length - 1] == ' ' || piece[length - 1] == '\t')) {
        length--;
    }
    piece[length] = '\0';
    reader->at = end != NULL ? end + 1 : NULL;
    return true;
}

/* Copy into a member of fixed size; -1 when it does not fit. */
static int put_text(char *place, size_t size, const char *text)
{
    size_t length = strlen(text);

    if (length >= size) {
        return -1;
    }
    memcpy(place, text, length + 1);
    return 0;
}

/* ---- disk
 * ---------------------------------------------------------------------------------------- */

static int disk_format(struct reader *reader, struct config_disk *disk, const char *text)
{
    static const char *const unserved[] = {"qcow", "qcow2", "vhd", "qed", "empty"};

    (void)disk;
    if (text[0] == '\0' || strcmp(text, "raw") == 0 || strcmp(text, "aio") == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(unserved) / sizeof(unserved[0]); i++) {
        if (strcmp(unserved[i], text) == 0) {
            bad_piece(reader, "this disk format is not served", text);
            return config_problem_hint(reader->problems, "convert it: qemu-img convert -O raw");
        }
    }
    return bad_piece(reader, "there is no disk format", text);
}

static int disk_vdev(struct reader *reader, struct config_disk *disk, const char *text)
{
    static const char *const prefixes[] = {"xvd", "hd", "sd", "d"};
    bool known = false;

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        known = known || strncmp(text, prefixes[i], strlen(prefixes[i])) == 0;
    }
    if (!known || put_text(disk->vdev, sizeof(disk->vdev), text) < 0) {
        bad_piece(reader, "there is no virtual device", text);
        return config_problem_hint(reader->problems, "for example xvda");
    }
    return 0;
}

static int disk_access(struct reader *reader, struct config_disk *disk, const char *text)
{
    if (strcmp(text, "") == 0 || strcmp(text, "rw") == 0 || strcmp(text, "w") == 0) {
        disk->writable = true;
    } else if (strcmp(text, "ro") == 0 || strcmp(text, "r") == 0) {
        disk->writable = false;
    } else {
        bad_piece(reader, "there is no disk access", text);
        return config_problem_hint(reader->problems, "r or w");
    }
    return 0;
}

/* "vda" or "/dev/vda": a whole disk of the machine. */
static bool machine_disk(const char *text)
{
    text += strncmp(text, "/dev/", 5) == 0 ? 5 : 0;
    return strncmp(text, "vd", 2) == 0 && text[2] >= 'a' && text[2] <= 'z' && text[3] == '\0';
}

static char *machine_disk_path(const char *text)
{
    char path[] = "/dev/vda";

    path[sizeof(path) - 2] = text[strlen(text) - 1];
    return strdup(path);
}

static int disk_target(struct reader *reader, struct config_disk *disk, const char *text)
{
    static const char *const prefixes[] = {
        "file:", "phy:", "raw:", "tap:aio:", "tap2:aio:", "tap:", "tap2:", "aio:"};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0) {
            text += strlen(prefixes[i]);
            reader->prefixed = true;
            disk->of_machine = strcmp(prefixes[i], "phy:") == 0 && machine_disk(text);
            break;
        }
    }
    free(disk->target);
    disk->target = disk->of_machine ? machine_disk_path(text) : strdup(text);
    if (disk->target == NULL || text[0] == '\0') {
        return bad_piece(reader, "this disk has no target", reader->value->text);
    }
    return 0;
}

static int disk_other(struct reader *reader, struct config_disk *disk, const char *text)
{
    (void)disk;
    return bad_piece(reader, "this disk parameter is not served", text);
}

static const struct {
    const char *key;
    int (*set)(struct reader *reader, struct config_disk *disk, const char *text);
} disk_keys[] = {
    {"format", disk_format},     {"vdev", disk_vdev},       {"access", disk_access},
    {"target", disk_target},     {"script", disk_other},    {"backend", disk_other},
    {"backendtype", disk_other}, {"colo-host", disk_other}, {"direct-io-safe", disk_other},
    {"discard", disk_other},
};

/* key=value or a flag. 1: it was one; 0: a positional piece; -1: an error. */
static int disk_named(struct reader *reader, struct config_disk *disk, const char *piece)
{
    const char *equals = strchr(piece, '=');

    if (strcmp(piece, "cdrom") == 0 || strcmp(piece, "devtype=cdrom") == 0) {
        disk->cdrom = true;
        disk->writable = false;
        return 1;
    }
    if (strcmp(piece, "devtype=disk") == 0) {
        return 1;
    }
    for (size_t i = 0; equals != NULL && i < sizeof(disk_keys) / sizeof(disk_keys[0]); i++) {
        size_t length = strlen(disk_keys[i].key);

        if (strncmp(piece, disk_keys[i].key, length) == 0 && piece[length] == '=') {
            return disk_keys[i].set(reader, disk, equals + 1) < 0 ? -1 : 1;
        }
    }
    if (equals != NULL && strchr(piece, '/') == NULL) {
        return bad_piece(reader, "there is no disk parameter", piece);
    }
    return 0;
}

int config_disk_parse(const struct config_value *value, struct config_disk *disk,
                      struct config_problems *problems)
{
    static int (*const positions[])(struct reader *, struct config_disk *, const char *) = {
        disk_target, disk_format, disk_vdev, disk_access};
    struct reader reader = {value, value->text, problems, false};
    size_t position = 0;
    char piece[PIECE_MAX];
    bool too_long;

    memset(disk, 0, sizeof(*disk));
    disk->span = value->span;
    disk->writable = true;
    if (value->kind != CONFIG_TEXT) {
        return config_problem_add(problems, &value->span, "a disk is described by a \"text\"");
    }
    while (next_piece(&reader, piece, &too_long)) {
        int named;

        if (strncmp(piece, "target=", 7) == 0) {
            /* It takes the rest, commas and all. */
            const char *rest = strstr(value->text, "target=") + 7;

            if (disk_target(&reader, disk, rest) < 0) {
                return -1;
            }
            break;
        }
        if (too_long) {
            return bad_piece(&reader, "this part is too long", piece);
        }
        named = disk_named(&reader, disk, piece);
        if (named < 0) {
            return -1;
        }
        if (named > 0 || (piece[0] == '\0' && position > 0 && ++position)) {
            continue;
        }
        if (position == sizeof(positions) / sizeof(positions[0])) {
            return bad_piece(&reader, "one part too many", piece);
        }
        if (positions[position++](&reader, disk, piece) < 0) {
            return -1;
        }
        position += position == 1 && reader.prefixed;
    }
    if (disk->target == NULL && !disk->cdrom) {
        return bad_piece(&reader, "this disk has no target", value->text);
    }
    if (disk->vdev[0] == '\0') {
        bad_piece(&reader, "this disk has no virtual device", value->text);
        return config_problem_hint(problems, "for example \"disk.img,raw,xvda,w\"");
    }
    return 0;
}

/* ---- vif
 * ----------------------------------------------------------------------------------------- */

static int vif_mac(struct config_vif *vif, const char *text)
{
    for (size_t i = 0; i < 17; i++) {
        bool colon = i % 3 == 2;

        if (text[i] == '\0' ||
            (colon ? text[i] != ':' : strchr("0123456789abcdefABCDEF", text[i]) == NULL)) {
            return -1;
        }
    }
    /* An odd first byte is a group's address, which no interface has. */
    return text[17] == '\0' && strchr("02468aceACE", text[1]) != NULL
               ? put_text(vif->mac, sizeof(vif->mac), text)
               : -1;
}

static int vif_bridge(struct config_vif *vif, const char *text)
{
    return put_text(vif->bridge, sizeof(vif->bridge), text);
}

static int vif_ip(struct config_vif *vif, const char *text)
{
    return put_text(vif->ip, sizeof(vif->ip), text);
}

static int vif_name(struct config_vif *vif, const char *text)
{
    return put_text(vif->vifname, sizeof(vif->vifname), text);
}

static int vif_mtu(struct config_vif *vif, const char *text)
{
    char *end;
    unsigned long mtu = strtoul(text, &end, 10);

    vif->mtu = (unsigned int)mtu;
    return end != text && *end == '\0' && mtu >= 68 && mtu <= 65535 ? 0 : -1;
}

static int vif_unserved(struct config_vif *vif, const char *text)
{
    (void)vif;
    (void)text;
    return -2;
}

static int vif_type(struct config_vif *vif, const char *text)
{
    (void)vif;
    return strcmp(text, "vif") == 0 ? 0 : -2;
}

static const struct {
    const char *key;
    int (*set)(struct config_vif *vif, const char *text);
    const char *hint;
} vif_keys[] = {
    {"mac", vif_mac, "six bytes, the first one even: mac=00:16:3e:12:34:56"},
    {"bridge", vif_bridge, "a name of at most 31 characters"},
    {"ip", vif_ip, "an address, which only the back end's directory shows"},
    {"vifname", vif_name, "a name of at most 15 characters"},
    {"mtu", vif_mtu, "from 68 to 65535"},
    {"type", vif_type, "leave it out: paravirtual interfaces are all there is"},
    {"rate", vif_unserved, "leave it out: nothing is throttled"},
    {"script", vif_unserved, "leave it out: every interface is on dom0's one bridge"},
    {"backend", vif_unserved, "leave it out: the back end is dom0's"},
    {"devid", vif_unserved, "leave it out: interfaces are numbered in their order"},
    {"model", vif_unserved, "leave it out: paravirtual interfaces are all there is"},
    {"gatewaydev", vif_unserved, "leave it out: every interface is on dom0's one bridge"},
};

static int vif_piece(struct reader *reader, struct config_vif *vif, const char *piece)
{
    const char *equals = strchr(piece, '=');

    for (size_t i = 0; equals != NULL && i < sizeof(vif_keys) / sizeof(vif_keys[0]); i++) {
        size_t length = strlen(vif_keys[i].key);
        int result;

        if (length != (size_t)(equals - piece) || strncmp(piece, vif_keys[i].key, length) != 0) {
            continue;
        }
        result = vif_keys[i].set(vif, equals + 1);
        if (result == 0) {
            return 0;
        }
        bad_piece(reader,
                  result == -2 ? "this interface parameter is not served"
                               : "this value does not fit its key",
                  piece);
        return config_problem_hint(reader->problems, "%s", vif_keys[i].hint);
    }
    bad_piece(reader, "there is no interface parameter", piece);
    return config_problem_hint(reader->problems, "there are mac, bridge, ip, mtu and vifname");
}

int config_vif_parse(const struct config_value *value, struct config_vif *vif,
                     struct config_problems *problems)
{
    struct reader reader = {value, value->text, problems, false};
    char piece[PIECE_MAX];
    bool too_long;

    memset(vif, 0, sizeof(*vif));
    vif->span = value->span;
    if (value->kind != CONFIG_TEXT) {
        return config_problem_add(problems, &value->span, "an interface is described by a 'text'");
    }
    while (next_piece(&reader, piece, &too_long)) {
        if (too_long) {
            return bad_piece(&reader, "this part is too long", piece);
        }
        if (piece[0] != '\0' && vif_piece(&reader, vif, piece) < 0) {
            return -1;
        }
    }
    return 0;
}
