/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor tells of itself when the control domain presses a key (XEN_SYSCTL_debug_keys, `pvctl debug-keys`).
 * Owns: nothing. Locks: none; what changes meanwhile may be told either way. Guest ABI: docs/abi/sysctl.md.
 */
#include "debug_keys.h"

#include <public/errno.h>

#include "../comm/event_internal.h"
#include "../comm/grant_internal.h"
#include "../domain/domain.h"
#include "../lib/check.h"
#include "../lib/print.h"
#include "../mm/frame_alloc.h"
#include "../mm/frame_word.h"
#include "../mm/guest_access.h"

#define MAX_DEBUG_KEYS 64
#define NR_OWNERS      (1u << (64 - FRAME_OWNER_SHIFT))

static void key_domains(void)
{
    uint32_t next = 0;
    for (struct domain *d = domain_get_next(0); d != NULL; d = domain_get_next(next)) {
        print("d%u: %u references, %u of %u frames, paused %u, life %u, %u vCPUs%s%s\n", d->id,
              d->references - 1, d->nr_frames, d->max_frames, d->pause_count, (unsigned int)d->life,
              d->max_vcpus, d->crash_reason[0] != '\0' ? ", crashed: " : "", d->crash_reason);
        FOR_EACH_VCPU (d, v) {
            print("d%u vcpu %u: flags %x, cpu %u%s, rip %016llx, upcall pending %u mask %u\n",
                  d->id, v->id, v->pause_flags, v->processor, v->sched.running ? " running" : "",
                  (unsigned long long)v->regs.rip, v->info->evtchn_upcall_pending,
                  v->info->evtchn_upcall_mask);
        }
        next = d->id + 1u;
        domain_put(d);
    }
}

static void key_heap(void)
{
    print("heap: %llu of %llu frames free\n", (unsigned long long)frame_alloc_nr_free(),
          (unsigned long long)frame_alloc_nr_total());
}

/* A count of frames by owner that believes no counter: what the frame table says, record by record. */
static void key_owners(void)
{
    static uint32_t counts[NR_OWNERS];

    for (uint32_t owner = 0; owner < NR_OWNERS; owner++) {
        counts[owner] = 0;
    }
    for (uint64_t n = 0; n < frame_table_end; n++) {
        counts[frame_word_owner(frame_load(&FRAME_TABLE[n]))]++;
    }
    print("frames: free %u, the hypervisor's %u", counts[FRAME_OWNER_FREE],
          counts[FRAME_OWNER_HYPERVISOR]);
    for (uint32_t owner = FRAME_OWNER_FIRST_DOMAIN; owner < NR_OWNERS; owner++) {
        if (counts[owner] != 0) {
            print(", d%u %u", (uint32_t)(owner - FRAME_OWNER_FIRST_DOMAIN), counts[owner]);
        }
    }
    print("\n");
}

/* What a guest's end must bring back in those who talked with it. */
static void key_connections(void)
{
    uint32_t next = 0;
    for (struct domain *d = domain_get_next(0); d != NULL; d = domain_get_next(next)) {
        const struct grant_table *grants = d->grants;
        uint32_t mapped = 0;
        for (uint32_t n = 0; n < grants->maptrack_pages * MAPTRACK_PER_PAGE; n++) {
            mapped += grants->maptrack[n / MAPTRACK_PER_PAGE][n % MAPTRACK_PER_PAGE].flags != 0;
        }
        print("d%u: %u ports open, %u grants mapped\n", d->id, d->events->nr_open, mapped);
        next = d->id + 1u;
        domain_put(d);
    }
}

static void key_panic(void)
{
    panic("debug key C");
}

static void key_help(void);

static const struct {
    char key;
    void (*run)(void);
    const char *what;
} keys[] = {
    {'C', key_panic, "panic, to see what is left of it"},
    {'c', machine_print_crash_record, "what the hypervisor said before its last panic"},
    {'e', key_connections, "event channels and mapped grants, by domain"},
    {'h', key_help, "these keys"},
    {'H', key_heap, "the heap"},
    {'m', key_owners, "frames by owner, counted one by one"},
    {'q', key_domains, "domains and their vCPUs"},
};

static void key_help(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        print("key %c: %s\n", keys[i].key, keys[i].what);
    }
}

int debug_keys_press(const struct xen_sysctl_debug_keys *pressed)
{
    uint32_t count = (uint32_t)min_u64(pressed->nr_keys, MAX_DEBUG_KEYS);
    for (uint32_t i = 0; i < count; i++) {
        char key;
        if (copy_from_guest_offset(&key, pressed->keys, i) != 0) {
            return -XEN_EFAULT;
        }
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
            if (keys[k].key == key) {
                keys[k].run();
            }
        }
    }
    return 0;
}
