/* SPDX-License-Identifier: MIT */
/*
 * What Mini-OS's names are made of: some types of <pvk/thread.h> and <pvk/xenbus.h> are also called what
 * Mini-OS calls others, so that no file includes both. port.c alone knows the kernel's.
 * Read next: port.c, sched.c
 */
#ifndef MINI_OS_PORT_H
#define MINI_OS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mini_os_sleeper;
struct port_watch;

/* Before app_main(): what drivers look at. */
void mini_os_start(void);

/* ---- threads ------------------------------------------------------------------------------------ */

const void *port_current(void);
/* 0, or -ENOMEM. */
int port_thread(const char *name, void (*entry)(void *argument), void *argument);
__attribute__((noreturn)) void port_thread_exit(void);
void port_yield(void);

struct mini_os_sleeper *port_sleeper_new(void);
/* Until port_wake() or the deadline. */
void port_sleep(struct mini_os_sleeper *sleeper, uint64_t deadline_ns);
void port_wake(struct mini_os_sleeper *sleeper);

/* ---- the store ---------------------------------------------------------------------------------- */

int port_store_read(uint32_t transaction, const char *path, char **value);
int port_store_write(uint32_t transaction, const char *path, const char *value);
int port_store_remove(uint32_t transaction, const char *path);
/* names as xenbus_directory() gives them. */
int port_store_list(uint32_t transaction, const char *path, char ***names, size_t *count);
int port_store_set_permission(uint32_t transaction, const char *path, const char *permission);
int port_store_begin(uint32_t *transaction);
int port_store_end(uint32_t transaction, bool commit);
int port_store_request(uint32_t type, uint32_t transaction, const void *payload, size_t length,
                       char **reply, size_t *reply_length);
int port_store_watch(const char *path, void (*changed)(const char *path, void *data), void *data,
                     struct port_watch **watch);
void port_store_unwatch(struct port_watch *watch);

#endif
