/* SPDX-License-Identifier: MIT */
/*
 * The independent invariant checker: recomputes every reference of the machine from page tables, pins, bases and allocations, and compares.
 * It shares the layout of the records with the code that it checks, and nothing else.
 */
#include "fake.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "xenlike/mm/frame_word.h"
#include "xenlike/mm/page_table.h"

/* What should be, per frame. */
struct expected {
    int64_t general, types;
    int64_t writable; /* mappings that can write */
    int64_t tables;   /* uses as a table or as descriptors */
    int64_t linear;
};
static struct expected *expected;
static struct held {
    int general, types;
} * held;
static char message[256];

void fake_checker_hold(mfn_t mfn, int references, int type_references)
{
    if (held == NULL) {
        held = calloc(frame_table_end, sizeof(*held));
    }
    held[mfn.n].general += references;
    held[mfn.n].types += type_references;
}

static const char *wrong(const char *rule, uint64_t mfn, const char *what)
{
    snprintf(message, sizeof(message),
             "%s: frame %" PRIu64 ": %s (state %016" PRIx64 " aux %016" PRIx64 ")", rule, mfn, what,
             FRAME_TABLE[mfn].state, FRAME_TABLE[mfn].aux);
    return message;
}

static bool is_table(uint64_t mfn)
{
    uint64_t state = FRAME_TABLE[mfn].state;
    enum frame_type type = frame_word_type(state);

    return frame_word_owner(state) >= FRAME_OWNER_FIRST_DOMAIN &&
           frame_word_type_count(state) != 0 && type >= FRAME_L1 && type <= FRAME_L4;
}

static bool in_ram(uint64_t mfn)
{
    return mfn < frame_table_end && frame_word_owner(FRAME_TABLE[mfn].state) != FRAME_OWNER_NONE;
}

static const char *leaf(uint64_t table, uint64_t pte)
{
    uint64_t target = (pte & UINT64_C(0x000ffffffffff000)) >> 12;

    if ((pte & 4) == 0) {
        return wrong("T2", table, "a leaf entry without US");
    }
    if (((pte >> 52) & 1) == ((pte >> 8) & 1)) {
        return wrong("T2", table, "a leaf entry is global exactly when it is not the kernel's");
    }
    if ((pte & (UINT64_C(1) << 62)) != 0 || !in_ram(target)) {
        return NULL;
    }
    expected[target].general++;
    if ((pte & 2) != 0) {
        expected[target].types++;
        expected[target].writable++;
    }
    return NULL;
}

static const char *upper(uint64_t table, unsigned int level, uint64_t pte)
{
    uint64_t target = (pte & UINT64_C(0x000ffffffffff000)) >> 12;
    uint64_t mine = FRAME_TABLE[table].state;

    if ((pte & 0x188) != 0 || (pte & 4) == 0) {
        return wrong("PT4", table, "an upper entry with bits that are refused, or without US");
    }
    if (!in_ram(target) || frame_word_owner(FRAME_TABLE[target].state) != frame_word_owner(mine)) {
        return wrong("PT4", table, "an upper entry names a frame that is not its domain's");
    }
    if (target == table) {
        return (pte & 2) != 0 ? wrong("PT4", table, "a writable linear entry") : NULL;
    }
    expected[target].general++;
    expected[target].types++;
    expected[target].tables++;
    if ((FRAME_TABLE[target].state & FRAME_VALIDATED) == 0) {
        return wrong("PT4", table, "an entry names a table that is not valid");
    }
    if (frame_word_type(FRAME_TABLE[target].state) == (enum frame_type)level) {
        if ((pte & 2) != 0) {
            return wrong("PT4", table, "a writable linear entry");
        }
        expected[table].linear++;
        expected[target].linear--;
        return NULL;
    }
    if (frame_word_type(FRAME_TABLE[target].state) != (enum frame_type)(level - 1)) {
        return wrong("PT4", table, "an entry names a frame of the wrong type");
    }
    return NULL;
}

static const char *count_table(uint64_t table)
{
    uint64_t state = FRAME_TABLE[table].state;
    unsigned int level = (unsigned int)frame_word_type(state);
    const uint64_t *entry = machine_frame(MFN(table));
    unsigned int end = PT_ENTRIES;

    if ((state & FRAME_VALIDATED) == 0) {
        end = (unsigned int)((FRAME_TABLE[table].aux & FRAME_AUX_PROGRESS_MASK) >>
                             FRAME_AUX_PROGRESS_SHIFT);
        expected[table].general++;
        expected[table].types++;
        expected[table].tables++;
        if (frame_word_type_count(state) != 1) {
            return wrong("PT4", table, "a partial table has other references than its own");
        }
    }
    for (unsigned int i = 0; i < end; i++) {
        const char *result = NULL;

        if (level == 4 && i >= 256 && i < 272) {
            if (entry[i] != page_table_hypervisor_slots[i - 256]) {
                result = wrong("PT4", table, "a slot of the hypervisor's is not its");
            }
        } else if ((entry[i] & 1) != 0) {
            result = level == 1 ? leaf(table, entry[i]) : upper(table, level, entry[i]);
        }
        if (result != NULL) {
            return result;
        }
    }
    return NULL;
}

static void count_use(mfn_t mfn)
{
    expected[mfn.n].general++;
    expected[mfn.n].types++;
    expected[mfn.n].tables++;
}

static const char *count_domain(const struct domain *d)
{
    for (uint32_t i = 0; i < d->max_vcpus; i++) {
        const mfn_t bases[] = {d->vcpus[i]->kernel_base, d->vcpus[i]->user_base};

        for (unsigned int j = 0; j < 2; j++) {
            if (!mfn_valid_value(bases[j])) {
                continue;
            }
            count_use(bases[j]);
            if (frame_word_type(FRAME_TABLE[bases[j].n].state) != FRAME_L4 ||
                (FRAME_TABLE[bases[j].n].state & FRAME_VALIDATED) == 0) {
                return wrong("PT5", bases[j].n, "a base that is no valid L4");
            }
        }
    }
    return NULL;
}

static const char *compare(uint64_t mfn)
{
    uint64_t state = FRAME_TABLE[mfn].state;
    const struct expected *e = &expected[mfn];

    if (frame_word_type_count(state) > frame_word_count(state)) {
        return wrong("PT2", mfn, "more type references than references");
    }
    if ((int64_t)frame_word_count(state) != e->general) {
        snprintf(message, sizeof(message),
                 "PT2: frame %" PRIu64 " has %" PRIu64 " references, not %" PRId64
                 " (state %016" PRIx64 ")",
                 mfn, frame_word_count(state), e->general, state);
        return message;
    }
    if ((int64_t)frame_word_type_count(state) != e->types) {
        snprintf(message, sizeof(message),
                 "PT2: frame %" PRIu64 " has %" PRIu64 " type references, not %" PRId64
                 " (state %016" PRIx64 ")",
                 mfn, frame_word_type_count(state), e->types, state);
        return message;
    }
    if (e->writable != 0 && (e->tables != 0 || frame_word_type(state) != FRAME_WRITABLE)) {
        return wrong("PT3", mfn, "writable and a table at once");
    }
    if (is_table(mfn) && (int16_t)(FRAME_TABLE[mfn].aux >> FRAME_AUX_LINEAR_SHIFT) != e->linear) {
        return wrong("T5", mfn, "linear entries miscounted");
    }
    return NULL;
}

/* References that come with the frame itself. */
static void count_frame(uint64_t mfn)
{
    uint64_t state = FRAME_TABLE[mfn].state;

    if ((state & FRAME_ALLOCATED) != 0) {
        expected[mfn].general++;
    }
    if ((state & FRAME_PINNED) != 0) {
        count_use(MFN(mfn));
    }
    if (FRAME_TABLE[mfn].state != 0 && frame_table_m2p[mfn] == M2P_SHARED) {
        expected[mfn].general++;
        expected[mfn].types++;
    }
    if (held != NULL) {
        expected[mfn].general += held[mfn].general;
        expected[mfn].types += held[mfn].types;
    }
}

static const char *check_counts(void)
{
    uint64_t nr_free = 0;
    static uint32_t owned[MAX_DOMAINS];

    memset(owned, 0, sizeof(owned));
    for (uint64_t mfn = 0; mfn < frame_table_end; mfn++) {
        uint64_t owner = frame_word_owner(FRAME_TABLE[mfn].state);
        const char *result;

        if (owner == FRAME_OWNER_FREE) {
            nr_free++;
        }
        if (owner < FRAME_OWNER_FIRST_DOMAIN) {
            continue;
        }
        owned[owner - FRAME_OWNER_FIRST_DOMAIN] += frame_table_m2p[mfn] != M2P_SHARED;
        result = compare(mfn);
        if (result != NULL) {
            return result;
        }
    }
    if (nr_free != frame_alloc_nr_free()) {
        return wrong("FA1", 0, "free frames miscounted");
    }
    for (unsigned int id = 0; id < MAX_DOMAINS; id++) {
        if (domain_table[id] != NULL && domain_table[id]->nr_frames != owned[id]) {
            snprintf(message, sizeof(message), "FA1: d%u has %u frames, not %u", id, owned[id],
                     domain_table[id]->nr_frames);
            return message;
        }
    }
    return NULL;
}

const char *fake_check(void)
{
    const char *result;

    free(expected);
    expected = calloc(frame_table_end, sizeof(*expected));
    for (uint64_t mfn = 0; mfn < frame_table_end; mfn++) {
        if (frame_word_owner(FRAME_TABLE[mfn].state) < FRAME_OWNER_FIRST_DOMAIN) {
            continue;
        }
        count_frame(mfn);
        result = is_table(mfn) ? count_table(mfn) : NULL;
        if (result != NULL) {
            return result;
        }
    }
    for (unsigned int id = 0; id < MAX_DOMAINS; id++) {
        result = domain_table[id] != NULL ? count_domain(domain_table[id]) : NULL;
        if (result != NULL) {
            return result;
        }
    }
    result = check_counts();
    return result != NULL ? result : fake_tlb_violation();
}
