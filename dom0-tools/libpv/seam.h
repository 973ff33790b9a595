/* SPDX-License-Identifier: MIT */
/*
 * seam.h: the only door from tools and back ends to the hypervisor and to their surroundings.
 * In our dom0 it is implemented over the guest kernel (seam_pvk.c); on another dom0 the same calls
 * would be privcmd, evtchn, gntdev and UNIX sockets; unit tests bring a fake.
 * Owns: nothing; whoever maps, binds or connects also unmaps, closes.
 * Invariant SEAM1: memory named in a hypercall comes from seam_buffer_get or is a static object.
 * Guest ABI: hypercall results are Xen's errnos (XEN_E*, negative); everything else here returns 0
 * or a negative Xen errno too, so that one kind of number travels upwards. Read next: domctl.h.
 */
#ifndef LIBPV_SEAM_H
#define LIBPV_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAM_PAGE_SIZE 4096u

/* Rights of a mapping. */
#define SEAM_READ  1u
#define SEAM_WRITE 2u

/* ---- hypercalls -------------------------------------------------------------------------------
 */

/* Zeroed memory that the hypervisor may read and write; NULL when memory is out. */
void *seam_buffer_get(size_t bytes);
void seam_buffer_put(void *buffer);

/* Megabytes for a short while, zeroed, which malloc would keep for ever; NULL when memory is out. */
void *seam_memory_take(size_t bytes);
void seam_memory_give(void *memory); /* NULL is allowed */

/* Hypercall `number` with up to five arguments. Pointers among them obey SEAM1. */
long seam_hypercall(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                    uint64_t a5);

/* ---- mappings ---------------------------------------------------------------------------------
 */

/*
 * Map nr_frames machine frames of a domain at consecutive addresses.
 * -XEN_ENOMEM no room; otherwise what the hypervisor answered for the first frame it refused;
 * nothing stays mapped on failure.
 */
int seam_map_foreign(uint16_t domid, const uint64_t *mfns, size_t nr_frames, unsigned int rights,
                     void **address);
void seam_unmap_foreign(void *address, size_t nr_frames);

/* What its owner calls a frame of RAM. -XEN_EINVAL: no RAM, or shared by the hypervisor. */
int seam_pfn_of_mfn(uint64_t mfn, uint64_t *pfn);

/*
 * Map one granted page. -XEN_EINVAL the granter's entry does not allow it, -XEN_ENOMEM no room.
 * *handle belongs to the caller until seam_unmap_grant.
 */
int seam_map_grant(uint16_t domid, uint32_t reference, unsigned int rights, void **address,
                   uint32_t *handle);
void seam_unmap_grant(void *address, uint32_t handle);

/* The same for several, side by side; all or none. seam_unmap_grants takes the address back. */
int seam_map_grants(uint16_t domid, const uint32_t *references, size_t nr_pages,
                    unsigned int rights, void **address);
void seam_unmap_grants(void *address);

/* Bytes between our memory and a granted page, of which `offset` + `length` is at most a page. */
struct seam_copy {
    void *local;
    uint32_t reference;
    uint16_t offset, length;
    uint8_t to_grant; /* else from it */
};

/* Copy all of them; nothing is mapped. -XEN_EINVAL: the hypervisor refused one (no such grant, or
 * read-only); others may have been copied by then. */
int seam_copy_grants(uint16_t domid, const struct seam_copy *copies, size_t nr_copies);

/* One piece of a copy between our memory and a page granted by `domid`. */
struct seam_piece {
    void *local; /* the piece must not cross a page on either side */
    uint16_t domid;
    uint32_t reference;
    uint16_t offset; /* in the granted page */
    uint16_t length;
    bool to_guest;
    int16_t status; /* out: 0, or the hypervisor's GNTST_* */
};
#define SEAM_MAX_PIECES 128u
/* Do up to SEAM_MAX_PIECES in one hypercall; each has its own status. */
void seam_copy_pieces(struct seam_piece *copies, size_t count);

/* ---- event channels ---------------------------------------------------------------------------
 */

/*
 * An event queue is a readable descriptor: each read(2) takes whole uint32_t port numbers, oldest
 * first, and blocks while there are none. A port that fired stays masked until seam_event_unmask.
 */
int seam_event_open(void);
void seam_event_shut(int queue);

/* Each returns a local port number >= 1 bound to `queue`, or a negative Xen errno. */
int seam_event_bind_interdomain(int queue, uint16_t domid, uint32_t remote_port);
int seam_event_bind_virq(int queue, uint32_t virq);
int seam_event_alloc_unbound(int queue, uint16_t remote_domid);

int seam_event_notify(int queue, uint32_t port);
int seam_event_unmask(int queue, uint32_t port);
int seam_event_close(int queue, uint32_t port);

/* ---- descriptors ------------------------------------------------------------------------------
 */

struct seam_wait {
    int descriptor;
    uint8_t want; /* SEAM_READ | SEAM_WRITE */
    uint8_t ready;
};

/*
 * Wait until a descriptor is ready or timeout_ms passed (negative: for ever). Returns how many are
 * ready; 0 on timeout; -XEN_EINTR when the calling command was cancelled.
 */
int seam_wait_any(struct seam_wait *waits, size_t nr_waits, int timeout_ms);

/*
 * Services by name, since descriptors belong to processes (UNIX sockets elsewhere): a listener is
 * readable while a client waits. listen: -XEN_EBUSY the name is taken. accept: -XEN_EAGAIN nobody
 * waits. connect: -XEN_ENOENT nobody listens. Streams are bytes in both directions.
 */
int seam_service_listen(const char *name);
int seam_service_accept(int listener);
int seam_service_connect(const char *name);

/* Connected descriptors: to the store (xs_wire both ways); to the console back end. */
int seam_store_connect(void);
int seam_console_connect(void);

/* Two ends of one stream: what is written to one is read from the other. */
int seam_stream_pair(int ends[2]);

/* The machine's network card as a descriptor: read(2) takes one Ethernet frame and never waits
 * (-1 when there is none), write(2) sends one. -XEN_ENODEV: there is no card. */
int seam_uplink_open(void);

/* Start a cooperative thread (a process elsewhere) that never ends. */
int seam_thread_start(const char *name, void (*entry)(void *argument), void *argument);

/* ---- the caller's terminal and time ------------------------------------------------------------
 */

/* Raw mode of the terminal behind the command's standard input; no effect when there is none. */
void seam_terminal_raw(int on);

/* Whether the command's standard input / output is a terminal. */
int seam_terminal_present(int descriptor);

/* Whether the running command was cancelled: from then on its reads and waits end at once. */
int seam_cancelled(void);

/* Monotonic nanoseconds. */
uint64_t seam_now_ns(void);

/*
 * Open a file that the command line or a configuration names: on the machine of whoever typed the
 * command. Returns a descriptor to read(2), lseek(2) and close(2), or a negative Xen errno.
 */
int seam_file_open(const char *path);

/*
 * Where a back end finds that file after the command has ended: an absolute path of this machine, into
 * text. 0 or a negative Xen errno, -XEN_EACCES when the command did not name it.
 */
int seam_file_path(const char *path, char *text, size_t size);

/*
 * The bytes of this range of an open file need not be kept: its place may be given back, and they read
 * as zeros or as before. -XEN_EOPNOTSUPP: this file cannot do that; length 0 only asks whether it can.
 */
int seam_file_punch(int descriptor, uint64_t offset, uint64_t length);

#endif
