/* SPDX-License-Identifier: MIT */
/*
 * domain_register.h: a domain's place in the store: name, home directory, rings; and finding
 * domains by what a user types. Invariant REG1: a domain has a store home exactly from registration
 * until release; what a failed registration wrote is removed. Read next: ../pvctl/cmd_create.c.
 */
#ifndef LIBPV_DOMAIN_REGISTER_H
#define LIBPV_DOMAIN_REGISTER_H

#include <stdint.h>

#include "dom0-tools/libpv/domain_build.h"
#include "dom0-tools/libpv/error.h"
#include "dom0-tools/libpv/store.h"

#define DOMAIN_NAME_MAX 64

struct domain_registration {
    const char *name;
    const char *on_poweroff, *on_reboot, *on_crash; /* "destroy", "preserve", "restart" ... */
    uint64_t memory_kib, max_memory_kib;
    unsigned int nr_vcpus, max_vcpus; /* in use at first; at most */
};

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" into text of 37 bytes. */
void domain_register_uuid_text(const uint8_t uuid[DOMCTL_UUID_SIZE], char text[37]);

/* -1 with ERROR_NAME_IN_USE or ERROR_STORE set; then nothing of it is left in the store. */
int domain_register(struct store *store, const struct domain_request *request,
                    const struct domain_built *built, const struct domain_registration *values,
                    struct error *error);
/* Remove all traces. Safe to repeat. */
void domain_register_release(struct store *store, uint16_t domid,
                             const uint8_t uuid[DOMCTL_UUID_SIZE]);

/* The name of a domain into text ("Domain-0" and "(null)"-free: falls back to "domain-N"). */
void domain_register_name(struct store *store, uint16_t domid, char *text, size_t size);

/* A name or a number of an existing domain. -1 with ERROR_NO_SUCH_DOMAIN (and "did you mean"). */
int domain_register_find(struct store *store, const char *name_or_id, uint16_t *domid,
                         struct error *error);
/* Like it, by name alone; 0 found, -1 not (no error value). */
int domain_register_find_name(struct store *store, const char *name, uint16_t *domid);

#endif
