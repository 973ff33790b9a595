/* SPDX-License-Identifier: MIT */
/*
 * session.h: what most of the machine's commands begin with: a connection to the store and a domain
 * by its name or id; and requests to the console back end.
 * Invariant SES1: whatever session_* opened is closed by the caller, also on failure paths.
 * Read next: cmd_domain.c.
 */
#ifndef PVCTL_SESSION_H
#define PVCTL_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "dom0-tools/libpv/domctl.h"
#include "dom0-tools/libpv/error.h"
#include "dom0-tools/libpv/store.h"

/* NULL with ERROR_STORE when there is no store. */
struct store *session_store(struct error *error);

/* A domain by name or id: its info. `store` may be NULL for one of its own. -1: error set. */
int session_domain(struct store *store, const char *name_or_id, struct domain_info *info,
                   struct error *error);

/*
 * All domains, ascending, malloc'ed. Returns their number, or -1 with the error set.
 */
int session_domains(struct domain_info **infos, struct error *error);

/*
 * Send one line to the console back end and read its one-line answer. On "ok" returns a descriptor
 * that goes on as the request says, with the rest of the answer in `answer`; on "error TEXT" or with no
 * back end -1 and the error set (ERROR_NO_CONSOLE).
 */
int session_console(const char *request, char *answer, size_t size, struct error *error);

/* Like it, for requests without a stream: closes the descriptor. 0 or -1. */
int session_console_simple(const char *request, char *answer, size_t size, struct error *error);

/* A text as a JSON string, quotes included. */
void session_json_text(FILE *stream, const char *text);

#endif
