/* SPDX-License-Identifier: MIT */
#include "pv_support.h"

#include <public/callback.h>
#include <public/errno.h>

#include "xenlike/comm/event_channel.h"
#include "xenlike/comm/pci_config.h"
#include "xenlike/cpu/switch.h"
#include "xenlike/domain/domain_devices.h"
#include "xenlike/domain/guest_time.h"
#include "xenlike/domain/schedule.h"

#define WEAK __attribute__((weak))

struct domain *pv_domain;
struct vcpu *pv_vcpu;
uint8_t *pv_stack, *pv_code;
uint16_t pv_port;
uint32_t pv_port_bytes, pv_port_value, pv_port_accesses;
struct vcpu *pv_switched_to;
unsigned int pv_virqs;
WEAK struct vcpu_info event_channel_no_info = {.evtchn_upcall_mask = 1};

static struct vcpu_info info;

void pv_setup(void)
{
    fake_machine_init(4096);
    pv_domain = fake_domain_create(1, 64, false);
    pv_vcpu = pv_domain->vcpus[0];
    pv_vcpu->info = &info;
    pv_vcpu->kernel_base = MFN(1);
    pv_vcpu->user_base = MFN(2);
    pv_vcpu_init(pv_vcpu);
    fake_run(pv_vcpu);
    pv_stack = fake_flat(STACK_START, STACK_SIZE);
    pv_code = fake_flat(CODE_START, 0x2000);
    pv_vcpu->regs.rip = CODE_START;
    pv_vcpu->regs.rsp = STACK_TOP - 0x100;
    pv_vcpu->regs.cs = FLAT_KERNEL_CS64;
    pv_vcpu->regs.ss = FLAT_KERNEL_SS64;
    pv_vcpu->regs.rflags = 0x202;
    pv_vcpu->pv.kernel_sp = STACK_TOP;
}

void pv_put_code(const void *bytes, size_t size)
{
    memcpy(pv_code + (pv_vcpu->regs.rip - CODE_START), bytes, size);
}

uint64_t pv_frame(unsigned int word)
{
    uint64_t value;

    memcpy(&value, pv_stack + (pv_vcpu->regs.rsp - STACK_START) + word * sizeof(value),
           sizeof(value));
    return value;
}

/* --- The machine ---------------------------------------------------------------------------------- */

WEAK uint32_t machine_port_in(uint16_t port, unsigned int bytes)
{
    pv_port = port;
    pv_port_bytes = bytes;
    pv_port_accesses++;
    return pv_port_value;
}

WEAK void machine_port_out(uint16_t port, unsigned int bytes, uint32_t value)
{
    pv_port = port;
    pv_port_bytes = bytes;
    pv_port_value = value;
    pv_port_accesses++;
}

WEAK void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)subleaf;
    memset(out, 0xff, 4 * sizeof(out[0]));
    if (leaf == 0) {
        out[0] = 0xd;
    }
}

WEAK void switch_to(struct vcpu *next)
{
    pv_switched_to = next;
    fake_run(next);
}

static struct domain no_domain;
static struct vcpu idle = {.domain = &no_domain};

WEAK void switch_idle(void)
{
    fake_run(&idle);
}

/* --- The rest of the hypervisor --------------------------------------------------------------------- */

WEAK bool domain_devices_port_allowed(const struct domain *d, uint16_t port, unsigned int bytes)
{
    return d->is_hardware && port >= 0x100 && port + bytes <= 0x200;
}

WEAK uint32_t pci_config_read(uint16_t function, uint16_t offset, unsigned int bytes)
{
    pv_port = offset;
    pv_port_bytes = bytes;
    return function;
}

WEAK void pci_config_write(uint16_t function, uint16_t offset, unsigned int bytes, uint32_t value)
{
    (void)function;
    pv_port = offset;
    pv_port_bytes = bytes;
    pv_port_value = value;
}

WEAK bool pci_config_write_allowed(uint32_t address, uint32_t bytes, uint32_t value)
{
    (void)bytes, (void)value;
    return (address & 0xff) != 0x40;
}

WEAK void event_channel_raise_global_virq(uint32_t virq)
{
    (void)virq;
}

WEAK void event_channel_raise_virq(struct vcpu *v, uint32_t virq)
{
    (void)v;
    pv_virqs += virq == VIRQ_TIMER;
}

WEAK int event_channel_poll(struct domain *d, uint32_t port)
{
    (void)d;
    return port == 7 ? 1 : port == 4096 ? -XEN_EINVAL : 0;
}

WEAK void domain_shutdown(struct domain *d, uint8_t reason)
{
    d->is_shut_down = true;
    d->shutdown_code = reason;
}
