/* SPDX-License-Identifier: MIT */
/* See compare.h. */
#include "compare.h"

#include <stdio.h>
#include <string.h>

#include <public/xen.h>
#include <pvk/hypercall.h>
#include <pvk/memory.h>

void show(const char *name, long value)
{
    printf("case %s: %ld\n", name, value);
}

struct spare_page spare_page(void)
{
    struct spare_page page = {memory_alloc_page(), 0};
    page.mfn = memory_mfn_of(page.address);
    return page;
}

long spare_map(struct spare_page page, uint64_t flags)
{
    return hypercall_update_va_mapping((unsigned long)page.address,
                                       flags != 0 ? (uint64_t)page.mfn << 12 | flags : 0,
                                       UVMF_INVLPG | UVMF_ALL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } groups[] = {
        {"misc", cases_misc},       {"page_tables", cases_page_tables},
        {"pins", cases_pins},       {"segments", cases_segments},
        {"events", cases_events},   {"grants", cases_grants},
        {"vcpu", cases_vcpu},       {"memory", cases_memory},
        {"control", cases_control}, {"grants_v2", cases_grants_v2},
        {"fifo", cases_fifo}, /* the last: it takes this kernel's own events away */
    };
    for (unsigned int i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (argc < 2 || strcmp(argv[1], groups[i].name) == 0) {
            printf("group %s\n", groups[i].name);
            groups[i].run();
        }
    }
    printf("compare: done\n");
    return 0;
}
