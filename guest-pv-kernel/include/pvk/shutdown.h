/* SPDX-License-Identifier: MIT */
/*
 * Ends of a domain, wanted and unwanted.
 */
#ifndef PVK_SHUTDOWN_H
#define PVK_SHUTDOWN_H

#ifdef __cplusplus
extern "C" {
#endif

/* Flushes the console, then SCHEDOP_shutdown with that reason. A power-off leaves the status in the
 * domain's xenstore node control/exit-status when there is a store, which may take a moment: threads
 * only, no event handler. */
__attribute__((noreturn)) void shutdown_poweroff(int status);
__attribute__((noreturn)) void shutdown_reboot(void);
__attribute__((noreturn)) void shutdown_crash(void);

/* Prints the message, the thread and a symbolic backtrace, then crashes the domain. */
__attribute__((noreturn)) void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The name of the function that holds `address`; *offset from its start. NULL: none. */
const char *panic_symbol(unsigned long address, unsigned long *offset);
/* Prints the callers, starting from a frame pointer. */
void panic_backtrace(unsigned long instruction, const void *frame);

#ifdef __cplusplus
}
#endif

#endif
