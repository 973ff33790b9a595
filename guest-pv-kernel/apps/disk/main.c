/* SPDX-License-Identifier: MIT */
/*
 * What a virtual disk can do. The words of the command line, one after the other:
 *   info      its size and features
 *   bench     throughput and requests per second, at depth 1 and 32
 *   verify    random reads and writes at depth 1 to 32, against a model of the contents
 *   stress    verify without end
 *   discard   write a megabyte, give the middle of it back, and look at what is left
 *   plug      rounds of writes to random places at depth 1 to 32, each with a flush: for whoever pulls the plug
 *   rounds    write a numbered round, flush, say so, again: for whoever pulls the plug
 *   fill      write from the first sector on until the disk refuses, check that, and wait until it goes on
 *   watch     read its last sector again and again, and say when the answer changes
 *   dump      the first line of text on it, through /dev
 *   lie       what a hostile front end does, to see that it is refused
 *   rewrite   change requests after they were published, for a while
 *   rewind    move the ring's index backwards
 *   flap      write every state there is into the store, in no order
 *   vanish    end with requests under way
 *   flood     requests without end, none of which needs any work
 *   wait      do nothing until the end
 * Anything after "disk=" is the disk's name, xvda unless said; "seed=" begins the random numbers; "only="
 * picks one line of bench, "times=" repeats it.
 * Read next: verify.c
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pvk/thread.h>
#include <pvk/time.h>

#include "disk.h"

#define DISCARD_SECTORS 2048u

const char *disk_name = "xvda";
unsigned long disk_seed = 1, disk_only, disk_times = 1;

static int fail(const char *what, int result)
{
    printf("disk: %s: %s\n", what, strerror(-result));
    return 1;
}

static int information(struct block_device *device)
{
    struct block_information disk;
    int result = block_information(device, &disk);

    if (result != 0) {
        return fail("information", result);
    }
    printf("%s: %llu sectors of %u bytes, %s, %s%s, depth %u, %zu KiB a request, %s\n", disk_name,
           (unsigned long long)disk.nr_sectors, (unsigned int)disk.sector_size,
           disk.read_only ? "read-only" : "writable", disk.can_flush ? "flush" : "no flush",
           disk.can_discard ? ", discard" : "", disk.depth, disk.most_bytes / 1024,
           disk.persistent ? "persistent grants" : "a grant for each request");
    return 0;
}

_Noreturn static void never(void)
{
    for (;;) {
        thread_sleep(THREAD_FOREVER / 4);
    }
}

/* The disk was taken away: wait until it is given again. */
void disk_come_back(struct block_device **device)
{
    printf("the disk is gone\n");
    while (block_open(disk_name, device) != 0) {
        thread_sleep(100 * TIME_MILLISECOND_NS);
    }
    printf("the disk is back\n");
}

static int rounds(struct block_device *device)
{
    static char sectors[ROUND_SECTORS * 512];

    for (unsigned int round = 1;; round++) {
        int result;

        memset(sectors, 0, sizeof(sectors));
        for (unsigned int i = 0; i < ROUND_SECTORS; i++) {
            snprintf(sectors + i * 512, 512, "round %u sector %u\n", round, i);
        }
        result = block_write(device, 0, sectors, sizeof(sectors));
        result = result != 0 ? result : block_flush(device);
        if (result == -ENODEV) {
            disk_come_back(&device);
            continue;
        }
        if (result != 0) {
            return fail("rounds", result);
        }
        printf("flushed %u\n", round);
        fflush(stdout);
    }
}

/* Through newlib's descriptors, from an odd offset. */
static int dump(struct block_device *device)
{
    char path[32], text[65] = "";
    int descriptor;
    ssize_t count;

    (void)device;
    snprintf(path, sizeof(path), "/dev/%s", disk_name);
    descriptor = open(path, O_RDONLY);
    count = descriptor < 0 ? -1 : read(descriptor, text, sizeof(text) - 1);
    if (count < 0) {
        perror(path);
        return 1;
    }
    text[strcspn(text, "\n")] = '\0';
    printf("%s begins with \"%s\", %lld bytes\n", path, text,
           (long long)lseek(descriptor, 0, SEEK_END));
    close(descriptor);
    return 0;
}

static int discard(struct block_device *device)
{
    static char bytes[DISCARD_SECTORS * 512], back[DISCARD_SECTORS * 512];
    size_t part = sizeof(bytes) / 4;
    int result;

    memset(bytes, 'x', sizeof(bytes));
    result = block_write(device, 0, bytes, sizeof(bytes));
    result = result != 0 ? result : block_flush(device);
    result = result != 0 ? result : block_discard(device, DISCARD_SECTORS / 4, DISCARD_SECTORS / 2);
    if (result != 0) {
        return fail("discard", result);
    }
    result = block_read(device, 0, back, sizeof(back));
    if (result != 0 || memcmp(back, bytes, part) != 0 ||
        memcmp(back + 3 * part, bytes, part) != 0) {
        return fail("discard: the sectors beside it", result != 0 ? result : -EIO);
    }
    memset(bytes, 0, sizeof(bytes));
    printf("discard: what is beside it is untouched, itself is %s\n",
           memcmp(back + part, bytes, 2 * part) == 0 ? "zeros" : "as it was");
    return 0;
}

static int wait_for_ever(struct block_device *device)
{
    (void)device;
    never();
}

static const struct {
    const char *word;
    int (*run)(struct block_device *device);
} tasks[] = {
    {"info", information},   {"bench", disk_bench},     {"verify", disk_verify},
    {"stress", disk_stress}, {"rounds", rounds},        {"dump", dump},
    {"fill", disk_fill},     {"watch", disk_watch},     {"discard", discard},
    {"plug", disk_plug},     {"wait", wait_for_ever},   {"lie", disk_lie},
    {"flood", disk_flood},   {"rewrite", disk_rewrite}, {"rewind", disk_rewind},
    {"flap", disk_flap},     {"vanish", disk_vanish},
};

static int run(const char *word, struct block_device *device)
{
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        if (strcmp(word, tasks[i].word) == 0) {
            return tasks[i].run(device);
        }
    }
    printf("disk: there is no task '%s'\n", word);
    return 2;
}

int main(int argc, char **argv)
{
    struct block_device *device;
    int status = 0, result;

    for (int i = 1; i < argc; i++) {
        disk_name = strncmp(argv[i], "disk=", 5) == 0 ? argv[i] + 5 : disk_name;
        disk_seed = strncmp(argv[i], "seed=", 5) == 0 ? strtoul(argv[i] + 5, NULL, 0) : disk_seed;
        disk_only = strncmp(argv[i], "only=", 5) == 0 ? strtoul(argv[i] + 5, NULL, 0) : disk_only;
        disk_times =
            strncmp(argv[i], "times=", 6) == 0 ? strtoul(argv[i] + 6, NULL, 0) : disk_times;
    }
    result = block_open(disk_name, &device);
    if (result != 0) {
        return fail(disk_name, result);
    }
    for (int i = 1; i < argc && status == 0; i++) {
        if (strchr(argv[i], '=') == NULL) {
            status = run(argv[i], device);
        }
    }
    return status;
}
