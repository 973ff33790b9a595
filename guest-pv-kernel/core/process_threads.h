/* SPDX-License-Identifier: MIT */
/*
 * How threads and processes know of each other. `process` may be NULL: the kernel's own threads.
 */
#ifndef PROCESS_THREADS_H
#define PROCESS_THREADS_H

struct process;
struct thread;
struct file;

void process_thread_begins(struct process *process, struct thread *thread);
/* The last thread's end is the process's. */
void process_thread_ends(struct process *process, struct thread *thread);

/* The descriptors of a process; NULL: those of the kernel's threads. */
struct file **process_files(struct process *process);
/* Its current directory: PROCESS_PATH_MAX bytes. */
#define PROCESS_PATH_MAX 256
char *process_directory(struct process *process);

#endif
