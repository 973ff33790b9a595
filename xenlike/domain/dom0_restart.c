/* SPDX-License-Identifier: MIT */
/* The second life of dom0. Invariants DR1, DR2: dom0_restart.h. Locks: none; one CPU crashes it and goes idle. Read next: build_dom0.c. */
#include "dom0_restart.h"

#include <public/errno.h>

#include "../boot/boot_info.h"
#include "../comm/pci_config.h"
#include "../lib/check.h"
#include "../lib/print.h"
#include "../observe/crash_record.h"
#include "build_dom0.h"

#define SHORT_LIFE_NS   UINT64_C(1000000000)
#define MAX_SHORT_LIVES 3

static struct {
    bool is_due;
    int count; /* restarts so far */
    unsigned int short_lives;
    uint64_t started_ns;
} restart;

bool dom0_restart_begin(struct domain *dom0)
{
    if (!boot_info.options.dom0_restart || restart.is_due) {
        return restart.is_due;
    }
    crash_record_save();
    bool is_short = machine_now_ns() - restart.started_ns < SHORT_LIFE_NS;
    restart.short_lives = is_short ? restart.short_lives + 1 : 0;
    if (restart.short_lives == MAX_SHORT_LIVES) {
        print("dom0 crashed %u times within a second of its start: it is not started again\n",
              restart.short_lives);
        return false;
    }
    struct domain *d;
    for (uint32_t id = 0; (d = domain_get_next(id)) != NULL; id = d->id + 1u, domain_put(d)) {
        if (d != dom0 && !d->dom0_pause && domain_controller_pause(d) == 0) {
            d->dom0_pause = true;
        }
    }
    restart.is_due = true;
    return true;
}

bool dom0_restart_is_due(void)
{
    return unlikely(restart.is_due);
}

void dom0_restart(void)
{
    struct domain *old = hardware_domain;

    restart.is_due = false;
    pci_config_stop_devices();
    domain_hold(old);
    while (domain_kill(old) == -XEN_ERESTART) {
        machine_wait_for_interrupt(); /* there is one, or work: that is why it stopped */
    }
    domain_put(old);
    if (hardware_domain != NULL) {
        panic("dom0 cannot be started again: other domains still map its memory");
    }
    print("dom0 is started again, time %d\n", ++restart.count);
    restart.started_ns = machine_now_ns();
    build_dom0(&boot_info, restart.count);
}
