/* SPDX-License-Identifier: MIT */
/*
 * FPU state, with XSAVE.
 *
 * Owns: struct fpu_state, CR0.TS, XCR0. Invariant: FP1 the registers never show one vCPU's state to another: TS is set for who
 * has none of its own. FP2 a saved image was written by XSAVE here or checked by fpu_set_image, so XRSTOR cannot fault.
 * FP3 registers hold a vCPU's newest state when owner and fpu_state.cpu agree; a new state agrees with no CPU.
 * Guest ABI: fpu_taskswitch, vcpu_guest_context.fpu_ctxt.
 */
#include "fpu.h"

#include <public/errno.h>

#include "../domain/domain.h"
#include "../lib/string.h"
#include "../mm/frame_alloc.h"
#include "percpu.h"
#include "registers.h"

#define XCR0_X87 UINT64_C(1)
#define XCR0_SSE UINT64_C(2)
#define XCR0_AVX UINT64_C(4)

#define FXSAVE_SIZE     512
#define FXSAVE_MXCSR    24
#define XSAVE_STATE_BV  512
#define DEFAULT_CONTROL 0x037f
#define DEFAULT_MXCSR   0x1f80
#define MXCSR_ALLOWED   0x0000ffffu
#define NO_CPU          UINT32_MAX

/* Legacy area, header, AVX (Intel SDM 1, 13.4): no more than these components are ever enabled. */
struct fpu_state {
    uint8_t area[512 + 64 + 256];
    void *allocation; /* hv_alloc's pointer: it aligns to 32 bytes */
    uint32_t cpu; /* whose registers it was last loaded into; NO_CPU: none's since it was made */
} __attribute__((aligned(64)));

static uint64_t allowed_xcr0;
static bool has_xsaveopt;

void fpu_init_cpu(void)
{
    uint32_t leaf[4];

    read_cpuid(0xd, 0, leaf);
    allowed_xcr0 = leaf[0] & (XCR0_X87 | XCR0_SSE | XCR0_AVX);
    read_cpuid(0xd, 1, leaf);
    has_xsaveopt = (leaf[0] & 1) != 0;
    write_xcr0(allowed_xcr0);
    cpu_local()->xcr0 = allowed_xcr0;
    write_cr0(read_cr0() | CR0_TS | CR0_MP);
    cpu_local()->task_switched = 1;
}

uint64_t fpu_allowed_xcr0(void)
{
    return allowed_xcr0;
}

static void set_task_switched(bool set)
{
    struct cpu_local *local = cpu_local();

    if (set == (local->task_switched != 0)) {
        return;
    }
    local->task_switched = set;
    if (set) {
        write_cr0(read_cr0() | CR0_TS);
    } else {
        clear_task_switched();
    }
}

static void set_xcr0(uint64_t value)
{
    if (cpu_local()->xcr0 != value) {
        cpu_local()->xcr0 = value;
        write_xcr0(value);
    }
}

static void state_save(struct fpu_state *state)
{
    uint32_t low = (uint32_t)allowed_xcr0;

    if (has_xsaveopt) {
        __asm__ volatile("xsaveopt64 %0" : "+m"(*state) : "a"(low), "d"(0) : "memory");
    } else {
        __asm__ volatile("xsave64 %0" : "+m"(*state) : "a"(low), "d"(0) : "memory");
    }
}

static void state_load(struct vcpu *v)
{
    const struct fpu_state *state = v->fpu;

    v->fpu->cpu = cpu_local()->id;
    cpu_local()->fpu_owner = v;
    __asm__ volatile("xrstor64 %0" : : "m"(*state), "a"((uint32_t)allowed_xcr0), "d"(0) : "memory");
}

/* The state of a processor after reset, except that the guest's kernel finds what FNINIT leaves. */
static struct fpu_state *state_create(void)
{
    void *allocation = hv_alloc(sizeof(struct fpu_state) + 32);
    struct fpu_state *state = (struct fpu_state *)(((uint64_t)allocation + 63) & ~UINT64_C(63));
    uint16_t control = DEFAULT_CONTROL;
    uint32_t mxcsr = DEFAULT_MXCSR;

    if (allocation != NULL) {
        state->allocation = allocation;
        state->cpu = NO_CPU;
        memcpy(state->area, &control, sizeof(control));
        memcpy(state->area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    }
    return allocation != NULL ? state : NULL;
}

void fpu_load_task_switched(const struct vcpu *v)
{
    set_task_switched(v->fpu == NULL || v->pv.task_switched);
}

/* XRSTOR and XSAVE need TS clear and all components enabled. */
static void registers_open(void)
{
    set_task_switched(false);
    set_xcr0(allowed_xcr0);
}

void fpu_load_xcr0(const struct vcpu *v)
{
    set_xcr0(v->xcr0 != 0 ? v->xcr0 : FPU_XCR0_DEFAULT);
}

static void registers_close(const struct vcpu *v)
{
    fpu_load_xcr0(v);
    fpu_load_task_switched(v);
}

bool fpu_first_use(struct vcpu *v)
{
    if (v->fpu != NULL) {
        return false;
    }
    v->fpu = state_create();
    if (v->fpu == NULL) {
        domain_crash(v->domain, "no memory for the FPU state of vCPU %u", v->id);
        return true;
    }
    registers_open();
    state_load(v);
    registers_close(v);
    return !v->pv.task_switched;
}

void fpu_switch(struct vcpu *previous, struct vcpu *next)
{
    struct cpu_local *local = cpu_local();

    if (previous->fpu != NULL && local->fpu_owner == previous) {
        registers_open();
        state_save(previous->fpu);
    }
    if (next->fpu != NULL && (local->fpu_owner != next || next->fpu->cpu != local->id)) {
        registers_open();
        state_load(next);
    }
    registers_close(next);
}

void fpu_get_image(const struct vcpu *v, void *image)
{
    uint16_t control = DEFAULT_CONTROL;
    uint32_t mxcsr = DEFAULT_MXCSR;

    if (v->fpu != NULL) {
        memcpy(image, v->fpu->area, FXSAVE_SIZE);
        return;
    }
    memset(image, 0, FXSAVE_SIZE);
    memcpy(image, &control, sizeof(control));
    memcpy((char *)image + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}

int fpu_set_image(struct vcpu *v, const void *image)
{
    uint64_t components = XCR0_X87 | XCR0_SSE;
    uint32_t mxcsr;

    memcpy(&mxcsr, (const char *)image + FXSAVE_MXCSR, sizeof(mxcsr));
    if ((mxcsr & ~MXCSR_ALLOWED) != 0) {
        return -XEN_EINVAL;
    }
    if (v->fpu == NULL) {
        v->fpu = state_create();
    }
    if (v->fpu == NULL) {
        return -XEN_ENOMEM;
    }
    v->fpu->cpu = NO_CPU;
    memset(v->fpu->area, 0, sizeof(v->fpu->area));
    memcpy(v->fpu->area, image, FXSAVE_SIZE);
    memcpy(v->fpu->area + XSAVE_STATE_BV, &components, sizeof(components));
    return 0;
}

void fpu_free(struct vcpu *v)
{
    if (v->fpu != NULL) {
        hv_free(v->fpu->allocation);
    }
    v->fpu = NULL;
}
