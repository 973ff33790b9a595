/* SPDX-License-Identifier: MIT */
/*
 * The page of stubs that kernels call through: one for every call number, made for dom0 by its builder, for others by domctl.
 *
 * Owns: nothing. Locks: none. Guest ABI: docs/abi/start.md. Read next: hypercall.c.
 */
#include "hypercall.h"

#include "../lib/string.h"

#define STUB_SIZE 32

void hypercall_page_fill(void *page)
{
    /* mov $nr,%eax; syscall; ret: the processor's own rcx and r11 are the caller's to lose, but C callers
     * of the stubs expect them kept. */
    static const uint8_t plain[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
                                    0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    static const uint8_t iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 0, 0, 0, 0, 0x0f, 0x05};
    uint8_t *stub = page;

    memset(page, 0xcc, PAGE_SIZE);
    for (uint32_t nr = 0; nr < PAGE_SIZE / STUB_SIZE; nr++, stub += STUB_SIZE) {
        if (nr == __HYPERVISOR_iret) {
            memcpy(stub, iret, sizeof(iret));
            stub[5] = (uint8_t)nr;
        } else {
            memcpy(stub, plain, sizeof(plain));
            stub[4] = (uint8_t)nr;
        }
    }
}
