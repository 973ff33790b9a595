/* SPDX-License-Identifier: MIT */
/* Answers for what a suite does not link: each gives way to the real function. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake.h"
#include "xenlike/boot/boot_info.h"
#include "xenlike/comm/grant_table.h"
#include "xenlike/domain/dom0_restart.h"
#include "xenlike/domain/pv.h"
#include "xenlike/hypercall/hypercall.h"
#include "xenlike/lib/check.h"
#include "xenlike/lib/print.h"

#define WEAK __attribute__((weak))

WEAK struct boot_info boot_info;

WEAK void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

WEAK void print(const char *format, ...)
{
    (void)format;
}

/* The arguments with which the guest would call again. */
WEAK int64_t fake_continuation[7];

WEAK int64_t hypercall_continue(uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                                uint64_t a5, uint64_t a6)
{
    const uint64_t arguments[] = {nr, a1, a2, a3, a4, a5, a6};

    for (size_t i = 0; i < ARRAY_SIZE(arguments); i++) {
        fake_continuation[i] = (int64_t)arguments[i];
    }
    return -XEN_ERESTART;
}

WEAK bool pv_descriptor_fix(const struct domain *d, uint64_t *descriptor)
{
    (void)d;
    /* Refuses one pattern, so that a test can have a bad page. */
    return *descriptor != UINT64_C(0xbadbadbadbadbad);
}

WEAK int pv_set_ldt(struct vcpu *v, gva_t base, uint32_t entries)
{
    v->pv.ldt_base = base.v;
    v->pv.ldt_entries = entries;
    return 0;
}

WEAK mfn_t grant_table_frame(struct domain *d, uint32_t index)
{
    (void)d;
    (void)index;
    return INVALID_MFN;
}

WEAK mfn_t grant_table_status_frame(struct domain *d, uint32_t index)
{
    (void)d;
    (void)index;
    return INVALID_MFN;
}

WEAK uint32_t grant_table_limit(const struct domain *d)
{
    (void)d;
    return 64;
}

/* A processor with 40 address bits and nothing else to say. */
WEAK void machine_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    (void)subleaf;
    out[0] = leaf == 0x80000008 ? 40 : 0;
    out[1] = out[2] = out[3] = 0;
}

WEAK bool machine_get_fpu(const struct vcpu *v, uint8_t image[512])
{
    (void)v;
    (void)image;
    return false;
}

WEAK int machine_set_fpu(struct vcpu *v, const uint8_t image[512])
{
    (void)v;
    (void)image;
    return 0;
}

WEAK uint32_t machine_port_in(uint16_t port, unsigned int bytes)
{
    (void)port;
    return bytes == 4 ? UINT32_MAX : (1u << (bytes * 8)) - 1;
}

WEAK void machine_port_out(uint16_t port, unsigned int bytes, uint32_t value)
{
    (void)port;
    (void)bytes;
    (void)value;
}

WEAK volatile void *machine_map_device(maddr_t address, unsigned int pages)
{
    (void)address;
    (void)pages;
    return NULL;
}

WEAK void machine_console_put(const char *text, size_t length)
{
    (void)text;
    (void)length;
}

WEAK void machine_power_off(void)
{
    abort();
}

WEAK void machine_reboot(void)
{
    abort();
}

/* A dom0 that crashes ends the machine. */
WEAK bool dom0_restart_begin(struct domain *dom0)
{
    (void)dom0;
    return false;
}

WEAK bool dom0_restart_is_due(void)
{
    return false;
}

WEAK void dom0_restart(void)
{
}
