/* SPDX-License-Identifier: MIT */
/* Domains and vCPUs for suites that do not link domain.c: as little as mm, and what sits on it, needs. */
#include "fake.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "xenlike/hypercall/hypercall.h"

struct domain *domain_table[MAX_DOMAINS];
struct domain *hardware_domain;
char fake_crash_reason[256];

struct domain *fake_domain_create(domid_t id, unsigned int max_frames, bool privileged)
{
    struct domain *d = calloc(1, sizeof(*d));

    d->id = id;
    d->is_privileged = privileged;
    d->is_hardware = privileged;
    d->references = 1;
    d->max_frames = max_frames;
    d->shared_info_frame = INVALID_MFN;
    domain_table[id] = d;
    if (privileged) {
        hardware_domain = d;
    }
    fake_vcpu_create(d, 0);
    return d;
}

struct domain *domain_get(domid_t id)
{
    if (id >= MAX_DOMAINS || domain_table[id] == NULL) {
        return NULL;
    }
    domain_hold(domain_table[id]);
    return domain_table[id];
}

void domain_hold(struct domain *d)
{
    d->references++;
}

void domain_put(struct domain *d)
{
    if (d->references == 0) {
        abort();
    }
    d->references--;
}

int domain_get_for_caller(domid_t id, struct domain **d)
{
    struct domain *caller = current_domain();

    *d = domain_get(id == DOMID_SELF ? caller->id : id);
    if (*d == NULL) {
        return -XEN_ESRCH;
    }
    if (*d != caller && !caller->is_privileged) {
        domain_put(*d);
        return -XEN_EPERM;
    }
    return 0;
}

void domain_crash(struct domain *d, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fake_crash_reason, sizeof(fake_crash_reason), format, arguments);
    va_end(arguments);
    d->life = DOMAIN_DYING;
}
