/* SPDX-License-Identifier: MIT */
/*
 * Lab 1's second examiner: the student's hc_checksum.c on the host, over the fake machine, where guest memory can change between two
 * reads and the stack can be dirtied before the call. Prints observations as exam.c does; judges nothing.
 * Arguments: TOKEN SEED.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/fake.h"
#include "xenlike/course/checksum.h"
#include "xenlike/hypercall/hypercall.h"

#define GUEST_ADDRESS 0x10000000ull
#define GUEST_SIZE    65536u
#define REQUEST_AT    0u
#define RESULT_AT     256u
#define BUFFER_AT     4096u
#define SMALL_LENGTH  64u
#define STACK_DIRT    8192

hypercall_handler hc_checksum;

static unsigned char *memory;
static struct checksum_request *request;
static const char *token;
static unsigned int nr_request_reads;

static void say(const char *name)
{
    printf("exam %s %s", token, name);
}

static void say_result(long status)
{
    const unsigned char *byte = memory + RESULT_AT;

    printf(" %ld ", status);
    for (size_t i = 0; i < sizeof(struct checksum_result); i++) {
        printf("%02x", byte[i]);
    }
}

static void ask(uint32_t length)
{
    *request = (struct checksum_request){
        .buffer = GUEST_ADDRESS + BUFFER_AT, .result = GUEST_ADDRESS + RESULT_AT, .length = length};
    memset(memory + RESULT_AT, 0xaa, sizeof(struct checksum_result));
}

/* The guest's other processor: as soon as the length was read, it is another one. */
static void change_after_read(gva_t source, size_t size)
{
    uint64_t at = GUEST_ADDRESS + REQUEST_AT + offsetof(struct checksum_request, length);

    if (source.v <= at && at < source.v + size) {
        nr_request_reads++;
        request->length = CHECKSUM_LENGTH_MAX - 1;
    }
}

static __attribute__((noinline)) void dirty_the_stack(void)
{
    volatile unsigned char dirt[STACK_DIRT];

    for (size_t i = 0; i < sizeof(dirt); i++) {
        dirt[i] = 0x5c;
    }
}

static void fetched_once(void)
{
    ask(SMALL_LENGTH);
    nr_request_reads = 0;
    fake_after_read = change_after_read;
    long status = hc_checksum(GUEST_ADDRESS + REQUEST_AT, 0, 0, 0, 0, 0);
    fake_after_read = NULL;
    say("fetched_once");
    say_result(status);
    printf(" %u\n", nr_request_reads);
}

static void nothing_leaks(void)
{
    ask(SMALL_LENGTH);
    dirty_the_stack();
    long status = hc_checksum(GUEST_ADDRESS + REQUEST_AT, 0, 0, 0, 0, 0);
    say("nothing_leaks");
    say_result(status);
    printf("\n");
}

/* Each copy fails in turn: what comes back, until one call made fewer copies than that. */
static void each_copy_fails(void)
{
    say("each_copy_fails");
    for (unsigned int nth = 1; nth <= 64; nth++) {
        ask(1000);
        fake_fail_access = nth;
        long status = hc_checksum(GUEST_ADDRESS + REQUEST_AT, 0, 0, 0, 0, 0);
        bool is_over = fake_fail_access != 0;
        fake_fail_access = 0;
        if (is_over) {
            printf(" end");
            break;
        }
        printf(" %ld", status);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

    token = argc > 1 ? argv[1] : "none";
    fake_machine_init(64);
    fake_run(fake_vcpu_create(fake_domain_create(1, 8, false), 0));
    memory = fake_flat(GUEST_ADDRESS, GUEST_SIZE);
    request = (struct checksum_request *)(memory + REQUEST_AT);
    for (uint32_t i = BUFFER_AT; i < GUEST_SIZE; i++) {
        memory[i] = (unsigned char)((seed + i) * 2654435761u >> 13);
    }
    fetched_once();
    nothing_leaks();
    each_copy_fails();
    return 0;
}
