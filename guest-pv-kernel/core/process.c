/* SPDX-License-Identifier: MIT */
/*
 * Processes: descriptors, a directory, an exit status, and the threads that share them.
 * Owns: every struct process. Invariant: PR1 (process.h). Read next: file.c
 */
#include <fcntl.h>
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pvk/file.h>
#include <pvk/process.h>
#include <pvk/shutdown.h>
#include "process_threads.h"
#include "thread_layout.h"

#define DEFAULT_STACK (64u * 1024u)

struct process {
    char name[24];
    process_main_t main;
    int argc;
    char **argv; /* one block with the strings */
    int status;
    bool ended, cancelled;
    struct thread *threads;
    struct file *files[PROCESS_MAX_FILES];
    struct wait_queue exit_waiters;
    void (*exit_callback)(struct process *, void *);
    void *exit_data;
    void *context;
    char directory[PROCESS_PATH_MAX];
};

static struct file *kernel_files[PROCESS_MAX_FILES];
static char kernel_directory[PROCESS_PATH_MAX] = "/";
static struct process *first_process;

struct process *process_current(void)
{
    return thread_current() == NULL ? NULL : thread_process(thread_current());
}

const char *process_name(const struct process *process)
{
    return process->name;
}

struct file **process_files(struct process *process)
{
    return process == NULL ? kernel_files : process->files;
}

char *process_directory(struct process *process)
{
    return process == NULL ? kernel_directory : process->directory;
}

void process_set_context(struct process *process, void *context)
{
    process->context = context;
}

void *process_context(const struct process *process)
{
    return process == NULL ? NULL : process->context;
}

bool process_cancelled(void)
{
    struct process *process = process_current();

    return process != NULL && process->cancelled;
}

void process_cancel(struct process *process)
{
    process->cancelled = true;
    for (struct thread *thread = process->threads; thread != NULL; thread = thread->process_next) {
        thread_interrupt(thread);
    }
}

static char **copy_arguments(int argc, char **argv)
{
    size_t count = (size_t)argc;
    size_t bytes = (count + 1) * sizeof(char *);
    char **copy;
    char *text;

    for (size_t i = 0; i < count; i++) {
        bytes += strlen(argv[i]) + 1;
    }
    copy = malloc(bytes);
    if (copy == NULL) {
        return NULL;
    }
    text = (char *)(copy + count + 1);
    for (size_t i = 0; i < count; i++) {
        copy[i] = strcpy(text, argv[i]);
        text += strlen(text) + 1;
    }
    copy[count] = NULL;
    return copy;
}

static void run_main(void *argument)
{
    struct process *process = argument;

    exit(process->main(process->argc, process->argv));
}

struct process *process_spawn(const char *name, process_main_t main, int argc, char **argv,
                              struct file *const files[3], size_t stack_size)
{
    struct process *process = calloc(1, sizeof(*process));
    struct file **inherited = process_files(process_current());

    if (process == NULL) {
        return NULL;
    }
    process->main = main;
    process->argc = argc;
    process->argv = copy_arguments(argc, argv);
    if (process->argv == NULL) {
        free(process);
        return NULL;
    }
    strncpy(process->name, name, sizeof(process->name) - 1);
    memcpy(process->directory, process_directory(process_current()), PROCESS_PATH_MAX);
    for (int i = 0; i < 3; i++) {
        struct file *file = files != NULL && files[i] != NULL ? files[i] : inherited[i];

        process->files[i] = file == NULL ? NULL : file_get(file);
    }
    if (first_process == NULL) {
        first_process = process;
    }
    if (thread_create_in(process, name, run_main, process,
                         stack_size == 0 ? DEFAULT_STACK : stack_size) == NULL) {
        for (int i = 0; i < 3; i++) {
            file_put(process->files[i]);
        }
        free(process->argv);
        free(process);
        return NULL;
    }
    return process;
}

void process_thread_begins(struct process *process, struct thread *thread)
{
    if (process != NULL) {
        thread->process_next = process->threads;
        process->threads = thread;
    }
}

static void end_process(struct process *process)
{
    for (int i = 0; i < PROCESS_MAX_FILES; i++) {
        struct file *file = process->files[i];

        process->files[i] = NULL;
        file_put(file);
    }
    if (process == first_process) {
        shutdown_poweroff(process->status);
    }
    process->ended = true;
    wait_queue_wake_all(&process->exit_waiters);
    if (process->exit_callback != NULL) {
        process->exit_callback(process, process->exit_data);
    }
}

void process_thread_ends(struct process *process, struct thread *thread)
{
    if (process == NULL) {
        return;
    }
    for (struct thread **link = &process->threads; *link != NULL; link = &(*link)->process_next) {
        if (*link == thread) {
            *link = thread->process_next;
            break;
        }
    }
    /* What is left of this thread belongs to nobody: its process may be freed before its stack. */
    thread->process = NULL;
    if (process->threads == NULL) {
        end_process(process);
    }
}

void process_exit(int status)
{
    struct process *process = process_current();

    fflush(stdout);
    fflush(stderr);
    if (process != NULL && process != first_process) {
        process->status = status & 0xff;
        if (process->threads != thread_current() || thread_current()->process_next != NULL) {
            process_cancel(process); /* the others end at their next wait */
        }
        thread_exit();
    }
    shutdown_poweroff(status & 0xff);
}

int process_wait(struct process *process)
{
    int status;

    while (!process->ended) {
        wait_queue_wait_always(&process->exit_waiters);
    }
    status = process->status;
    free(process->argv);
    free(process);
    return status;
}

void process_on_exit(struct process *process, void (*callback)(struct process *, void *data),
                     void *data)
{
    if (process->ended) {
        callback(process, data);
        return;
    }
    process->exit_callback = callback;
    process->exit_data = data;
}
