/* SPDX-License-Identifier: MIT */
/*
 * Claim: a process has its own descriptors, its exit status reaches its parent, cancelling it ends its
 * waits with EINTR, and its end closes its own files only. This is what dom0 runs commands in.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <pvk/file.h>
#include <pvk/process.h>
#include <pvk/time.h>
#include "outcome.h"

#define ROUNDS          20
#define STATUS_READ     7
#define STATUS_CANCELED 41

static int child(int argc, char **argv)
{
    char bytes[16];
    ssize_t count;

    printf("%d %s\n", argc, argv[1]);
    fprintf(stderr, "E");
    count = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (count < 0) {
        exit(errno == EINTR ? STATUS_CANCELED : 1);
    }
    return count == 5 && memcmp(bytes, "hello", 5) == 0 ? STATUS_READ : 2;
}

static void run(bool cancelled)
{
    struct file *in[2], *out[2], *error[2];
    char *arguments[] = {"child", "word", NULL};
    char text[64];
    struct process *process;

    OUTCOME_EXPECT_EQUAL(file_pipe(in, 0), 0);
    OUTCOME_EXPECT_EQUAL(file_pipe(out, 4), 0); /* smaller than what it says */
    OUTCOME_EXPECT_EQUAL(file_pipe(error, 0), 0);
    process = process_spawn("child", child, 2, arguments,
                            (struct file *const[3]){in[0], out[1], error[1]}, 0);
    OUTCOME_EXPECT(process != NULL);
    file_put(in[0]);
    file_put(out[1]);
    file_put(error[1]);
    OUTCOME_EXPECT_EQUAL(file_read_all(out[0], text, 7), 7);
    OUTCOME_EXPECT_EQUAL(memcmp(text, "2 word\n", 7), 0);
    thread_sleep(2 * TIME_MILLISECOND_NS);
    if (cancelled) {
        process_cancel(process);
    } else {
        OUTCOME_EXPECT_EQUAL(file_write_all(in[1], "hello", 5), 5);
    }
    OUTCOME_EXPECT_EQUAL(process_wait(process), cancelled ? STATUS_CANCELED : STATUS_READ);
    OUTCOME_EXPECT_EQUAL(file_read_all(out[0], text, sizeof(text)), 0);
    OUTCOME_EXPECT_EQUAL(file_read_all(error[0], text, sizeof(text)), 1);
    OUTCOME_EXPECT_EQUAL(file_write(in[1], "x", 1), -EPIPE);
    file_put(in[1]);
    file_put(out[0]);
    file_put(error[0]);
}

static void poll_sees_both_ends(void)
{
    int ends[2];
    char byte;

    OUTCOME_EXPECT_EQUAL(pipe(ends), 0);
    struct pollfd polls[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};

    OUTCOME_EXPECT_EQUAL(poll(polls, 1, 10), 0);
    OUTCOME_EXPECT_EQUAL(poll(polls, 2, 10), 1);
    OUTCOME_EXPECT_EQUAL(polls[1].revents, POLLOUT);
    OUTCOME_EXPECT_EQUAL(write(ends[1], "x", 1), 1);
    OUTCOME_EXPECT_EQUAL(poll(polls, 1, -1), 1);
    OUTCOME_EXPECT_EQUAL(close(ends[1]), 0);
    OUTCOME_EXPECT_EQUAL(read(ends[0], &byte, 1), 1);
    OUTCOME_EXPECT_EQUAL(read(ends[0], &byte, 1), 0);
    OUTCOME_EXPECT_EQUAL(close(ends[0]), 0);
}

int main(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        run(round % 2 == 1);
    }
    poll_sees_both_ends();
    OUTCOME_EXPECT(isatty(STDOUT_FILENO));
    outcome_success();
}
