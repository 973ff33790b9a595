/* SPDX-License-Identifier: MIT */
/*
 * domain_explain.c: why a domain crashed, in words: the hypervisor's reason and registers, and the stack with
 * the names that its kernel's ELF file gives to the addresses.
 * Owns: nothing. The kernel's file is read when it is needed, and believed while its size is what it was.
 * Read next: domain_watch.c, ../libpv/kernel_symbols.h.
 */
#include "dom0-tools/backends/console_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0-tools/libpv/kernel_symbols.h"
#include "dom0-tools/libpv/sysctl.h"

#define HYPERVISOR_LOG_BYTES 16384

/* Whether a line speaks of the domain as d5, (d5) or "omain 5", and of no other with more digits. */
static bool line_names(const char *line, uint16_t domid)
{
    for (int form = 0; form < 2; form++) {
        char name[24];
        size_t length = (size_t)snprintf(name, sizeof(name), form == 0 ? "d%u" : "omain %u",
                                         (unsigned int)domid);

        for (const char *at = strstr(line, name); at != NULL; at = strstr(at + 1, name)) {
            bool begins = at == line || strchr(" (Dd", at[-1]) != NULL;
            bool ends = at[length] < '0' || at[length] > '9';

            if (begins && ends) {
                return true;
            }
        }
    }
    return false;
}

/* A line of the hypervisor's log without what stands before its words: "(XEN) ", "[   1.234567] ". */
static char *line_words(char *line)
{
    line[strcspn(line, "\r")] = '\0';
    if (strncmp(line, "(XEN) ", 6) == 0) {
        line += 6;
    }
    if (line[0] == '[' && strspn(line + 1, " .0123456789") == strcspn(line + 1, "]") &&
        strstr(line, "] ") != NULL) {
        line = strstr(line, "] ") + 2;
    }
    return line;
}

/* The next line of a text, ended in place; NULL behind the last. */
static char *next_line(char **text)
{
    char *line = *text;
    char *end = line != NULL ? strchr(line, '\n') : NULL;

    if (line == NULL || *line == '\0') {
        return NULL;
    }
    if (end != NULL) {
        *end = '\0';
    }
    *text = end != NULL ? end + 1 : NULL;
    return line;
}

/* ---- names of addresses ------------------------------------------------------------------------ */

static int read_file(void *context, uint64_t offset, void *buffer, size_t bytes)
{
    int descriptor = *(const int *)context;
    char *at = buffer;

    if (lseek(descriptor, (off_t)offset, SEEK_SET) < 0) {
        return -1;
    }
    while (bytes > 0) {
        ssize_t done = read(descriptor, at, bytes);

        if (done <= 0) {
            return -1;
        }
        at += done;
        bytes -= (size_t)done;
    }
    return 0;
}

/* NULL when the image has no names, or is no longer the one that was started. */
static struct kernel_symbols *load_symbols(const struct console_guest *guest)
{
    int descriptor = guest->kernel[0] != '\0' ? open(guest->kernel, O_RDONLY) : -1;
    struct image_source source = {read_file, &descriptor, guest->kernel_size};
    struct kernel_symbols *symbols = NULL;

    if (descriptor < 0) {
        return NULL;
    }
    if (lseek(descriptor, 0, SEEK_END) == (off_t)guest->kernel_size) {
        symbols = kernel_symbols_load(&source);
    }
    close(descriptor);
    return symbols;
}

/* The address of a line "d5   at ADDRESS" or "d5 rip ADDRESS ..."; false for other lines. */
static bool line_address(const char *line, uint64_t *address)
{
    const char *words = strchr(line, ' ');

    words = words != NULL ? words + strspn(words, " ") : "";
    if (strncmp(words, "at ", 3) != 0 && strncmp(words, "rip ", 4) != 0) {
        return false;
    }
    *address = strtoull(strchr(words, ' '), NULL, 16);
    return true;
}

static void append_line(struct console_guest *guest, const struct kernel_symbols *symbols,
                        const char *line)
{
    uint64_t address, offset;
    const char *name =
        line_address(line, &address) ? kernel_symbols_find(symbols, address, &offset) : NULL;

    console_log_append(&guest->log, line, strlen(line));
    if (name != NULL) {
        char text[128];
        int length =
            snprintf(text, sizeof(text), "  %.90s+0x%llx", name, (unsigned long long)offset);

        console_log_append(&guest->log, text, (size_t)length);
    }
    console_log_append(&guest->log, "\r\n", 2);
}

void domain_explain(struct console_guest *guest, char *reason, size_t size)
{
    char *log = malloc(HYPERVISOR_LOG_BYTES + 1);
    int length = log != NULL ? sysctl_read_console(log, HYPERVISOR_LOG_BYTES, 0) : 0;
    struct kernel_symbols *symbols = NULL;
    char *text = log, *line;

    reason[0] = '\0';
    if (log == NULL) {
        return;
    }
    log[length > 0 ? length : 0] = '\0';
    while ((line = next_line(&text)) != NULL) {
        line = line_words(line);
        if (!line_names(line, guest->domid)) {
            continue;
        }
        if (strstr(line, "crashed") != NULL) {
            const char *colon = strstr(line, "crashed: ");

            snprintf(reason, size, "%s", colon != NULL ? colon + 9 : line);
            console_guest_note(guest, "the domain crashed: %s", reason);
            symbols = symbols != NULL ? symbols : load_symbols(guest);
        } else if (reason[0] != '\0') {
            append_line(guest, symbols, line);
        }
    }
    kernel_symbols_free(symbols);
    free(log);
}
