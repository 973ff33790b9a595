/* SPDX-License-Identifier: MIT */
/*
 * A 9P2000.L client (see p9_client.h): each call builds a request, exchanges it, reads the reply.
 *
 * Owns: the fid bitmap.
 * Invariant: 9P2, 9P3 (p9_client.h).
 * Locks: the transport's, taken in begin() and given back in end().
 * Read next: virtio_9p.c.
 */
#include "p9_client.h"

#include <errno.h>
#include <string.h>

#define ROOT_FID       0u
#define TAG            1u
#define WALK_LIMIT     16u /* names in one Twalk */
#define QID_SIZE       13u
#define READ_OVERHEAD  (P9_HEADER_SIZE + 4u)
#define WRITE_OVERHEAD (P9_HEADER_SIZE + 4u + 8u + 4u)
#define GETATTR_BASIC  0x7ffull
#define SETATTR_SIZE   0x8u
#define UNLINK_DIR     0x200u
#define NO_OWNER       0xffffffffu

/* One request and its reply. */
struct call {
    struct p9_client *client;
    struct p9_writer request;
    struct p9_reader reply;
    uint8_t type;
};

/* Error numbers above 34 differ between the wire (Linux's) and this libc. */
static const struct {
    uint32_t wire;
    int local;
} error_numbers[] = {
    {36, ENAMETOOLONG}, {38, ENOSYS},     {39, ENOTEMPTY}, {40, ELOOP},   {75, EOVERFLOW},
    {95, EOPNOTSUPP},   {110, ETIMEDOUT}, {116, ESTALE},   {122, EDQUOT},
};

static int local_error(uint32_t wire)
{
    if (wire != 0 && wire <= 34) {
        return -(int)wire;
    }
    for (size_t i = 0; i < sizeof(error_numbers) / sizeof(error_numbers[0]); i++) {
        if (error_numbers[i].wire == wire) {
            return -error_numbers[i].local;
        }
    }
    return -EIO;
}

static void begin(struct call *call, struct p9_client *client, uint8_t type)
{
    struct p9_transport *transport = client->transport;

    transport->lock(transport);
    *call = (struct call){.client = client, .type = type};
    p9_wire_begin(&call->request, transport->request, transport->request_capacity, type,
                  type == P9_TVERSION ? P9_NO_TAG : TAG);
}

/* Send; on success the reply's cursor stands behind the header. */
static int exchange(struct call *call)
{
    struct p9_transport *transport = call->client->transport;

    if (!p9_wire_finish(&call->request)) {
        return -ENAMETOOLONG;
    }
    int length = transport->exchange(transport, (uint32_t)call->request.length);
    if (length < 0) {
        return length;
    }
    call->reply = (struct p9_reader){.data = transport->reply, .length = (size_t)length};
    uint32_t size = p9_wire_get32(&call->reply);
    uint8_t type = p9_wire_get8(&call->reply);
    (void)p9_wire_get16(&call->reply); /* the tag: only one request is ever in flight */
    if (call->reply.truncated || size < P9_HEADER_SIZE || size > (uint32_t)length) {
        return -EIO;
    }
    call->reply.length = size;
    if (type == P9_RLERROR) {
        return local_error(p9_wire_get32(&call->reply));
    }
    return type == call->type + 1 ? 0 : -EIO;
}

/* Give the buffers back; a reply that was shorter than its reader is an error. */
static int end(struct call *call, int result)
{
    call->client->transport->unlock(call->client->transport);
    return result >= 0 && call->reply.truncated ? -EIO : result;
}

/* For requests whose reply holds nothing that we use. */
static int finish_simple(struct call *call)
{
    return end(call, exchange(call));
}

static int allocate_fid(struct p9_client *client, uint32_t *fid)
{
    if (client->fids_in_use == UINT64_MAX) {
        return -EMFILE;
    }
    *fid = (uint32_t)__builtin_ctzll(~client->fids_in_use);
    client->fids_in_use |= 1ull << *fid;
    return 0;
}

static void free_fid(struct p9_client *client, uint32_t fid)
{
    client->fids_in_use &= ~(1ull << fid);
}

static int negotiate(struct p9_client *client)
{
    static const char version[] = "9P2000.L";
    struct p9_transport *transport = client->transport;
    struct call call;

    begin(&call, client, P9_TVERSION);
    p9_wire_put32(&call.request, transport->reply_capacity);
    p9_wire_put_string(&call.request, version, sizeof(version) - 1);
    int result = exchange(&call);
    if (result == 0) {
        size_t count;
        client->message_size = p9_wire_get32(&call.reply);
        const char *answer = p9_wire_get_string(&call.reply, &count);
        bool same =
            answer != NULL && count == sizeof(version) - 1 && memcmp(answer, version, count) == 0;
        if (!same || client->message_size > transport->reply_capacity ||
            client->message_size < 4096) {
            result = -EPROTONOSUPPORT;
        }
    }
    return end(&call, result);
}

int p9_client_start(struct p9_client *client, struct p9_transport *transport, const char *name)
{
    struct call call;

    *client = (struct p9_client){.transport = transport, .fids_in_use = 1ull << ROOT_FID};
    int result = negotiate(client);
    if (result < 0) {
        return result;
    }
    begin(&call, client, P9_TATTACH);
    p9_wire_put32(&call.request, ROOT_FID);
    p9_wire_put32(&call.request, P9_NO_FID);
    p9_wire_put_string(&call.request, "", 0);
    p9_wire_put_string(&call.request, name, strlen(name));
    p9_wire_put32(&call.request, NO_OWNER);
    return finish_simple(&call);
}

/* The next component of a path, without its slashes. False at the end. */
static bool next_component(const char **path, const char *path_end, const char **name,
                           size_t *length)
{
    while (*path < path_end && **path == '/') {
        (*path)++;
    }
    *name = *path;
    while (*path < path_end && **path != '/') {
        (*path)++;
    }
    *length = (size_t)(*path - *name);
    return *length != 0;
}

/* Check all of a path before a fid is spent on it. */
static int check_path(const char *path, const char *path_end)
{
    const char *name;
    size_t length;

    while (next_component(&path, path_end, &name, &length)) {
        if (length == 2 && name[0] == '.' && name[1] == '.') {
            return -EINVAL;
        }
        if (length > 255) {
            return -ENAMETOOLONG;
        }
    }
    return 0;
}

/* One Twalk of at most WALK_LIMIT names; `*path` moves on. `from` may be `to`. */
static int walk_some(struct p9_client *client, uint32_t from, uint32_t to, const char **path,
                     const char *path_end)
{
    const char *name;
    size_t length;
    uint16_t count = 0;
    struct call call;

    begin(&call, client, P9_TWALK);
    p9_wire_put32(&call.request, from);
    p9_wire_put32(&call.request, to);
    size_t count_at = call.request.length;
    p9_wire_put16(&call.request, 0);
    while (count < WALK_LIMIT && next_component(path, path_end, &name, &length)) {
        if (length == 1 && name[0] == '.') {
            continue;
        }
        p9_wire_put_string(&call.request, name, length);
        count++;
    }
    if (!call.request.overflow) {
        call.request.buffer[count_at] = (uint8_t)count;
    }
    int result = exchange(&call);
    if (result == 0 && p9_wire_get16(&call.reply) != count) {
        result = -ENOENT; /* the server got only part of the way and made no fid */
    }
    return end(&call, result);
}

static int walk_range(struct p9_client *client, const char *path, const char *path_end,
                      uint32_t *fid)
{
    uint32_t from = ROOT_FID;
    int result = check_path(path, path_end);

    if (result < 0) {
        return result;
    }
    result = allocate_fid(client, fid);
    if (result < 0) {
        return result;
    }
    do {
        result = walk_some(client, from, *fid, &path, path_end);
        if (result < 0) {
            if (from == ROOT_FID) {
                free_fid(client, *fid);
            } else {
                (void)p9_client_clunk(client, *fid);
            }
            return result;
        }
        from = *fid;
    } while (path < path_end);
    return 0;
}

int p9_client_walk(struct p9_client *client, const char *path, uint32_t *fid)
{
    return walk_range(client, path, path + strlen(path), fid);
}

int p9_client_walk_parent(struct p9_client *client, const char *path, uint32_t *fid,
                          const char **name)
{
    const char *slash = strrchr(path, '/');

    *name = slash == NULL ? path : slash + 1;
    if (**name == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0) {
        return -EINVAL;
    }
    return walk_range(client, path, *name, fid);
}

int p9_client_clunk(struct p9_client *client, uint32_t fid)
{
    struct call call;

    begin(&call, client, P9_TCLUNK);
    p9_wire_put32(&call.request, fid);
    int result = finish_simple(&call);
    free_fid(client, fid); /* the protocol: gone even when the answer is an error */
    return result;
}

int p9_client_open(struct p9_client *client, uint32_t fid, uint32_t flags)
{
    struct call call;

    begin(&call, client, P9_TLOPEN);
    p9_wire_put32(&call.request, fid);
    p9_wire_put32(&call.request, flags);
    return finish_simple(&call);
}

int p9_client_create(struct p9_client *client, uint32_t fid, const char *name, uint32_t flags,
                     uint32_t mode)
{
    struct call call;

    begin(&call, client, P9_TLCREATE);
    p9_wire_put32(&call.request, fid);
    p9_wire_put_string(&call.request, name, strlen(name));
    p9_wire_put32(&call.request, flags);
    p9_wire_put32(&call.request, mode);
    p9_wire_put32(&call.request, 0);
    return finish_simple(&call);
}

int64_t p9_client_read(struct p9_client *client, uint32_t fid, uint64_t offset, void *buffer,
                       size_t count)
{
    uint32_t limit = client->message_size - READ_OVERHEAD;
    uint32_t got = 0;
    struct call call;

    begin(&call, client, P9_TREAD);
    p9_wire_put32(&call.request, fid);
    p9_wire_put64(&call.request, offset);
    p9_wire_put32(&call.request, count < limit ? (uint32_t)count : limit);
    int result = exchange(&call);
    if (result == 0) {
        got = p9_wire_get32(&call.reply);
        const uint8_t *bytes = p9_wire_get_bytes(&call.reply, got);
        if (bytes != NULL && got <= count) {
            memcpy(buffer, bytes, got);
        } else {
            result = -EIO;
        }
    }
    result = end(&call, result);
    return result < 0 ? result : (int64_t)got;
}

int64_t p9_client_write(struct p9_client *client, uint32_t fid, uint64_t offset, const void *buffer,
                        size_t count)
{
    uint32_t limit = client->message_size;
    uint32_t written = 0;
    struct call call;

    if (limit > client->transport->request_capacity) {
        limit = client->transport->request_capacity;
    }
    limit -= WRITE_OVERHEAD;
    count = count < limit ? count : limit;
    begin(&call, client, P9_TWRITE);
    p9_wire_put32(&call.request, fid);
    p9_wire_put64(&call.request, offset);
    p9_wire_put32(&call.request, (uint32_t)count);
    p9_wire_put_bytes(&call.request, buffer, count);
    int result = exchange(&call);
    if (result == 0) {
        written = p9_wire_get32(&call.reply);
        result = written <= count ? 0 : -EIO;
    }
    result = end(&call, result);
    return result < 0 ? result : (int64_t)written;
}

int p9_client_fsync(struct p9_client *client, uint32_t fid)
{
    struct call call;

    begin(&call, client, P9_TFSYNC);
    p9_wire_put32(&call.request, fid);
    p9_wire_put32(&call.request, 0);
    return finish_simple(&call);
}

int p9_client_getattr(struct p9_client *client, uint32_t fid, struct p9_attributes *attributes)
{
    struct call call;

    *attributes = (struct p9_attributes){0};
    begin(&call, client, P9_TGETATTR);
    p9_wire_put32(&call.request, fid);
    p9_wire_put64(&call.request, GETATTR_BASIC);
    int result = exchange(&call);
    if (result == 0) {
        (void)p9_wire_get64(&call.reply); /* which fields are valid: the basic ones always are */
        attributes->qid = p9_wire_get_qid(&call.reply);
        attributes->mode = p9_wire_get32(&call.reply);
        attributes->uid = p9_wire_get32(&call.reply);
        attributes->gid = p9_wire_get32(&call.reply);
        attributes->links = p9_wire_get64(&call.reply);
        (void)p9_wire_get64(&call.reply); /* device number */
        attributes->size = p9_wire_get64(&call.reply);
        attributes->block_size = p9_wire_get64(&call.reply);
        attributes->blocks = p9_wire_get64(&call.reply);
        (void)p9_wire_get_bytes(&call.reply, 16); /* time of last access */
        attributes->modified_s = p9_wire_get64(&call.reply);
    }
    return end(&call, result);
}

int p9_client_truncate(struct p9_client *client, uint32_t fid, uint64_t size)
{
    struct call call;

    begin(&call, client, P9_TSETATTR);
    p9_wire_put32(&call.request, fid);
    p9_wire_put32(&call.request, SETATTR_SIZE);
    p9_wire_put32(&call.request, 0); /* mode, uid, gid: not valid */
    p9_wire_put32(&call.request, 0);
    p9_wire_put32(&call.request, 0);
    p9_wire_put64(&call.request, size);
    for (unsigned int i = 0; i < 4; i++) {
        p9_wire_put64(&call.request, 0); /* times: not valid */
    }
    return finish_simple(&call);
}

int p9_client_statfs(struct p9_client *client, uint32_t fid, struct p9_capacity *capacity)
{
    struct call call;

    *capacity = (struct p9_capacity){0};
    begin(&call, client, P9_TSTATFS);
    p9_wire_put32(&call.request, fid);
    int result = exchange(&call);
    if (result == 0) {
        (void)p9_wire_get32(&call.reply); /* the file system's type */
        capacity->block_size = p9_wire_get32(&call.reply);
        capacity->blocks = p9_wire_get64(&call.reply);
        capacity->blocks_free = p9_wire_get64(&call.reply);
        capacity->blocks_available = p9_wire_get64(&call.reply);
        capacity->files = p9_wire_get64(&call.reply);
        capacity->files_free = p9_wire_get64(&call.reply);
    }
    return end(&call, result);
}

/* One directory entry; false when the data ends. */
static bool read_entry(struct p9_reader *reader, struct p9_entry *entry)
{
    size_t length;

    entry->qid = p9_wire_get_qid(reader);
    entry->next_offset = p9_wire_get64(reader);
    entry->type = p9_wire_get8(reader);
    const char *name = p9_wire_get_string(reader, &length);
    if (name == NULL || length >= sizeof(entry->name)) {
        return false;
    }
    memcpy(entry->name, name, length);
    entry->name[length] = '\0';
    return true;
}

int p9_client_readdir(struct p9_client *client, uint32_t fid, uint64_t offset,
                      struct p9_entry *entries, unsigned int limit)
{
    unsigned int count = 0;
    struct call call;
    /* Ask for no more than what surely fits into `entries`, but for one entry of any length. */
    uint32_t want = limit * (QID_SIZE + 11u + 1u);

    want = want < 512 ? 512 : want;
    want =
        want < client->message_size - READ_OVERHEAD ? want : client->message_size - READ_OVERHEAD;
    begin(&call, client, P9_TREADDIR);
    p9_wire_put32(&call.request, fid);
    p9_wire_put64(&call.request, offset);
    p9_wire_put32(&call.request, want);
    int result = exchange(&call);
    if (result == 0) {
        uint32_t bytes = p9_wire_get32(&call.reply);
        struct p9_reader data = {.data = p9_wire_get_bytes(&call.reply, bytes), .length = bytes};
        while (data.data != NULL && count < limit && data.position < data.length &&
               read_entry(&data, &entries[count])) {
            count++;
        }
    }
    result = end(&call, result);
    return result < 0 ? result : (int)count;
}

int p9_client_mkdir(struct p9_client *client, uint32_t fid, const char *name, uint32_t mode)
{
    struct call call;

    begin(&call, client, P9_TMKDIR);
    p9_wire_put32(&call.request, fid);
    p9_wire_put_string(&call.request, name, strlen(name));
    p9_wire_put32(&call.request, mode);
    p9_wire_put32(&call.request, 0);
    return finish_simple(&call);
}

int p9_client_unlink(struct p9_client *client, uint32_t fid, const char *name, bool directory)
{
    struct call call;

    begin(&call, client, P9_TUNLINKAT);
    p9_wire_put32(&call.request, fid);
    p9_wire_put_string(&call.request, name, strlen(name));
    p9_wire_put32(&call.request, directory ? UNLINK_DIR : 0);
    return finish_simple(&call);
}

int p9_client_rename(struct p9_client *client, uint32_t from, const char *from_name, uint32_t to,
                     const char *to_name)
{
    struct call call;

    begin(&call, client, P9_TRENAMEAT);
    p9_wire_put32(&call.request, from);
    p9_wire_put_string(&call.request, from_name, strlen(from_name));
    p9_wire_put32(&call.request, to);
    p9_wire_put_string(&call.request, to_name, strlen(to_name));
    return finish_simple(&call);
}
