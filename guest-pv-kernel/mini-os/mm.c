/* SPDX-License-Identifier: MIT */
/*
 * Memory, output, the first thread, by Mini-OS's names. Owns: nothing. Read next: ../include/pvk/memory.h
 */
#include <mini-os/mm.h>

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <mini-os/console.h>
#include <mini-os/kernel.h>
#include <mini-os/os.h>
#include <mini-os/xmalloc.h>
#include <pvk/console.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>

#include "port.h"

#define LINE_MAX_BYTES 1024

shared_info_t *HYPERVISOR_shared_info;
start_info_t *start_info_ptr;

unsigned long alloc_pages(int order)
{
    return (unsigned long)memory_alloc_pages((unsigned int)order);
}

void free_pages(void *pages, int order)
{
    memory_free_pages(pages, (unsigned int)order);
}

void *_xmalloc(size_t size, size_t alignment)
{
    return memalign(alignment < sizeof(void *) ? sizeof(void *) : alignment, size);
}

unsigned long mini_os_mfn_of(const void *address)
{
    return memory_mfn_of(address);
}

unsigned long mini_os_pfn_of_mfn(unsigned long mfn)
{
    return memory_pfn_of_mfn(mfn);
}

unsigned long mini_os_mfn_of_pfn(unsigned long pfn)
{
    return memory_mfn_of_pfn(pfn);
}

void *map_frames_ex(const unsigned long *frames, unsigned long count, unsigned long stride,
                    unsigned long increment, unsigned long alignment, domid_t domid, int *errors,
                    unsigned long protection)
{
    unsigned long *mfns = calloc(count, sizeof(*mfns));
    void *address = NULL;

    if (mfns != NULL && alignment <= 1) {
        for (unsigned long i = 0; i < count; i++) {
            mfns[i] = frames[i * stride] + i * increment;
        }
        address = memory_map_frames(
            mfns, count, protection == L1_PROT_RO ? MEMORY_READ : MEMORY_WRITE, domid, errors);
    }
    free(mfns);
    return address;
}

int unmap_frames(unsigned long address, unsigned long count)
{
    memory_unmap_frames((void *)address, count);
    return 0;
}

/* ---- output, ends ------------------------------------------------------------------------------- */

void print(int direct, const char *format, va_list arguments)
{
    char line[LINE_MAX_BYTES];
    int length = vsnprintf(line, sizeof(line), format, arguments);

    (void)direct;
    if (length > 0) {
        console_write(line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
    }
}

void printk(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print(0, format, arguments);
    va_end(arguments);
}

void do_exit(void)
{
    panic("the application gave up");
}

void HYPERVISOR_shutdown(unsigned int reason)
{
    switch (reason) {
    case SHUTDOWN_reboot:
        shutdown_reboot();
    case SHUTDOWN_crash:
        shutdown_crash();
    default:
        shutdown_poweroff(0);
    }
}

void mini_os_bug(const char *file, int line)
{
    panic("BUG at %s:%d", file, line);
}

void mini_os_start(void)
{
    HYPERVISOR_shared_info = start_shared_info();
    start_info_ptr = (start_info_t *)(uintptr_t)start_information();
}
