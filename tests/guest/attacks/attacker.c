/* SPDX-License-Identifier: MIT */
/* The hostile guest's list of attacks, and what they share. See attack.h. */
#include "attack.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <pvk/hypercall.h>
#include <pvk/memory.h>
#include <pvk/shutdown.h>
#include <pvk/start.h>

#define NR_HANDLERS 33

extern const unsigned long attack_handlers[NR_HANDLERS];

static unsigned int differences, seen_right;

/* The numbers are those of the list in README.md. */
static const struct {
    const char *name;
    attack_t *run;
} attacks[] = {
    {"own-tables", own_tables},
    {"linear-tables", linear_tables},
    {"foreign-frames", foreign_frames},
    {"hypervisor-slots", hypervisor_slots},
    {"stale-tlb", stale_tlb},
    {"balloon", balloon},
    {"exchange", exchange},
    {"writable-tables", writable_tables},
    {"descriptor-pages", descriptor_pages},
    {"instructions", instructions},
    {"registers", registers},
    {"ports", ports},
    {"interrupts", interrupts},
    {"irets", irets},
    {"flags-survive", flags_survive},
    {"sysret-edge", sysret_edge},
    {"breakpoints", breakpoints},
    {"single-steps", single_steps},
    {"segments", segments},
    {"fpu-state", fpu_state},
    {"event-storm", event_storm},
    {"shared-info", shared_info},
    {"timers", timers},
    {"long-lists", long_lists},
    {"contexts", contexts},
    {"vcpu-areas", vcpu_areas},
    {"grant-maps", grant_maps},
    {"grant-flip", grant_flip},
    {"grant-revoke", grant_revoke},
    {"grant-exhaust", grant_exhaust},
    {"grant-tables", grant_tables},
    {"stale-grants", stale_grants},
    {"grant-versions", grant_versions},
    {"console-flood", console_flood},
    {"store-garbage", store_garbage},
    {"random-calls", random_calls},
    {"stack-hypervisor", stack_hypervisor},
    {"stack-not-canonical", stack_not_canonical},
    {"stack-unmapped", stack_unmapped},
    {"stack-read-only", stack_read_only},
    {"stack-straddles", stack_straddles},
    {"no-handler", no_handler},
    {"event-stack", event_stack},
    {"iret-hypervisor", iret_hypervisor},
    {"iret-unmapped", iret_unmapped},
    {"iret-no-user-base", iret_no_user_base},
    {"fault-recursion", fault_recursion},
    {"exit-with-maps", exit_with_maps},
    {"exit-in-flood", exit_in_flood},
    {"scribble", scribble},
};

void attack_expect(const char *what, long seen, long wanted)
{
    if (seen == wanted) {
        seen_right++;
        return;
    }
    differences++;
    printf("different: %s: %ld, not %ld\n", what, seen, wanted);
}

bool attack_failed(void)
{
    return differences != 0;
}

void attack_traps(uint8_t dpl)
{
    static struct trap_info table[257];

    for (unsigned int vector = 0; vector < 256; vector++) {
        table[vector] = (struct trap_info){
            .vector = (uint8_t)vector,
            .flags = dpl | 4,
            .cs = FLAT_KERNEL_CS,
            .address = attack_handlers[vector < 32 ? vector : NR_HANDLERS - 1],
        };
    }
    attack_expect("set_trap_table", hypercall_set_trap_table(table), 0);
}

struct victim victim_page(void)
{
    struct victim page = {memory_alloc_page(), 0};

    page.mfn = memory_mfn_of(page.words);
    return page;
}

long victim_map(struct victim page, uint64_t flags)
{
    return hypercall_update_va_mapping((unsigned long)page.words,
                                       flags != 0 ? (uint64_t)page.mfn << 12 | flags : 0,
                                       UVMF_INVLPG | UVMF_ALL);
}

long attack_mmuext(unsigned int command, unsigned long argument)
{
    struct mmuext_op op = {.cmd = command, .arg1.mfn = argument};

    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

uint64_t attack_entry_of(const void *page)
{
    const uint64_t *table = (const uint64_t *)start_information()->pt_base;
    uint64_t entry = 0;

    for (int shift = 39; shift >= 12; shift -= 9) {
        unsigned int index = (unsigned int)((unsigned long)page >> shift & 511);

        if (shift == 12) {
            return memory_machine_address_of(&table[index]);
        }
        entry = table[index];
        table = memory_address_of_pfn(memory_pfn_of_mfn(entry >> 12 & 0xfffffffffful));
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    for (unsigned int i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        if (strcmp(name, attacks[i].name) == 0) {
            printf("attack %s\n", name);
            attack_traps(0);
            attacks[i].run();
            printf("outcome: %s, %u as wanted, %u different\n", differences != 0 ? "wrong" : "held",
                   seen_right, differences);
            fflush(stdout);
            shutdown_poweroff(differences != 0);
        }
    }
    for (unsigned int i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        printf("%s\n", attacks[i].name);
    }
    return 2;
}
