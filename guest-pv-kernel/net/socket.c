/* SPDX-License-Identifier: MIT */
/*
 * socket.c: lwIP's sockets behind our descriptors. A socket is a struct file that holds lwIP's
 * number; lwIP tells of every change through a connection's callback, and we pass that on to
 * file_notify(), so that poll and select sleep until something happens.
 * Owns: which file belongs to which of lwIP's sockets.
 * Invariant SO1: files[n] is the file of lwIP's socket n, or NULL.
 * Read next: <sys/socket.h>, resolve.c
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <lwip/api.h>
#include <lwip/init.h>
#include <lwip/priv/sockets_priv.h>
#include <lwip/sockets.h>

/* Ours, after lwIP's of the same names. */
#undef POLLIN
#undef POLLOUT
#undef POLLERR
#undef POLLNVAL
#undef POLLPRI
#undef POLLHUP
#define pollfd posix_pollfd
#define nfds_t posix_nfds_t
#include <poll.h>
#undef pollfd
#undef nfds_t

#include <pvk/file.h>

/* A connection's number; lwIP 2.2 put it elsewhere. */
#if LWIP_VERSION_MAJOR > 2 || LWIP_VERSION_MINOR >= 2
#define NUMBER_OF(connection) ((connection)->callback_arg.socket)
#else
#define NUMBER_OF(connection) ((connection)->socket)
#endif

struct lwip_sock *lwip_socket_dbg_get_socket(int number);

/* The declarations of <sys/socket.h>, with lwIP's types. */
int socket(int domain, int type, int protocol);
int bind(int descriptor, const struct sockaddr *address, socklen_t length);
int listen(int descriptor, int backlog);
int accept(int descriptor, struct sockaddr *address, socklen_t *length);
int connect(int descriptor, const struct sockaddr *address, socklen_t length);
int shutdown(int descriptor, int how);
int getsockname(int descriptor, struct sockaddr *address, socklen_t *length);
int getpeername(int descriptor, struct sockaddr *address, socklen_t *length);
int setsockopt(int descriptor, int level, int name, const void *value, socklen_t length);
int getsockopt(int descriptor, int level, int name, void *value, socklen_t *length);
ssize_t send(int descriptor, const void *bytes, size_t count, int flags);
ssize_t recv(int descriptor, void *bytes, size_t count, int flags);
ssize_t sendto(int descriptor, const void *bytes, size_t count, int flags,
               const struct sockaddr *address, socklen_t length);
ssize_t recvfrom(int descriptor, void *bytes, size_t count, int flags, struct sockaddr *address,
                 socklen_t *length);

static struct file *files[NUM_SOCKETS];
static netconn_callback lwip_callback;

static int number_of(const struct file *file)
{
    return (int)(intptr_t)file->data;
}

/* In lwIP's thread, or with its lock held. A connection that nobody has accepted yet has no number,
 * but its listener has. */
static void on_change(struct netconn *connection, enum netconn_evt event, u16_t length)
{
    int number;

    lwip_callback(connection, event, length);
    number = connection != NULL ? NUMBER_OF(connection) : -1;
    if (number >= 0 && number < NUM_SOCKETS && files[number] != NULL) {
        file_notify(files[number]);
    }
}

/* ---- as a file ---------------------------------------------------------------------------------- */

static int flags_of(const struct file *file, int flags)
{
    return (file->flags & O_NONBLOCK) != 0 ? flags | MSG_DONTWAIT : flags;
}

static ssize_t socket_read(struct file *file, void *buffer, size_t count)
{
    ssize_t result = lwip_recv(number_of(file), buffer, count, flags_of(file, 0));

    return result < 0 ? -errno : result;
}

static ssize_t socket_write(struct file *file, const void *bytes, size_t count)
{
    ssize_t result = lwip_send(number_of(file), bytes, count, flags_of(file, 0));

    return result < 0 ? -errno : result;
}

static unsigned int socket_poll(struct file *file)
{
    const struct lwip_sock *sock = lwip_socket_dbg_get_socket(number_of(file));

    if (sock == NULL) {
        return POLLERR;
    }
    return (sock->rcvevent > 0 || sock->lastdata.pbuf != NULL ? POLLIN : 0u) |
           (sock->sendevent != 0 ? POLLOUT : 0u) | (sock->errevent != 0 ? POLLERR : 0u);
}

static void socket_close(struct file *file)
{
    int number = number_of(file);

    files[number] = NULL;
    lwip_close(number);
}

static const struct file_operations socket_operations = {
    .read = socket_read,
    .write = socket_write,
    .poll = socket_poll,
    .close = socket_close,
};

static struct file *file_of(int descriptor)
{
    struct file *file = file_of_descriptor(descriptor);

    if (file == NULL) {
        errno = EBADF;
    } else if (file->operations != &socket_operations) {
        errno = ENOTSOCK;
        file = NULL;
    }
    return file;
}

/* lwIP's number as a descriptor; takes it over. */
static int install(int number)
{
    struct lwip_sock *sock = number >= 0 ? lwip_socket_dbg_get_socket(number) : NULL;
    struct file *file;
    int descriptor;

    if (sock == NULL) {
        return -1;
    }
    file = file_create(&socket_operations, (void *)(intptr_t)number, O_RDWR);
    if (file == NULL) {
        lwip_close(number);
        errno = ENOMEM;
        return -1;
    }
    if (lwip_callback == NULL) {
        lwip_callback = sock->conn->callback;
    }
    files[number] = file;
    sock->conn->callback = on_change;
    descriptor = file_install(file);
    if (descriptor < 0) {
        file_put(file);
        errno = -descriptor;
        return -1;
    }
    return descriptor;
}

/* ---- BSD's calls -------------------------------------------------------------------------------- */

int socket(int domain, int type, int protocol)
{
    return install(lwip_socket(domain, type, protocol));
}

int accept(int descriptor, struct sockaddr *address, socklen_t *length)
{
    struct file *file = file_of(descriptor);

    if (file == NULL) {
        return -1;
    }
    if ((file->flags & O_NONBLOCK) != 0 && (socket_poll(file) & POLLIN) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return install(lwip_accept(number_of(file), address, length));
}

int connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    struct file *file = file_of(descriptor);
    int result;

    if (file == NULL) {
        return -1;
    }
    if ((file->flags & O_NONBLOCK) == 0) {
        return lwip_connect(number_of(file), address, length);
    }
    lwip_fcntl(number_of(file), F_SETFL, O_NONBLOCK);
    result = lwip_connect(number_of(file), address, length);
    lwip_fcntl(number_of(file), F_SETFL, 0);
    return result;
}

int bind(int descriptor, const struct sockaddr *address, socklen_t length)
{
    struct file *file = file_of(descriptor);

    return file == NULL ? -1 : lwip_bind(number_of(file), address, length);
}

int listen(int descriptor, int backlog)
{
    struct file *file = file_of(descriptor);

    return file == NULL ? -1 : lwip_listen(number_of(file), backlog);
}

int shutdown(int descriptor, int how)
{
    struct file *file = file_of(descriptor);

    return file == NULL ? -1 : lwip_shutdown(number_of(file), how);
}

int getsockname(int descriptor, struct sockaddr *address, socklen_t *length)
{
    struct file *file = file_of(descriptor);

    return file == NULL ? -1 : lwip_getsockname(number_of(file), address, length);
}

int getpeername(int descriptor, struct sockaddr *address, socklen_t *length)
{
    struct file *file = file_of(descriptor);

    return file == NULL ? -1 : lwip_getpeername(number_of(file), address, length);
}

int setsockopt(int descriptor, int level, int name, const void *value, socklen_t length)
{
    struct file *file = file_of(descriptor);

    return file == NULL ? -1 : lwip_setsockopt(number_of(file), level, name, value, length);
}

int getsockopt(int descriptor, int level, int name, void *value, socklen_t *length)
{
    struct file *file = file_of(descriptor);

    return file == NULL ? -1 : lwip_getsockopt(number_of(file), level, name, value, length);
}

ssize_t sendto(int descriptor, const void *bytes, size_t count, int flags,
               const struct sockaddr *address, socklen_t length)
{
    struct file *file = file_of(descriptor);

    return file == NULL
               ? -1
               : lwip_sendto(number_of(file), bytes, count, flags_of(file, flags), address, length);
}

ssize_t send(int descriptor, const void *bytes, size_t count, int flags)
{
    struct file *file = file_of(descriptor);

    return file == NULL ? -1 : lwip_send(number_of(file), bytes, count, flags_of(file, flags));
}

ssize_t recvfrom(int descriptor, void *bytes, size_t count, int flags, struct sockaddr *address,
                 socklen_t *length)
{
    struct file *file = file_of(descriptor);

    return file == NULL ? -1
                        : lwip_recvfrom(number_of(file), bytes, count, flags_of(file, flags),
                                        address, length);
}

ssize_t recv(int descriptor, void *bytes, size_t count, int flags)
{
    return recvfrom(descriptor, bytes, count, flags, NULL, NULL);
}
