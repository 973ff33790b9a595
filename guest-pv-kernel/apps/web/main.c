/* SPDX-License-Identifier: MIT */
/*
 * A web server: files of its disk (/dev/xvda: a file system of the ext2 family, or a cpio archive) or,
 * without one, of its initial RAM disk. "GET /" is /index.html; /status tells about the guest. A thread for each connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <pvk/ext2.h>
#include <pvk/initrd.h>
#include <pvk/memory.h>
#include <pvk/network.h>
#include <pvk/start.h>
#include <pvk/thread.h>
#include <pvk/time.h>

#define PORT          80
#define DISK          "/dev/xvda"
#define DISK_MAX      (4u << 20)
#define REQUEST_MAX   2048u
#define PATIENCE_S    10
#define CONNECTIONS   16
#define DHCP_PATIENCE (30 * TIME_SECOND_NS)

static int nr_connections;
static unsigned long nr_served;
static const char *root = ""; /* what stands before a page's path */

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".css", "text/css"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".js", "text/javascript"},
};

static const char *type_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(dot, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

static bool send_all(int connection, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(connection, bytes, length, 0);

        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool send_head(int connection, const char *status, const char *type, size_t length)
{
    char head[256];

    snprintf(head, sizeof(head),
             "HTTP/1.0 %s\r\nServer: xenlike\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n",
             status, type, length);
    return send_all(connection, head, strlen(head));
}

static void send_text(int connection, const char *status, const char *text)
{
    if (send_head(connection, status, "text/plain; charset=utf-8", strlen(text))) {
        send_all(connection, text, strlen(text));
    }
}

static void send_status(int connection)
{
    char text[256], address[16];

    network_address(address, sizeof(address));
    snprintf(text, sizeof(text), "domain %u\naddress %s\nfree KiB %zu\nserved %lu\nuptime s %llu\n",
             (unsigned int)start_domid(), address, memory_nr_free_pages() * 4, nr_served,
             (unsigned long long)(time_monotonic_ns() / TIME_SECOND_NS));
    send_text(connection, "200 OK", text);
}

static void send_file(int connection, const char *path)
{
    static const char index[] = "/index.html";
    const char *name = strcmp(path, "/") == 0 ? index : path;
    struct stat status;
    char block[4096], place[300];
    ssize_t count;
    int file;

    snprintf(place, sizeof(place), "%s%s", root, name);
    file = open(place, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        send_text(connection, "404 Not Found", "there is no such page\n");
    } else if (send_head(connection, "200 OK", type_of(name), (size_t)status.st_size)) {
        while ((count = read(file, block, sizeof(block))) > 0 &&
               send_all(connection, block, (size_t)count)) {
        }
    }
    if (file >= 0) {
        close(file);
    }
}

/* The request's first line and its headers, up to the empty line. */
static bool read_request(int connection, char request[REQUEST_MAX])
{
    size_t length = 0;

    while (length + 1 < REQUEST_MAX) {
        ssize_t count = recv(connection, request + length, REQUEST_MAX - 1 - length, 0);

        if (count <= 0) {
            return false;
        }
        length += (size_t)count;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL || strstr(request, "\n\n") != NULL) {
            return true;
        }
    }
    return false;
}

static void serve(void *argument)
{
    int connection = (int)(intptr_t)argument;
    static const struct timeval patience = {PATIENCE_S, 0};
    char request[REQUEST_MAX], path[256];

    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (read_request(connection, request)) {
        if (sscanf(request, "GET %255[^ ?\r\n]", path) != 1 || path[0] != '/') {
            send_text(connection, "400 Bad Request", "this server knows GET only\n");
        } else if (strcmp(path, "/status") == 0) {
            send_status(connection);
        } else {
            send_file(connection, path);
        }
        nr_served++;
    }
    close(connection);
    nr_connections--;
}

/* Mounts the disk's file system or archive; false: there is no disk, the initial RAM disk serves. */
static bool mount_disk(void)
{
    int disk = open(DISK, O_RDONLY);
    char *archive;
    size_t length = 0;
    ssize_t count = 1;

    if (disk >= 0 && ext2_mount("xvda", "/disk", false, NULL) == 0) {
        close(disk);
        root = "/disk";
        return true;
    }
    archive = disk >= 0 ? malloc(DISK_MAX) : NULL;
    while (archive != NULL && count > 0 && length < DISK_MAX) {
        size_t rest = DISK_MAX - length;

        count = read(disk, archive + length, rest < 65536 ? rest : 65536);
        length += count > 0 ? (size_t)count : 0;
    }
    if (disk >= 0) {
        close(disk);
    }
    if (archive == NULL || length == 0) {
        free(archive);
        return false;
    }
    if (initrd_mount(archive, length) != 0) {
        printf("web: %s is neither a file system of the ext2 family nor a cpio archive (newc)\n",
               DISK);
        free(archive);
        return false;
    }
    return true;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 8) != 0) {
        return -1;
    }
    return listener;
}

int main(void)
{
    char address[16];
    bool from_disk;
    int listener;

    if (network_start() <= 0) {
        printf("web: this domain has no network interface: give it vif = ['']\n");
        return 1;
    }
    from_disk = mount_disk();
    listener = listen_on(PORT);
    if (listener < 0) {
        printf("web: cannot listen: %s\n", strerror(errno));
        return 1;
    }
    if (network_wait(time_monotonic_ns() + DHCP_PATIENCE) != 0) {
        printf("web: no address from DHCP\n");
        return 1;
    }
    network_address(address, sizeof(address));
    printf("web: http://%s/ from %s\n", address, from_disk ? DISK : "the initial RAM disk");
    for (;;) {
        int connection = accept(listener, NULL, NULL);

        if (connection >= 0 &&
            (nr_connections >= CONNECTIONS ||
             thread_create("connection", serve, (void *)(intptr_t)connection, 0) == NULL)) {
            close(connection);
        } else if (connection >= 0) {
            nr_connections++;
        }
    }
}
