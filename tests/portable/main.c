/* SPDX-License-Identifier: MIT */
/*
 * Runs a unit suite's tests, each in a process of its own, and reports TAP. Read next:
 * criterion/criterion.h
 */
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#define STATUS_FAILED  1
#define STATUS_SKIPPED 77

static struct portable_test *first, **last = &first;
static bool has_failed;

void portable_register(struct portable_test *test)
{
    *last = test;
    last = &test->next;
}

void portable_fail(const char *file, int line, const char *text, bool is_fatal)
{
    printf("# %s:%d: %s\n", file, line, text);
    has_failed = true;
    if (is_fatal) {
        fflush(stdout);
        _exit(STATUS_FAILED);
    }
}

_Noreturn void portable_skip(const char *reason)
{
    printf("# skipped: %s\n", reason);
    fflush(stdout);
    _exit(STATUS_SKIPPED);
}

/* A test's own options count before its suite's. */
static struct portable_options options_of(const struct portable_test *test)
{
    struct portable_options options = test->options;

    for (const struct portable_test *suite = first; suite != NULL; suite = suite->next) {
        if (suite->name == NULL && strcmp(suite->suite, test->suite) == 0) {
            options.init = options.init != NULL ? options.init : suite->options.init;
            options.fini = options.fini != NULL ? options.fini : suite->options.fini;
        }
    }
    return options;
}

static _Noreturn void run(const struct portable_test *test)
{
    struct portable_options options = options_of(test);

    if (options.init != NULL) {
        options.init();
    }
    test->function();
    if (options.fini != NULL) {
        options.fini();
    }
    fflush(stdout);
    _exit(has_failed ? STATUS_FAILED : 0);
}

int main(void)
{
    bool all_well = true;

    for (const struct portable_test *test = first; test != NULL; test = test->next) {
        int status = -1;
        pid_t child;

        if (test->name == NULL) {
            continue;
        }
        fflush(stdout);
        child = fork();
        if (child == 0) {
            run(test);
        }
        if (child < 0 || waitpid(child, &status, 0) != child) {
            status = -1;
        }
        if (status != 0 && WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIPPED) {
            printf("ok - %s: %s # SKIP see above\n", test->suite, test->name);
        } else {
            printf("%sok - %s: %s\n", status == 0 ? "" : "not ", test->suite, test->name);
            all_well = all_well && status == 0;
        }
    }
    return all_well ? 0 : 1;
}
