/* SPDX-License-Identifier: MIT */
/*
 * config_device.c: the little language inside `device', for devices of types that nobody here knows:
 *   TYPE[,backend=DOM][,devid=N][,[front.]KEY=VALUE]*
 * Owns: nothing. Read next: config.h, device_setup.c.
 */
#include "dom0-tools/pvctl/config.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS    "abcdefghijklmnopqrstuvwxyz"
#define DIGITS     "0123456789"
#define TYPE_MAX   24u
#define KEY_MAX    32u
#define VALUE_MAX  95u
#define DEVID_MAX  65535ul
#define FRONT      "front."
#define FRONT_SIZE (sizeof(FRONT) - 1)

/* One device's text while it is read. */
struct reader {
    const struct config_value *value;
    struct config_device *device;
    struct config_problems *problems;
};

/* The place of a piece in the source, when the source shows the text as it is (no escapes in it). */
static struct config_span span_of(const struct reader *reader, const char *piece)
{
    const struct config_span *whole = &reader->value->span;
    const char *source = whole->source->text + whole->start;
    size_t quote = whole->length > 0 && (source[0] == '\'' || source[0] == '"') ? 1 : 0;
    size_t length = strlen(reader->value->text);
    struct config_span span = *whole;

    if (whole->length == length + 2 * quote &&
        memcmp(source + quote, reader->value->text, length) == 0) {
        span.start += quote + (size_t)(piece - reader->device->text);
        span.length = strlen(piece) > 0 ? strlen(piece) : 1;
    }
    return span;
}

static int bad_piece(const struct reader *reader, const char *what, const char *piece)
{
    struct config_span span = span_of(reader, piece);

    return config_problem_add(reader->problems, &span, "%s: `%.60s'", what, piece);
}

/* Disks and network interfaces of dom0's own back ends are set up otherwise; those of another domain's
 * (a Linux with its drivers, say) are devices like any. */
static int check_type(const struct reader *reader)
{
    static const struct {
        const char *type, *key;
    } others[] = {{"vbd", "disk"}, {"vif", "vif"}};
    const struct config_device *device = reader->device;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (device->backend == NULL && strcmp(device->type, others[i].type) == 0) {
            bad_piece(reader, "this type has a key of its own", device->type);
            return config_problem_hint(reader->problems, "%s = [ ... ], or backend=DOMAIN",
                                       others[i].key);
        }
    }
    return 0;
}

static int set_type(const struct reader *reader, const char *text)
{
    if (text[0] == '\0' || strlen(text) > TYPE_MAX ||
        strspn(text, LETTERS DIGITS "_-") != strlen(text) || strchr(LETTERS, text[0]) == NULL) {
        bad_piece(reader, "this is no type of device", text);
        return config_problem_hint(reader->problems,
                                   "the type comes first: 'hello,backend=driver,speed=3'");
    }
    reader->device->type = text;
    return 0;
}

static int set_backend(const struct reader *reader, const char *piece, const char *value)
{
    if (value[0] == '\0') {
        return bad_piece(reader, "the back end's domain is missing", piece);
    }
    reader->device->backend = value;
    return 0;
}

static int set_devid(const struct reader *reader, const char *piece, const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);

    if (strchr(DIGITS, value[0]) == NULL || value[0] == '\0' || *end != '\0' ||
        number > DEVID_MAX) {
        bad_piece(reader, "this is no device number", piece);
        return config_problem_hint(reader->problems, "devid=0 to devid=%lu", DEVID_MAX);
    }
    reader->device->id = (int)number;
    return 0;
}

static int set_key(const struct reader *reader, const char *piece, const char *key,
                   const char *value)
{
    static const char *const ours[] = {"state",       "backend", "backend-id", "frontend",
                                       "frontend-id", "online",  "handle",     NULL};
    struct config_device *device = reader->device;
    bool front = strncmp(key, FRONT, FRONT_SIZE) == 0;

    key += front ? FRONT_SIZE : 0;
    for (size_t i = 0; ours[i] != NULL; i++) {
        if (strcmp(key, ours[i]) == 0) {
            bad_piece(reader, "the toolstack writes this key itself", piece);
            return config_problem_hint(reader->problems, "choose another name for it");
        }
    }
    if (key[0] == '\0' || strlen(key) > KEY_MAX ||
        strspn(key, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_-.") != strlen(key)) {
        return bad_piece(reader, "this is no name for a node", piece);
    }
    if (strlen(value) > VALUE_MAX) {
        return bad_piece(reader, "this value is too long", piece);
    }
    for (size_t i = 0; i < device->nr_keys; i++) {
        if (device->keys[i].front == front && strcmp(device->keys[i].key, key) == 0) {
            return bad_piece(reader, "this key is there twice", piece);
        }
    }
    if (device->nr_keys == CONFIG_MAX_DEVICE_KEYS) {
        return bad_piece(reader, "one key too many", piece);
    }
    device->keys[device->nr_keys].key = key;
    device->keys[device->nr_keys].value = value;
    device->keys[device->nr_keys++].front = front;
    return 0;
}

/* `piece` is KEY=VALUE; the copy that the device keeps is cut at the equals sign only when it is good,
 * so that a problem can show all of it. */
static int take_piece(const struct reader *reader, char *piece)
{
    char *equals = strchr(piece, '=');
    char key[KEY_MAX + FRONT_SIZE + 2];
    size_t length = equals != NULL ? (size_t)(equals - piece) : 0;
    int result;

    if (equals == NULL) {
        bad_piece(reader, "expected key=value", piece);
        return config_problem_hint(reader->problems,
                                   "only the type has no key, and it comes first");
    }
    if (length >= sizeof(key)) {
        return bad_piece(reader, "this is no name for a node", piece);
    }
    memcpy(key, piece, length);
    key[length] = '\0';
    if (strcmp(key, "backend") == 0) {
        return set_backend(reader, piece, equals + 1);
    }
    if (strcmp(key, "devid") == 0) {
        return set_devid(reader, piece, equals + 1);
    }
    result = set_key(reader, piece, key, equals + 1);
    if (result == 0) {
        struct config_device *device = reader->device;

        *equals = '\0';
        device->keys[device->nr_keys - 1].key =
            piece + (device->keys[device->nr_keys - 1].front ? FRONT_SIZE : 0);
    }
    return result;
}

int config_device_parse(const struct config_value *value, struct config_device *device,
                        struct config_problems *problems)
{
    struct reader reader = {value, device, problems};
    char *piece, *next;
    int result = 0;

    memset(device, 0, sizeof(*device));
    device->span = value->span;
    device->id = -1;
    if (value->kind != CONFIG_TEXT) {
        config_problem_add(problems, &value->span, "a device is described by a 'text'");
        return config_problem_hint(problems, "device = [ 'hello,backend=driver' ]");
    }
    device->text = strdup(value->text);
    if (device->text == NULL) {
        return config_problem_add(problems, &value->span, "out of memory");
    }
    for (piece = device->text; piece != NULL; piece = next) {
        next = strchr(piece, ',');
        if (next != NULL) {
            *next++ = '\0';
        }
        piece += strspn(piece, " \t");
        for (size_t end = strlen(piece); end > 0 && strchr(" \t", piece[end - 1]) != NULL;) {
            piece[--end] = '\0';
        }
        if (device->type == NULL) {
            if (set_type(&reader, piece) < 0) {
                return -1;
            }
        } else if (piece[0] != '\0' && take_piece(&reader, piece) < 0) {
            result = -1;
        }
    }
    return result == 0 ? check_type(&reader) : result;
}

void config_device_free(struct config_device *device)
{
    free(device->text);
    memset(device, 0, sizeof(*device));
}
