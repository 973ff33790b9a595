/* SPDX-License-Identifier: MIT */
/*
 * Dying with a reason: the message, the thread, who called whom.
 * The table of function names is made by the second link (build.mk): sorted offsets from the
 * image's start, each with the offset of its name.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <pvk/console.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/thread.h>

#define MAX_CALLERS 24

struct symbol {
    uint32_t offset; /* from image_start */
    uint32_t name;   /* into symbols_names */
};

extern const struct symbol symbols_table[];
extern const uint32_t symbols_count;
extern const char symbols_names[];
extern char image_start[], text_end[];

const char *panic_symbol(unsigned long address, unsigned long *offset)
{
    uint32_t low = 0, high = symbols_count;
    unsigned long wanted = address - (unsigned long)image_start;

    if (address < (unsigned long)image_start || address >= (unsigned long)text_end || high == 0 ||
        wanted < symbols_table[0].offset) {
        return NULL;
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (symbols_table[middle].offset <= wanted) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *offset = wanted - symbols_table[low].offset;
    return symbols_names + symbols_table[low].name;
}

static void print_caller(unsigned long address)
{
    unsigned long offset;
    const char *name = panic_symbol(address, &offset);

    if (name == NULL) {
        console_printf("  %lx\n", address);
    } else {
        console_printf("  %lx %s+%lx\n", address, name, offset);
    }
}

void panic_backtrace(unsigned long instruction, const void *frame)
{
    const unsigned long *link = frame;

    console_printf("called from:\n");
    print_caller(instruction);
    for (int i = 0; i < MAX_CALLERS; i++) {
        const unsigned long *up;

        /* A wild frame pointer must not fault again; a stack grows down, so each frame is higher
         * than the last. */
        if (memory_mfn_of(link) == ~0ul || memory_pfn_of(link) == 0 ||
            ((unsigned long)link & 7) != 0) {
            return;
        }
        up = (const unsigned long *)link[0];
        if (link[1] == 0) {
            return;
        }
        print_caller(link[1]);
        if (up <= link || (unsigned long)up - (unsigned long)link > 0x100000) {
            return;
        }
        link = up;
    }
}

void panic(const char *format, ...)
{
    static bool panicking;
    va_list arguments;

    if (!panicking) {
        panicking = true;
        console_printf("\npanic: ");
        va_start(arguments, format);
        console_vprintf(format, &arguments);
        va_end(arguments);
        if (thread_current() != NULL) {
            console_printf("\nin thread %s, ", thread_name(thread_current()));
        }
        panic_backtrace((unsigned long)__builtin_return_address(0),
                        *(void **)__builtin_frame_address(0));
    }
    shutdown_crash();
}
