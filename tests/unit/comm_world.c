/* SPDX-License-Identifier: MIT */
/* See comm_world.h. */
#include "comm_world.h"

#include <stdlib.h>
#include <string.h>

#include "xenlike/comm/event_channel.h"
#include "xenlike/comm/grant_table.h"
#include "xenlike/cpu/irq.h"
#include "xenlike/cpu/screen.h"
#include "xenlike/cpu/uart.h"
#include "xenlike/domain/guest_time.h"
#include "xenlike/domain/schedule.h"
#include "xenlike/mm/page_table.h"

struct world world;

struct xen_domctl_createdomain world_config(void)
{
    struct xen_domctl_createdomain config;
    memset(&config, 0, sizeof(config));
    config.max_vcpus = 1;
    config.max_evtchn_port = 1023;
    config.max_grant_frames = 4;
    config.max_maptrack_frames = 2;
    config.grant_opts = XEN_DOMCTL_GRANT_version(1);
    return config;
}

static void bring_up(struct domain *d)
{
    for (uint32_t i = 0; i < d->max_vcpus; i++) {
        d->vcpus[i]->pause_flags = 0;
    }
}

void world_start(void)
{
    struct xen_domctl_createdomain config = world_config();
    static struct domain nobody = {.id = 0x7fff};
    memset(&world, 0, sizeof(world));
    fake_machine_init(WORLD_FRAMES);
    world.free_at_start = frame_alloc_nr_free();
    fake_run(fake_vcpu_create(&nobody, 0));
    config.max_evtchn_port = ~0u;
    config.max_grant_frames = -1;
    config.max_maptrack_frames = -1;
    if (domain_create(0, &config, true, &world.dom0) != 0 ||
        domain_set_max_vcpus(world.dom0, 1) != 0) {
        abort();
    }
    bring_up(world.dom0);
    domain_unpause(world.dom0);
    fake_run(world.dom0->vcpus[0]);
    world.buffer = fake_flat(WORLD_BUFFER, WORLD_BUFFER_SIZE);
}

struct domain *world_guest(unsigned int vcpus)
{
    struct xen_domctl_createdomain config = world_config();
    struct domain *d;
    config.max_vcpus = vcpus;
    if (domain_create(DOMID_INVALID, &config, false, &d) != 0 ||
        domain_set_max_vcpus(d, vcpus) != 0) {
        abort();
    }
    d->max_frames = 64;
    bring_up(d);
    domain_unpause(d);
    return d;
}

int64_t world_call(hypercall_handler *handler, uint64_t first, void *argument, size_t size)
{
    memcpy(world.buffer, argument, size);
    int64_t result = handler(first, WORLD_BUFFER, 1, 0, 0, 0);
    memcpy(argument, world.buffer, size);
    return result;
}

int64_t world_control(hypercall_handler *handler, void *argument, size_t size)
{
    memcpy(world.buffer, argument, size);
    int64_t result = handler(WORLD_BUFFER, 0, 0, 0, 0, 0);
    memcpy(argument, world.buffer, size);
    return result;
}

void world_kill(struct domain *d)
{
    fake_run(world.dom0->vcpus[0]);
    domain_hold(d);
    while (domain_kill(d) == -XEN_ERESTART) {
    }
    domain_put(d);
}

/* --- vCPUs and scheduling --------------------------------------------------------------------------------- */

struct vcpu *vcpu_create(struct domain *d, uint32_t id)
{
    if (world.fail_vcpu_create != 0 && --world.fail_vcpu_create == 0) {
        return NULL;
    }
    struct vcpu *v = hv_alloc(sizeof(*v));
    if (v == NULL) {
        return NULL;
    }
    v->domain = d;
    v->id = id;
    v->kernel_base = INVALID_MFN;
    v->user_base = INVALID_MFN;
    v->info_frame = INVALID_MFN;
    v->pause_flags = VCPU_DOWN;
    v->pv.in_kernel = true;
    v->info = id < XEN_LEGACY_MAX_VCPUS ? &d->shared_info->vcpu_info[id] : &event_channel_no_info;
    return v;
}

void vcpu_relinquish(struct vcpu *v)
{
    (void)v;
}

void vcpu_destroy(struct vcpu *v)
{
    hv_free(v);
}

int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *context)
{
    v->initialised = true;
    v->regs.rip = context->user_regs.rip;
    v->pause_flags = (context->flags & VGCF_online) != 0 ? 0 : VCPU_DOWN;
    return context->gdt_ents > 8192 ? -XEN_EINVAL : 0;
}

void vcpu_get_context(const struct vcpu *v, struct vcpu_guest_context *context)
{
    context->user_regs.rip = v->regs.rip;
}

unsigned int world_nmis;
void pv_raise_nmi(struct vcpu *v)
{
    world_nmis++;
}

void schedule_wake(struct vcpu *v)
{
    world.wakes++;
    world.last_woken = v;
}

void schedule_sleep(struct vcpu *v)
{
    (void)v;
    world.sleeps++;
}

void schedule_sleep_sync(struct vcpu *v)
{
    (void)v;
    world.sleeps++;
}

void schedule_runstate(struct vcpu *v, struct vcpu_runstate_info *info)
{
    *info = v->runstate;
}

uint64_t schedule_domain_time_ns(const struct domain *d)
{
    return d->cpu_time_ns;
}

uint64_t schedule_idle_time_ns(unsigned int cpu)
{
    return 1000 + cpu;
}

void guest_time_publish(struct vcpu *v)
{
    (void)v;
}

void guest_time_publish_wall_clock(struct domain *d)
{
    (void)d;
}

/* --- Page tables: grant entries alone ---------------------------------------------------------------------- */

int page_table_install_grant(struct vcpu *v, uint64_t host_address, bool contains_pte, pte_t pte)
{
    (void)v;
    if (world.install_status != 0) {
        int status = world.install_status;
        world.install_status = 0;
        return status;
    }
    for (size_t i = 0; i < ARRAY_SIZE(world.mapped); i++) {
        if (world.mapped[i].pte == 0) {
            world.mapped[i].address = host_address;
            world.mapped[i].pte = pte;
            world.mapped[i].by_entry = contains_pte;
            return GNTST_okay;
        }
    }
    return GNTST_general_error;
}

int page_table_remove_grant(struct vcpu *v, uint64_t host_address, bool contains_pte, mfn_t mfn,
                            pte_t new_pte, bool readonly, bool *accessed)
{
    (void)v;
    for (size_t i = 0; i < ARRAY_SIZE(world.mapped); i++) {
        if (world.mapped[i].pte != 0 && world.mapped[i].address == host_address &&
            world.mapped[i].by_entry == contains_pte &&
            mfn_equal(pte_mfn(world.mapped[i].pte), mfn) &&
            ((world.mapped[i].pte & PTE_WRITE) == 0) == readonly) {
            world.mapped[i].pte = new_pte;
            *accessed = world.report_accessed;
            return GNTST_okay;
        }
    }
    return GNTST_general_error;
}

int64_t hc_update_va_mapping(uint64_t va, uint64_t value, uint64_t flags, uint64_t a4, uint64_t a5,
                             uint64_t a6)
{
    (void)va, (void)value, (void)flags, (void)a4, (void)a5, (void)a6;
    return 0;
}

/* --- The machine -------------------------------------------------------------------------------------------- */

void machine_power_off(void)
{
    world.ended = 'P';
    longjmp(world.end, 1);
}

void machine_reboot(void)
{
    world.ended = 'R';
    longjmp(world.end, 1);
}

void debug_port_write(const char *text, size_t size)
{
    for (size_t i = 0; i < size && world.output_length < sizeof(world.output) - 1; i++) {
        world.output[world.output_length++] = text[i];
    }
}

void screen_write(const char *text, size_t size)
{
    (void)text;
    (void)size;
}

void uart_write(const char *text, size_t size)
{
    (void)text, (void)size;
}

int uart_receive(void)
{
    char byte = world.input[world.input_taken % sizeof(world.input)];
    if (byte == '\0') {
        return -1;
    }
    world.input_taken++;
    return (unsigned char)byte;
}

static uint64_t vectors_taken;

int irq_vector_allocate(void)
{
    for (int i = 0; i < 3; i++) {
        if ((vectors_taken & (UINT64_C(1) << i)) == 0) {
            vectors_taken |= UINT64_C(1) << i;
            return IRQ_VECTOR_DEVICE + i;
        }
    }
    return -XEN_ENOSPC;
}

void irq_vector_free(uint32_t vector)
{
    vectors_taken &= ~(UINT64_C(1) << (vector - IRQ_VECTOR_DEVICE));
}

uint32_t irq_lapic_id(void)
{
    return 2;
}

volatile void *machine_map_device(maddr_t address, unsigned int pages)
{
    (void)pages;
    world.mapped_device = address.a;
    return world.msix_table;
}

void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)subleaf;
    out[0] = leaf == 0 ? 0xd : leaf == 0x80000000 ? 0x80000008 : 0x000206a7;
    out[1] = 0x756e6547;
    out[2] = 0x6c65746e;
    out[3] = 0x49656e69;
}

/* Configuration space of 00:03.0; everybody else answers ones. */
static uint32_t address_latch;

uint32_t machine_port_in(uint16_t port, unsigned int bytes)
{
    uint32_t value = ~0u;
    if (port >= 0xcfc && (address_latch & 0x00ffff00) == 0x00001800) {
        memcpy(&value, &world.config[(address_latch & 0xfc) + (port & 3)], bytes);
    }
    return bytes == 4 ? value : value & ((1u << (8 * bytes)) - 1);
}

void machine_port_out(uint16_t port, unsigned int bytes, uint32_t value)
{
    if (port == 0xcf8) {
        address_latch = value;
    } else if (port >= 0xcfc && (address_latch & 0x00ffff00) == 0x00001800) {
        memcpy(&world.config[(address_latch & 0xfc) + (port & 3)], &value, bytes);
    }
}

void world_install_pci(void)
{
    static const uint8_t bytes[]
                              [2] = {
                                  {0x00, 0xf4},
                                  {0x01, 0x1a},
                                  {0x04, 0x06},
                                  {0x06, 0x10},
                                  {0x34, 0x40},
                                  {0x14, 0x00},
                                  {0x15, 0x10},
                                  {0x16, 0xbd},
                                  {0x17, 0xfe}, /* BAR 1: memory at 0xfebd1000 */
                                  {0x40, 0x09},
                                  {0x41, 0x50}, /* a vendor's capability, then */
                                  {0x50, 0x11},
                                  {0x51, 0x00},
                                  {0x52, 0x03},
                                  {0x54, 0x01}, /* MSI-X: four entries, BAR 1, offset 0 */
                              };
    memset(world.config, 0, sizeof(world.config));
    for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
        world.config[bytes[i][0]] = bytes[i][1];
    }
}
