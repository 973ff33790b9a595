/* SPDX-License-Identifier: MIT */
/* Local APIC (Intel SDM 3A, ch. 11), I/O APIC (82093AA), and the 8259 pair put to rest. */
#include "apic.h"

#include "../lib/check.h"
#include "irq.h"
#include "machine.h"
#include "registers.h"

#define APIC_PHYSICAL    0xfee00000
#define IO_APIC_PHYSICAL 0xfec00000

#define APIC_ID            0x020
#define APIC_TASK          0x080
#define APIC_EOI           0x0b0
#define APIC_SPURIOUS      0x0f0
#define APIC_REQUESTS      0x200
#define APIC_COMMAND_LOW   0x300
#define APIC_COMMAND_HIGH  0x310
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

#define APIC_SOFTWARE_ENABLE 0x100
#define LVT_MASKED           0x10000
#define LVT_NMI              0x400
#define DIVIDE_BY_1          0xb

#define APIC_BASE_ENABLE (UINT64_C(1) << 11)
#define APIC_BASE_X2APIC (UINT64_C(1) << 10)

static volatile uint32_t *apic_registers;
static volatile uint32_t *io_apic_registers;
static bool is_x2apic;

static void apic_write(uint32_t offset, uint32_t value)
{
    if (is_x2apic) {
        write_msr(MSR_X2APIC + (offset >> 4), value);
    } else {
        apic_registers[offset / 4] = value;
    }
}

static uint32_t apic_read(uint32_t offset)
{
    if (is_x2apic) {
        return (uint32_t)read_msr(MSR_X2APIC + (offset >> 4));
    }
    return apic_registers[offset / 4];
}

void apic_init_cpu(void)
{
    uint64_t base = read_msr(MSR_APIC_BASE);

    is_x2apic = (base & APIC_BASE_X2APIC) != 0;
    if (!is_x2apic && apic_registers == NULL) {
        write_msr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
        apic_registers = machine_map_device(MADDR(APIC_PHYSICAL), 1);
        CHECK(apic_registers != NULL);
    }
    apic_write(APIC_TASK, 0);
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
    apic_write(APIC_LVT_LINT1, LVT_NMI);
    apic_write(APIC_LVT_ERROR, LVT_MASKED);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, LVT_MASKED | IRQ_VECTOR_TIMER);
    apic_write(APIC_SPURIOUS, APIC_SOFTWARE_ENABLE | IRQ_VECTOR_SPURIOUS);
}

void apic_end_of_interrupt(void)
{
    apic_write(APIC_EOI, 0);
}

void apic_timer_mask(bool masked)
{
    apic_write(APIC_LVT_TIMER, IRQ_VECTOR_TIMER | (masked ? LVT_MASKED : 0));
}

void apic_timer_start(uint32_t count)
{
    apic_write(APIC_TIMER_INITIAL, count);
}

uint32_t apic_timer_count(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}

uint32_t irq_lapic_id(void)
{
    uint32_t id = apic_read(APIC_ID);

    return is_x2apic ? id : id >> 24;
}

uint32_t apic_requests(unsigned int word)
{
    return apic_read(APIC_REQUESTS + word * 0x10);
}

void apic_send(uint32_t target, uint32_t vector)
{
    if (is_x2apic) {
        write_msr(MSR_X2APIC + (APIC_COMMAND_LOW >> 4), (uint64_t)target << 32 | vector);
        return;
    }
    while ((apic_read(APIC_COMMAND_LOW) & 0x1000) != 0) {
        cpu_pause();
    }
    apic_write(APIC_COMMAND_HIGH, target << 24);
    apic_write(APIC_COMMAND_LOW, vector);
}

void apic_disable_pic(void)
{
    /* 8259A data sheet: ICW1-4 move both to harmless vectors, then all lines are masked. */
    static const struct {
        uint8_t port, value;
    } commands[] = {{0x20, 0x11}, {0xa0, 0x11}, {0x21, IRQ_VECTOR_PIC}, {0xa1, IRQ_VECTOR_PIC + 8},
                    {0x21, 0x04}, {0xa1, 0x02}, {0x21, 0x01},           {0xa1, 0x01},
                    {0x21, 0xff}, {0xa1, 0xff}};

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        port_out8(commands[i].port, commands[i].value);
    }
}

static void io_apic_write(uint32_t index, uint32_t value)
{
    io_apic_registers[0] = index;
    io_apic_registers[4] = value;
}

void apic_route_isa(unsigned int irq, uint32_t vector)
{
    if (io_apic_registers == NULL) {
        io_apic_registers = machine_map_device(MADDR(IO_APIC_PHYSICAL), 1);
        CHECK(io_apic_registers != NULL);
    }
    io_apic_write(0x11 + 2 * irq, irq_lapic_id() << 24);
    io_apic_write(0x10 + 2 * irq, vector);
}
