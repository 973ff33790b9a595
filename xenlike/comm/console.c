/* SPDX-License-Identifier: MIT */
/*
 * The log ring, where print() and the guests' console_io end, and the machine's console input.
 *
 * Owns: the ring, the input queue, each domain's unfinished line. Invariants CN1, CN2: console.h.
 * Locks: console. Guest ABI: docs/abi/console_io.md. Read next: hypercall/hc_console_io.c.
 */
#include "console.h"

#include <public/errno.h>

#include "../cpu/screen.h"
#include "../cpu/uart.h"
#include "../lib/print.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "../mm/guest_access.h"
#include "event_channel.h"

#define LOG_SIZE   32768u /* a power of two */
#define INPUT_SIZE 256u
#define LINE_SIZE  160u
#define CHUNK_SIZE 128u

/* A guest may write this much at once, and this fast for ever; more is dropped and said so. */
#define RATE_BURST_BYTES UINT64_C(16384)
#define RATE_NS_PER_BYTE UINT64_C(4000) /* 250 kB a second */

struct console_line {
    uint32_t length;
    uint32_t dropped; /* bytes over the rate since the last one that passed */
    char text[LINE_SIZE];
};

static spinlock_t console_lock = SPINLOCK_INIT;

/* Log; positions count bytes since start. console lock. */
static char log_ring[LOG_SIZE];
static uint32_t log_written; /* end of the log */
static uint32_t log_cleared; /* readers without an index start here, or LOG_SIZE before the end */
static bool log_at_line_start = true;

/* Input; console lock. */
static uint8_t input_queue[INPUT_SIZE];
static uint32_t input_put, input_taken;

static void log_append(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        log_ring[log_written++ % LOG_SIZE] = text[i];
    }
    if (log_written - log_cleared > LOG_SIZE) {
        log_cleared = log_written - LOG_SIZE;
    }
    debug_port_write(text, size);
    uart_write(text, size);
    screen_write(text, size);
}

/* Puts the time in front of each line that begins here. */
static void log_append_stamped(const char *text, size_t size)
{
    while (size != 0) {
        if (log_at_line_start) {
            char stamp[24];
            uint64_t microseconds = machine_now_ns() / 1000;
            int length = print_to_buffer(stamp, sizeof(stamp), "[%4u.%06u] ",
                                         (unsigned int)(microseconds / 1000000),
                                         (unsigned int)(microseconds % 1000000));
            log_append(stamp, (size_t)length);
        }
        size_t line = 0;
        while (line < size && text[line] != '\n') {
            line++;
        }
        log_at_line_start = line < size;
        line += log_at_line_start ? 1 : 0;
        log_append(text, line);
        text += line;
        size -= line;
    }
}

void console_log(const char *text, size_t size)
{
    spin_lock(&console_lock);
    log_append_stamped(text, size);
    spin_unlock(&console_lock);
}

uint32_t console_log_end(char *text, uint32_t size)
{
    uint32_t kept = (uint32_t)min_u64(log_written, LOG_SIZE);
    uint32_t count = (uint32_t)min_u64(kept, size);

    for (uint32_t i = 0; i < count; i++) {
        text[i] = log_ring[(log_written - count + i) % LOG_SIZE];
    }
    return count;
}

/* How many of size bytes the domain may write now. Its budget is the time at which all it wrote would have passed at its rate. */
static size_t rate_allowance(struct domain *d, size_t size)
{
    uint64_t now = machine_now_ns();
    uint64_t paid = d->console_budget_ns > now ? d->console_budget_ns - now : 0;
    uint64_t room = RATE_BURST_BYTES - min_u64(paid / RATE_NS_PER_BYTE, RATE_BURST_BYTES);
    size_t allowed = min_u64(size, room);
    d->console_budget_ns = now + paid + allowed * RATE_NS_PER_BYTE;
    return allowed;
}

static void line_end(const struct domain *d, struct console_line *line)
{
    char prefix[16];
    int length = print_to_buffer(prefix, sizeof(prefix), "(d%u) ", d->id);
    if (!log_at_line_start) {
        log_append_stamped("\n", 1);
    }
    log_append_stamped(prefix, (size_t)length);
    log_append_stamped(line->text, line->length);
    log_append_stamped("\n", 1);
    line->length = 0;
}

static void line_put(const struct domain *d, struct console_line *line, char c)
{
    if (c == '\n') {
        line_end(d, line);
        return;
    }
    if (c == '\r' || c == '\0') {
        return;
    }
    line->text[line->length++] = (c == '\t' || (c >= ' ' && c <= '~')) ? c : '.';
    if (line->length == LINE_SIZE) {
        line_end(d, line);
    }
}

static void line_report_dropped(const struct domain *d, struct console_line *line)
{
    char note[64];
    int length = print_to_buffer(note, sizeof(note), "(d%u) ... %u bytes over its rate dropped\n",
                                 d->id, line->dropped);
    line->dropped = 0;
    log_append_stamped(note, (size_t)length);
}

static void write_hardware(const char *text, size_t size)
{
    spin_lock(&console_lock);
    log_append(text, size);
    log_at_line_start = text[size - 1] == '\n';
    spin_unlock(&console_lock);
}

static void write_guest(struct domain *d, const char *text, size_t size)
{
    struct console_line *line = d->console_line;
    spin_lock(&console_lock);
    size_t allowed = rate_allowance(d, size);
    if (allowed != 0 && line->dropped != 0) {
        line_report_dropped(d, line);
    }
    for (size_t i = 0; i < allowed; i++) {
        line_put(d, line, text[i]);
    }
    line->dropped += (uint32_t)(size - allowed);
    spin_unlock(&console_lock);
}

int64_t console_guest_write(struct domain *d, gva_t buffer, uint32_t count)
{
    char chunk[CHUNK_SIZE];
    uint32_t done = 0;
    if (!d->is_hardware && d->console_line == NULL) {
        d->console_line = hv_alloc(sizeof(*d->console_line));
        if (d->console_line == NULL) {
            return count; /* nowhere to keep it: lost, as if over its rate */
        }
    }
    while (done < count) {
        size_t size = min_u64(sizeof(chunk), count - done);
        if (guest_access_read(chunk, GVA(buffer.v + done), size) != 0) {
            return -XEN_EFAULT;
        }
        if (d->is_hardware) {
            write_hardware(chunk, size);
        } else {
            write_guest(d, chunk, size);
        }
        done += (uint32_t)size;
        if (machine_preempt_wanted()) {
            break;
        }
    }
    return done;
}

void console_guest_flush(struct domain *d)
{
    struct console_line *line = d->console_line;
    if (line == NULL) {
        return;
    }
    spin_lock(&console_lock);
    if (line->length != 0) {
        line_end(d, line);
    }
    if (line->dropped != 0) {
        line_report_dropped(d, line);
    }
    spin_unlock(&console_lock);
}

void console_input(void)
{
    bool any = false;
    spin_lock(&console_lock);
    for (int byte = uart_receive(); byte >= 0; byte = uart_receive()) {
        if (input_put - input_taken < INPUT_SIZE) {
            input_queue[input_put++ % INPUT_SIZE] = (uint8_t)byte;
            any = true;
        }
    }
    spin_unlock(&console_lock);
    if (any) {
        event_channel_raise_global_virq(VIRQ_CONSOLE);
    }
}

int64_t console_guest_read(gva_t buffer, uint32_t count)
{
    char chunk[CHUNK_SIZE];
    uint32_t done = 0;
    while (done < count) {
        size_t size = 0;
        spin_lock(&console_lock);
        while (size < sizeof(chunk) && size < count - done && input_taken != input_put) {
            chunk[size++] = (char)input_queue[input_taken++ % INPUT_SIZE];
        }
        spin_unlock(&console_lock);
        if (size == 0) {
            break;
        }
        if (guest_access_write(GVA(buffer.v + done), chunk, size) != 0) {
            return -XEN_EFAULT;
        }
        done += (uint32_t)size;
    }
    return done;
}

/* Copies up to `room` bytes of the log from *position on; moves *position to what was copied last. */
static size_t log_copy(uint32_t *position, char *buffer, size_t room)
{
    spin_lock(&console_lock);
    if (log_written - *position > LOG_SIZE) {
        *position = log_written - LOG_SIZE;
    }
    size_t size = min_u64(room, log_written - *position);
    for (size_t i = 0; i < size; i++) {
        buffer[i] = log_ring[*position % LOG_SIZE];
        (*position)++;
    }
    spin_unlock(&console_lock);
    return size;
}

int console_read_log(struct xen_sysctl_readconsole *request)
{
    char chunk[CHUNK_SIZE];
    uint32_t copied = 0;
    uint32_t position = log_cleared;
    /* An index from a reader that fell behind, or from nowhere, starts at the oldest byte there is. */
    if (request->incremental && (int32_t)(request->index - position) > 0) {
        position = request->index;
    }
    if ((int32_t)(log_written - position) < 0) {
        position = log_written;
    }
    while (copied < request->count) {
        size_t size = log_copy(&position, chunk, min_u64(sizeof(chunk), request->count - copied));
        if (size == 0) {
            break;
        }
        if (guest_access_write(GVA((uint64_t)request->buffer.p + copied), chunk, size) != 0) {
            return -XEN_EFAULT;
        }
        copied += (uint32_t)size;
    }
    if (request->clear) {
        spin_lock(&console_lock);
        log_cleared = log_written;
        spin_unlock(&console_lock);
    }
    request->count = copied;
    request->index = position;
    return 0;
}
