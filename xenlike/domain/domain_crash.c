/* SPDX-License-Identifier: MIT */
/*
 * The end of a domain whose kernel went wrong: the reason is kept, and logged with registers and a backtrace, so that the
 * toolstack can show it (XEN_SYSCTL_readconsole; lines begin with "d<id> ").
 * Owns: domain.crash_reason. Locks: none held by callers but the domain's own. Read next: domain.c, observe/vcpu_report.c.
 */
#include <public/sched.h>

#include "../lib/print.h"
#include "../observe/vcpu_report.h"
#include "domain.h"

void domain_crash(struct domain *d, const char *format, ...)
{
    char reason[sizeof(d->crash_reason)];
    va_list arguments;
    va_start(arguments, format);
    print_to_buffer_v(reason, sizeof(reason), format, arguments);
    va_end(arguments);

    spin_lock(&d->lock);
    bool first = d->crash_reason[0] == '\0';
    for (size_t i = 0; first && i < sizeof(reason); i++) {
        d->crash_reason[i] = reason[i];
    }
    spin_unlock(&d->lock);
    print("d%u crashed: %s\n", d->id, reason);
    struct vcpu *v = current_vcpu();
    if (first && v->domain == d) {
        vcpu_report_print(v);
    }
    domain_shutdown(d, SHUTDOWN_crash);
}
