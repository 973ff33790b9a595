/* SPDX-License-Identifier: MIT */
/*
 * timers.c: lwIP's cyclic timers, run only while somebody waits for what they do. As lwIP has them
 * they tick several times a second for ever, and an idle guest is woken each time. Here a timer that
 * only counts age (ARP, DNS, fragments, the lease) rests when the network has been quiet for a while;
 * the ticks it missed are made up for before anyone can see the difference.
 * Owns: the time of each timer's last tick. lwIP's lock protects it.
 * Invariant TM1: an idle interface, with connections or without, wakes its guest only to renew its
 * lease. TM2: no answer comes from an entry whose time was up.
 * Read next: interface.c
 */
#include "timers.h"

#include <stdbool.h>

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/ip4_frag.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/dhcp.h>
#include <lwip/sys.h>
#include <lwip/tcpip.h>
#include <lwip/timeouts.h>

#include <pvk/thread.h>
#include <pvk/time.h>

/* Longer than anything that a frame or a call sets going: DNS asks each of two servers for 11 s, an
 * incomplete datagram is kept for 15 s, ARP asks for 5 s. */
#define BUSY_MS  30000u
#define NEVER_MS UINT64_MAX
/* A lease of the longest kind, in minutes. */
#define MOST_TICKS 700000u

static uint64_t needed_while_busy(uint64_t interval_ms);
static uint64_t needed_by_tcp(uint64_t interval_ms);
static uint64_t needed_by_dhcp(uint64_t interval_ms);
static uint64_t needed_by_leases(uint64_t interval_ms);

static struct timer {
    void (*tick)(void);
    uint64_t interval_ms;
    uint64_t (*needed)(uint64_t interval_ms); /* how long after its last tick; or never */
    bool counts_age;                          /* missed ticks have to be made up for */
    uint64_t last_ms;
} timers[] = {
    {tcp_tmr, TCP_TMR_INTERVAL, needed_by_tcp, false, 0},
    {dhcp_fine_tmr, DHCP_FINE_TIMER_MSECS, needed_by_dhcp, false, 0},
    {dhcp_coarse_tmr, DHCP_COARSE_TIMER_MSECS, needed_by_leases, true, 0},
    {etharp_tmr, ARP_TMR_INTERVAL, needed_while_busy, true, 0},
    {ip_reass_tmr, IP_TMR_INTERVAL, needed_while_busy, true, 0},
    {dns_tmr, DNS_TMR_INTERVAL, needed_while_busy, true, 0},
};

#define NR_TIMERS (sizeof(timers) / sizeof(timers[0]))

static struct thread *own_thread;
static struct tcpip_callback_msg *wake_message;
static uint64_t busy_until_ms, asleep_until_ms;

static uint64_t now_ms(void)
{
    return time_monotonic_ns() / TIME_MILLISECOND_NS;
}

static uint64_t needed_while_busy(uint64_t interval_ms)
{
    return now_ms() < busy_until_ms ? interval_ms : NEVER_MS;
}

/* An established connection with nothing under way needs no clock. */
static bool rests(const struct tcp_pcb *pcb)
{
    return (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT) && pcb->unsent == NULL &&
           pcb->unacked == NULL && pcb->ooseq == NULL && pcb->refused_data == NULL &&
           pcb->persist_backoff == 0 && (pcb->so_options & SOF_KEEPALIVE) == 0 &&
           (pcb->flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_FIN | TF_CLOSEPEND | TF_NAGLEMEMERR)) == 0;
}

static uint64_t needed_by_tcp(uint64_t interval_ms)
{
    const struct tcp_pcb *pcb = tcp_active_pcbs;

    while (pcb != NULL && rests(pcb)) {
        pcb = pcb->next;
    }
    return pcb != NULL || tcp_tw_pcbs != NULL ? interval_ms : NEVER_MS;
}

static uint64_t needed_by_dhcp(uint64_t interval_ms)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        const struct dhcp *dhcp = netif_dhcp_data(netif);

        if (dhcp != NULL && dhcp->request_timeout > 0) {
            return interval_ms;
        }
    }
    return NEVER_MS;
}

/* Minutes until a lease has to be renewed. */
static uint64_t needed_by_leases(uint64_t interval_ms)
{
    uint64_t ticks = NEVER_MS;
    struct netif *netif;

    NETIF_FOREACH(netif)
    {
        const struct dhcp *dhcp = netif_dhcp_data(netif);

        if (dhcp == NULL || dhcp->state == DHCP_STATE_OFF) {
            continue;
        }
        if (dhcp->t1_renew_time > 0 && dhcp->t1_renew_time < ticks) {
            ticks = dhcp->t1_renew_time;
        }
        if (dhcp->t2_rebind_time > 0 && dhcp->t2_rebind_time < ticks) {
            ticks = dhcp->t2_rebind_time;
        }
        if (dhcp->t0_timeout > dhcp->lease_used) {
            uint64_t left = (uint64_t)(dhcp->t0_timeout - dhcp->lease_used);

            ticks = left < ticks ? left : ticks;
        }
    }
    return ticks == NEVER_MS ? NEVER_MS : ticks * interval_ms;
}

/* ---- what lwIP calls ---------------------------------------------------------------------------- */

void sys_timeouts_init(void)
{
    for (size_t i = 0; i < NR_TIMERS; i++) {
        timers[i].last_ms = now_ms();
    }
    busy_until_ms = now_ms() + BUSY_MS;
}

void sys_check_timeouts(void)
{
    uint64_t now = now_ms();

    for (size_t i = 0; i < NR_TIMERS; i++) {
        struct timer *timer = &timers[i];
        uint64_t ticks = (now - timer->last_ms) / timer->interval_ms;

        timer->last_ms += ticks * timer->interval_ms;
        if (!timer->counts_age && ticks > 0) {
            ticks = timer->needed(timer->interval_ms) == NEVER_MS ? 0 : 1;
        }
        for (ticks = ticks < MOST_TICKS ? ticks : MOST_TICKS; ticks > 0; ticks--) {
            timer->tick();
        }
    }
}

u32_t sys_timeouts_sleeptime(void)
{
    uint64_t now = now_ms(), wake = NEVER_MS;

    for (size_t i = 0; i < NR_TIMERS; i++) {
        uint64_t needed = timers[i].needed(timers[i].interval_ms);

        if (needed != NEVER_MS && timers[i].last_ms + needed < wake) {
            wake = timers[i].last_ms + needed;
        }
    }
    asleep_until_ms = wake;
    if (wake == NEVER_MS) {
        return SYS_TIMEOUTS_SLEEPTIME_INFINITE;
    }
    /* A lease of weeks: the thread looks in between. */
    return wake <= now ? 0 : wake - now < INT32_MAX ? (u32_t)(wake - now) : (u32_t)INT32_MAX;
}

/* ---- what keeps them in step -------------------------------------------------------------------- */

static void only_wakes(void *unused)
{
    (void)unused;
}

void timers_own_thread(void *unused)
{
    (void)unused;
    own_thread = thread_current();
    wake_message = tcpip_callbackmsg_new(only_wakes, NULL);
}

void timers_note_frame(void)
{
    busy_until_ms = now_ms() + BUSY_MS;
}

void timers_lock(void)
{
    sys_mutex_lock(&lock_tcpip_core);
    if (own_thread != NULL) {
        sys_check_timeouts();
    }
}

void timers_unlock(void)
{
    if (own_thread != NULL && thread_current() != own_thread) {
        uint64_t planned = asleep_until_ms;

        busy_until_ms = now_ms() + BUSY_MS;
        (void)sys_timeouts_sleeptime();
        if (asleep_until_ms < planned && wake_message != NULL) {
            (void)tcpip_callbackmsg_trycallback(wake_message);
        }
    }
    sys_mutex_unlock(&lock_tcpip_core);
}
