/* SPDX-License-Identifier: MIT */
/*
 * Lab 1's examiner: calls xen_version and checksum in every way and prints what it saw, one observation a line:
 *
 *   exam TOKEN NAME WORD...
 *
 * It judges nothing. The grader has the same seed, knows what should have been seen, and made the token up a moment ago.
 * Command line: token=WORD seed=NUMBER.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <public/version.h>
#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include "xenlike/course/checksum.h"

#define NR_RANDOM_CALLS 10000u
#define FILL            0xaa
#define ANSWER_SIZE     2048

#define FIRST_NOT_CANONICAL 0x0000800000000000ull
#define HYPERVISOR_START    0xffff800000000000ull
#define HYPERVISOR_END      0xffff880000000000ull
#define NEVER_MAPPED        0x0000123456789000ull

static const char *token = "none";
static uint64_t state;

/* The grader steps the same generator (xorshift64). */
static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void say(const char *name)
{
    printf("exam %s %s", token, name);
}

static void say_bytes(const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;

    printf(" ");
    for (size_t i = 0; i < size; i++) {
        printf("%02x", byte[i]);
    }
}

/* A text of at most `size` bytes as hex, then how many bytes of those behind it are not 0, and of those behind them not FILL. */
static void version_text(const char *name, unsigned int command, size_t size)
{
    static unsigned char answer[ANSWER_SIZE];
    size_t length, dirty = 0, beyond = 0;
    long result;

    memset(answer, FILL, sizeof(answer));
    result = hypercall2(__HYPERVISOR_xen_version, command, (unsigned long)answer);
    length = strnlen((const char *)answer, size);
    for (size_t i = length; i < sizeof(answer); i++) {
        dirty += i < size && answer[i] != 0;
        beyond += i >= size && answer[i] != FILL;
    }
    say(name);
    printf(" %ld %zu %zu", result, dirty, beyond);
    say_bytes(answer, length);
    printf("\n");
}

static void versions(void)
{
    xen_domain_handle_t handle;
    unsigned long number = 0;
    long result;

    version_text("extraversion", XENVER_extraversion, sizeof(xen_extraversion_t));
    version_text("capabilities", XENVER_capabilities, sizeof(xen_capabilities_info_t));
    version_text("commandline", XENVER_commandline, sizeof(xen_commandline_t));
    say("pagesize");
    printf(" %ld", hypercall2(__HYPERVISOR_xen_version, XENVER_pagesize, 0));
    printf(" %ld\n", hypercall2(__HYPERVISOR_xen_version, XENVER_pagesize, (unsigned long)&number));
    memset(&handle, FILL, sizeof(handle));
    result = hypercall2(__HYPERVISOR_xen_version, XENVER_guest_handle, (unsigned long)&handle);
    say("handle");
    printf(" %ld", result);
    say_bytes(&handle, sizeof(handle));
    printf("\n");
    say("version_faults");
    printf(" %ld %ld %ld\n",
           hypercall2(__HYPERVISOR_xen_version, XENVER_extraversion, NEVER_MAPPED),
           hypercall2(__HYPERVISOR_xen_version, XENVER_guest_handle, HYPERVISOR_START),
           hypercall2(__HYPERVISOR_xen_version, XENVER_capabilities, FIRST_NOT_CANONICAL - 64));
}

static long checksum(uint64_t buffer, uint64_t length, uint32_t flags,
                     struct checksum_result *result)
{
    struct checksum_request request = {
        .buffer = buffer, .result = (uintptr_t)result, .length = (uint32_t)length, .flags = flags};

    return hypercall1(__HYPERVISOR_checksum, (unsigned long)&request);
}

/* What came back, and the whole answer's bytes. */
static void observe(const char *name, uint64_t buffer, uint64_t length, uint32_t flags)
{
    struct checksum_result result;
    long status;

    memset(&result, FILL, sizeof(result));
    status = checksum(buffer, length, flags, &result);
    say(name);
    printf(" %ld", status);
    say_bytes(&result, sizeof(result));
    printf("\n");
}

static unsigned char *fill_buffer(void)
{
    unsigned char *buffer = memory_alloc_pages(1);

    for (size_t i = 0; i < 2 * MEMORY_PAGE_SIZE; i++) {
        buffer[i] = (unsigned char)next_random();
    }
    return buffer;
}

static void values(const unsigned char *buffer)
{
    static const unsigned short lengths[] = {0, 1, 16, 255, 256, 257, 1000, 4095, 4096};
    char name[32];

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        snprintf(name, sizeof(name), "value_%u", lengths[i]);
        observe(name, (uintptr_t)buffer + i, lengths[i], 0);
    }
}

static void limits(const unsigned char *buffer)
{
    observe("length_4097", (uintptr_t)buffer, CHECKSUM_LENGTH_MAX + 1, 0);
    observe("length_2_31", (uintptr_t)buffer, 1ull << 31, 0);
    observe("length_2_32_less_1", (uintptr_t)buffer, UINT32_MAX, 0);
    observe("flags_1", (uintptr_t)buffer, 16, 1);
}

static void faults(unsigned char *buffer)
{
    unsigned long mfn = memory_mfn_of(buffer);
    unsigned char *window = memory_map_frames(&mfn, 1, MEMORY_READ, DOMID_SELF, NULL);
    struct checksum_result *before = (struct checksum_result *)buffer;
    struct checksum_result kept = *before;
    long status;

    say("request_faults");
    printf(" %ld %ld\n", hypercall1(__HYPERVISOR_checksum, NEVER_MAPPED),
           hypercall1(__HYPERVISOR_checksum, 8));
    observe("buffer_faults", NEVER_MAPPED, 16, 0);
    /* A window has no neighbour: the second half of this is not mapped. */
    observe("buffer_ends_early", (uintptr_t)window + MEMORY_PAGE_SIZE - 300, 600, 0);
    status = checksum((uintptr_t)buffer, 16, 0, (struct checksum_result *)window);
    say("result_read_only");
    printf(" %ld %d\n", status, memcmp(&kept, before, sizeof(kept)) == 0);
    memory_unmap_frames(window, 1);
}

static void hypervisor_pointers(const unsigned char *buffer)
{
    static const uint64_t addresses[] = {HYPERVISOR_START,    HYPERVISOR_START + 0x1000,
                                         HYPERVISOR_END - 8,  FIRST_NOT_CANONICAL - 8,
                                         FIRST_NOT_CANONICAL, 0xfffffffffffffff0ull};
    char name[32];

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        snprintf(name, sizeof(name), "buffer_at_%" PRIx64, addresses[i]);
        observe(name, addresses[i], 64, 0);
        say("request_and_result_at");
        printf(" %" PRIx64, addresses[i]);
        printf(" %ld", hypercall1(__HYPERVISOR_checksum, addresses[i]));
        /* The table of machine frames is the hypervisor's and readable: who trusts the pointer faults, and harms nothing. */
        printf(" %ld\n",
               checksum((uintptr_t)buffer, 16, 0, (struct checksum_result *)addresses[i]));
    }
}

/* Good and bad calls as the seed has it; every result goes into one number. */
static void random_calls(const unsigned char *buffer)
{
    uint64_t digest = 14695981039346656037ull;
    struct checksum_result result;

    for (unsigned int i = 0; i < NR_RANDOM_CALLS; i++) {
        uint64_t dice = next_random();
        uint64_t length = dice % 97, offset = dice >> 8 & 4095;
        uint64_t address = (uintptr_t)buffer + offset;
        uint32_t flags = 0;
        long status;

        switch (dice >> 24 & 7) {
        case 0:
            address = HYPERVISOR_START + (dice >> 32);
            length += 1;
            break;
        case 1:
            length += CHECKSUM_LENGTH_MAX + 1;
            break;
        case 2:
            flags = 1u << (dice >> 32 & 31);
            break;
        default:
            break;
        }
        memset(&result, 0, sizeof(result));
        status = checksum(address, length, flags, &result);
        digest = (digest ^ (uint64_t)status) * 1099511628211ull;
        digest = (digest ^ (status == 0 ? result.sum : 0)) * 1099511628211ull;
    }
    say("random_calls");
    printf(" %u %" PRIx64 "\n", NR_RANDOM_CALLS, digest);
}

int main(int argc, char **argv)
{
    unsigned char *buffer;

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "token=", 6) == 0) {
            token = argv[i] + 6;
        }
        if (strncmp(argv[i], "seed=", 5) == 0) {
            state = strtoull(argv[i] + 5, NULL, 10) * 2654435761ull + 88172645463325252ull;
        }
    }
    versions();
    buffer = fill_buffer();
    values(buffer);
    limits(buffer);
    faults(buffer);
    random_calls(buffer);
    /* Last: here a hypervisor that trusts its guest dies. */
    hypervisor_pointers(buffer);
    say("end");
    printf(" 0\n");
    return 0;
}
