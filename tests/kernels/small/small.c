/* SPDX-License-Identifier: MIT */
/*
 * A small kernel in the manner of those that people build themselves (Mini-OS and its relatives): all the old doors.
 * Hypercall page; console through M2P; set_callbacks and set_trap_table without callback_op; iretq in ring 3; set_timer_op and a
 * block; memory given back and taken again; a grant table; event channels; all taken down again before the end.
 * It prints what is wrong, then "small: all is well", and powers off. Claim: abi.md 2.6 holds on this hypervisor.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <public/xen.h>
#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/io/console.h>
#include <public/memory.h>
#include <public/sched.h>
#include <public/version.h>

#define PAGE      4096ul
#define M2P       ((const uint64_t *)0xffff800000000000ul)
#define KERNEL_CS 0xe030 /* RPL 0, as such kernels write it */

extern uint8_t hypercall_page[], small_shared_page[];
extern char small_trap_entry[], small_slow_trap_entry[], small_event_entry[],
    small_failsafe_entry[];
extern uint64_t control_registers[];
void small_main(const struct start_info *info);
void small_event(void);

volatile uint32_t small_traps;
static volatile uint32_t timer_events;
static struct shared_info *shared;
static struct xencons_interface *console;
static evtchn_port_t console_port, timer_port;
static uint64_t virt_base;
static bool failed;

/* Through the page, at 32 bytes for each number. */
static long call(unsigned int number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t r10 __asm__("r10") = d;
    long result;

    __asm__ volatile("call *%[entry]"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                     : [entry] "r"(hypercall_page + 32 * number)
                     : "rcx", "r11", "r8", "r9", "memory");
    return result;
}
#define CALL(number, a, b, c, d) \
    call(__HYPERVISOR_##number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d))

static void say(const char *text)
{
    for (; *text != '\0'; text++) {
        while (console->out_prod - __atomic_load_n(&console->out_cons, __ATOMIC_ACQUIRE) ==
               sizeof(console->out)) {
            CALL(sched_op, SCHEDOP_yield, 0, 0, 0);
        }
        console->out[console->out_prod % sizeof(console->out)] = *text;
        __atomic_store_n(&console->out_prod, console->out_prod + 1, __ATOMIC_RELEASE);
    }
    struct evtchn_send send = {.port = console_port};
    CALL(event_channel_op, EVTCHNOP_send, &send, 0, 0);
}

static void claim(bool holds, const char *what)
{
    if (!holds) {
        say("wrong: ");
        say(what);
        say("\r\n");
        failed = true;
    }
}

static void *of_frame(uint64_t mfn)
{
    return (void *)(virt_base + M2P[mfn] * PAGE);
}

/* Called with events masked: each port that is pending. */
void small_event(void)
{
    struct vcpu_info *vcpu = &shared->vcpu_info[0];

    do {
        vcpu->evtchn_upcall_pending = 0;
        uint64_t words = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
        while (words != 0) {
            unsigned int word = (unsigned int)__builtin_ctzl(words);
            uint64_t ports =
                __atomic_exchange_n(&shared->evtchn_pending[word], 0, __ATOMIC_SEQ_CST);

            words &= words - 1;
            if (word == timer_port / 64 && (ports >> timer_port % 64 & 1) != 0) {
                timer_events++;
            }
        }
        vcpu->evtchn_upcall_mask = 0; /* iretq does not do it for us */
        __asm__ volatile("" ::: "memory");
    } while (vcpu->evtchn_upcall_pending != 0);
}

static void try_traps(void)
{
    struct trap_info traps[] = {
        {6, 0, KERNEL_CS, (uint64_t)small_trap_entry},
        {0x20, 3, KERNEL_CS, (uint64_t)small_slow_trap_entry},
        {0x21, 1, KERNEL_CS, (uint64_t)small_slow_trap_entry},
        /* QEMU 7.2 tells real Xen twice the number of an `int n` that ring 3 may not execute. */
        {0x40, 3, KERNEL_CS, (uint64_t)small_slow_trap_entry},
        {0x42, 1, KERNEL_CS, (uint64_t)small_slow_trap_entry},
        {0, 0, 0, 0},
    };

    claim(CALL(set_trap_table, traps, 0, 0, 0) == 0, "set_trap_table");
    __asm__ volatile("ud2" ::: "memory");
    claim(small_traps == 1, "an exception came, and iretq in ring 3 led back");
    __asm__ volatile("ud2; ud2" ::: "memory");
    claim(small_traps == 3, "and again");
}

static void try_events(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER};
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF, .port = console_port};

    claim(CALL(set_callbacks, small_event_entry, small_failsafe_entry, 0, 0) == 0, "set_callbacks");
    claim(CALL(event_channel_op, EVTCHNOP_bind_virq, &bind, 0, 0) == 0, "bind_virq");
    timer_port = bind.port;
    claim(CALL(event_channel_op, EVTCHNOP_status, &status, 0, 0) == 0 &&
              status.status == EVTCHNSTAT_interdomain,
          "the console's port is bound");
    claim(CALL(event_channel_op, EVTCHNOP_alloc_unbound, &alloc, 0, 0) == 0, "alloc_unbound");
    status = (struct evtchn_status){.dom = DOMID_SELF, .port = alloc.port};
    claim(CALL(event_channel_op, EVTCHNOP_status, &status, 0, 0) == 0 &&
              status.status == EVTCHNSTAT_unbound,
          "and a new one is not");
    struct evtchn_close close = {.port = alloc.port};
    claim(CALL(event_channel_op, EVTCHNOP_close, &close, 0, 0) == 0, "close");
    __asm__ volatile("int $0x20; int $0x21" ::: "memory");
    claim(small_traps == 5, "interrupts of its own, back through the hypercall");
}

static void try_time(void)
{
    const struct vcpu_time_info *time = &shared->vcpu_info[0].time;

    shared->vcpu_info[0].evtchn_upcall_mask = 0;
    for (uint32_t n = 1; n <= 3; n++) {
        claim(CALL(set_timer_op, time->system_time + 20000000ul + n * 5000000ul, 0, 0, 0) == 0,
              "set_timer_op");
        shared->vcpu_info[0].evtchn_upcall_mask = 1;
        while (timer_events < n) {
            CALL(sched_op, SCHEDOP_block, 0, 0, 0); /* clears the mask */
            shared->vcpu_info[0].evtchn_upcall_mask = 1;
        }
    }
    claim(time->tsc_to_system_mul != 0 && shared->wc_sec != 0, "the clock's page");
}

/* One page goes back and another comes, through the p2m list. */
static void try_memory(const struct start_info *info)
{
    uint64_t pfn = info->nr_pages - 1, *frames = (uint64_t *)info->mfn_list, old = frames[pfn];
    uint64_t address = virt_base + pfn * PAGE, frame = old;
    uint16_t self = DOMID_SELF;
    struct xen_memory_reservation one = {.nr_extents = 1, .domid = DOMID_SELF};
    long before = CALL(memory_op, XENMEM_current_reservation, &self, 0, 0);

    claim(before == (long)info->nr_pages, "current_reservation");
    claim(CALL(memory_op, XENMEM_maximum_reservation, &self, 0, 0) >= before,
          "maximum_reservation");
    claim(M2P[old] == pfn, "M2P and p2m agree");
    /* It may be mapped or not; a mapping goes first. */
    CALL(update_va_mapping, address, 0, UVMF_INVLPG, 0);
    one.extent_start.p = &frame;
    claim(CALL(memory_op, XENMEM_decrease_reservation, &one, 0, 0) == 1, "decrease_reservation");
    claim(CALL(memory_op, XENMEM_current_reservation, &self, 0, 0) == before - 1, "one less");
    frame = pfn;
    claim(CALL(memory_op, XENMEM_populate_physmap, &one, 0, 0) == 1, "populate_physmap");
    frames[pfn] = frame;
    claim(M2P[frame] == pfn, "the new frame's M2P");
    claim(CALL(memory_op, XENMEM_current_reservation, &self, 0, 0) == before, "as before");
}

static void try_grants(void)
{
    xen_pfn_t frames[1] = {0};
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1, .status = 1};

    setup.frame_list.p = frames;
    claim(CALL(grant_table_op, GNTTABOP_setup_table, &setup, 1, 0) == 0 && setup.status == 0,
          "setup_table");
    /* The page of the first shared page of the text is free again: the table goes there. */
    claim(CALL(update_va_mapping, small_shared_page, frames[0] << 12 | 7, UVMF_INVLPG, 0) == 0,
          "the table maps");
    const struct grant_entry_v1 *entries = (void *)small_shared_page;
    claim((entries[1].flags & GTF_type_mask) == GTF_permit_access && entries[1].domid == 0,
          "the store's page is granted");
}

static void try_the_rest(void)
{
    struct xen_feature_info features = {.submap_idx = 0};

    claim(CALL(xen_version, XENVER_version, 0, 0, 0) >= 0x40000, "version");
    claim(CALL(xen_version, XENVER_get_features, &features, 0, 0) == 0, "features");
#ifdef STYLE_UNIKRAFT
    claim((control_registers[4] & 1) != 0, "it came past its control registers");
    claim((uint32_t)control_registers[3] == (uint32_t)(uint64_t)control_registers,
          "FS_BASE by MSR");
    claim((control_registers[0] & 1) != 0, "CR0 has protection on");
#endif
}

void small_main(const struct start_info *info)
{
    uint64_t own_page = 0;
    struct sched_shutdown end = {.reason = SHUTDOWN_poweroff};

    virt_base = (uint64_t)small_shared_page - PAGE;
    console = of_frame(info->console.domU.mfn);
    console_port = info->console.domU.evtchn;
    own_page = ((const uint64_t *)info->mfn_list)[((uint64_t)small_shared_page - virt_base) / PAGE];
    shared = (struct shared_info *)small_shared_page;
    claim(CALL(update_va_mapping, small_shared_page, info->shared_info | 7, UVMF_INVLPG, 0) == 0,
          "shared_info maps over the text");
    say("small: " STYLE "\r\n");
    try_traps();
    try_events();
    try_time();
    try_memory(info);
    try_the_rest();
    CALL(set_trap_table, 0, 0, 0, 0);
    claim(CALL(set_callbacks, 0, 0, 0, 0) == 0, "callbacks away");
    try_grants();
    claim(CALL(update_va_mapping, small_shared_page, own_page << 12 | 7, UVMF_INVLPG, 0) == 0,
          "the page of the text is back");
    say(failed ? "small: something is wrong\r\n" : "small: all is well\r\n");
    CALL(sched_op, SCHEDOP_shutdown, &end, 0, 0);
}
