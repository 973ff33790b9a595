/* SPDX-License-Identifier: MIT */
/*
 * console_backend.h: the console back end: every guest's console, kept from before its first byte
 * until after its death, and what becomes of a domain that ended.
 *
 * It serves "console" (seam_console_connect). A client sends one line and gets "ok [TEXT]" or
 * "error TEXT", then a stream or the end:
 *   track DOMID FRAME PORT NAME ON_POWEROFF ON_REBOOT ON_CRASH ON_WATCHDOG   a new domain; end
 *   attach DOMAIN    its console both ways, from what was said last, until it ends
 *   follow DOMAIN    all of its log, going on until it ends
 *   logs DOMAIN      all of its log; end
 *   tail DOMAIN      the last lines of its log; end
 *   wait DOMAIN      nothing; ends when the domain does
 *   fate DOMAIN      "running", "poweroff", "reboot", "destroyed", "crash TEXT" ...; end
 *   destroy DOMID    unmap, release, destroy; "ok" when it is gone; end
 *   kernel DOMAIN SIZE PATH  its image, whose names a backtrace shows; end
 *   image DOMAIN     that path; end
 *   rename DOMID NAME  its log goes by this name from now on; end
 * When a domain ends it sends "restart UUID" or "forget UUID" to the service "keeper" (pvctl/keeper.h).
 * DOMAIN is a name or an id; a dead domain is found by name, the last one that had it.
 * Invariant CON1: an index that a guest wrote is read once and clamped to its ring before use.
 * CON2: memory per guest is bounded (CONSOLE_LOG_BYTES), and so is the number of kept dead logs.
 * Read next: console_backend.c.
 */
#ifndef BACKENDS_CONSOLE_BACKEND_H
#define BACKENDS_CONSOLE_BACKEND_H

#define CONSOLE_LOG_BYTES      65536u
#define CONSOLE_DEAD_KEPT      16u
#define CONSOLE_ATTACH_BACKLOG 2048u

/* Start its thread; returns at once. */
void console_backend_start(void);

#endif
