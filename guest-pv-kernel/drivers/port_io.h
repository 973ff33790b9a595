/* SPDX-License-Identifier: MIT */
/*
 * x86 port access for a driver domain, one instruction each.
 *
 * In ring 3 with a hardware IOPL of 0 each of these faults; the hypervisor then carries it out for a
 * domain that owns the port (dom0) and that raised its virtual IOPL (PHYSDEVOP_set_iopl).
 *
 * Read next: pci.c, the only user.
 */
#ifndef DRIVERS_PORT_IO_H
#define DRIVERS_PORT_IO_H

#include <stdint.h>

static inline uint32_t port_io_read32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t port_io_read16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint8_t port_io_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void port_io_write32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
}

static inline void port_io_write16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %w1" : : "a"(value), "Nd"(port));
}

static inline void port_io_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %w1" : : "a"(value), "Nd"(port));
}

#endif
