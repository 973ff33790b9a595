/* SPDX-License-Identifier: MIT */
/*
 * A process: threads that share a table of descriptors, a current directory and an exit status.
 * There is one address space; a process is what dom0 runs each pvctl command in.
 * Invariant PR1: exit() ends the process of its caller, never another; in the first process it ends
 * the domain.
 */
#ifndef PVK_PROCESS_H
#define PVK_PROCESS_H

#include <stdbool.h>
#include <pvk/thread.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PROCESS_MAX_FILES 128

struct file;
struct process;

typedef int (*process_main_t)(int argc, char **argv);

/* Starts `main` in a new process with copies of the arguments. `files` are its descriptors 0, 1, 2
 * (references are taken; an entry, or `files` itself, NULL: the caller's). stack_size 0: 64 KiB.
 * NULL: out of memory. The caller owns the process until process_wait(). */
struct process *process_spawn(const char *name, process_main_t main, int argc, char **argv,
                              struct file *const files[3], size_t stack_size);
/* Waits for its end, frees it; the exit status 0-255. A cancelled waiter keeps waiting. */
int process_wait(struct process *process);
/* Calls back once when it has ended (instead of waiting); then process_wait returns at once. */
void process_on_exit(struct process *process, void (*callback)(struct process *, void *data),
                     void *data);

/* Asks it to end: waits return false, reads and polls -EINTR, from now on. */
void process_cancel(struct process *process);
/* Whether the current process was asked to. */
bool process_cancelled(void);

struct process *process_current(void);
const char *process_name(const struct process *process);
__attribute__((noreturn)) void process_exit(int status);

/* One pointer for the process's owner (dom0: the session with its host paths and terminal). */
void process_set_context(struct process *process, void *context);
void *process_context(const struct process *process);

#ifdef __cplusplus
}
#endif

#endif
