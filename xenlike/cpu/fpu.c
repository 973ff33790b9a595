/* SPDX-License-Identifier: MIT */
/*
 * FPU state, with XSAVE.
 *
 * Owns: struct fpu_state, CR0.TS, XCR0. Invariant: FP1 the registers never show one vCPU's state to another: TS is set for who
 * has none of its own. FP2 only XSAVE, state_create() and machine_set_fpu() write an image, so XRSTOR cannot fault.
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

#define FXSAVE_MXCSR    24
#define FXSAVE_X87      32
#define FXSAVE_SSE      160
#define FXSAVE_END      416
#define XSAVE_HEADER    512 /* which components are not as after a reset */
#define DEFAULT_CONTROL 0x037f
#define DEFAULT_MXCSR   0x1f80
#define NO_CPU          UINT32_MAX

/* Legacy area, header, AVX (Intel SDM 1, 13.4): no more than these components are ever enabled. XSAVE wants it aligned to 64
 * bytes, hv_alloc() gives 32: it begins at the first such place. */
#define AREA_SIZE  (512 + 64 + 256)
#define AREA_ALIGN 64
struct fpu_state {
    uint32_t cpu; /* whose registers it was last loaded into; NO_CPU: none's since it was made */
    uint8_t space[AREA_ALIGN - 1 + AREA_SIZE];
};
struct fpu_area {
    uint8_t bytes[AREA_SIZE];
} __attribute__((aligned(AREA_ALIGN)));

static uint64_t allowed_xcr0;
static bool has_xsaveopt;

void fpu_init_cpu(void)
{
    uint32_t leaf[4];

    read_cpuid(0xd, 0, leaf);
    allowed_xcr0 = leaf[0] & XCR0_ALLOWED;
    read_cpuid(0xd, 1, leaf);
    has_xsaveopt = (leaf[0] & 1) != 0;
    write_xcr0(allowed_xcr0);
    cpu_local()->xcr0 = allowed_xcr0;
    write_cr0(read_cr0() | CR0_TS | CR0_MP);
    cpu_local()->task_switched = 1;
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

static struct fpu_area *area_of(struct fpu_state *state)
{
    uint64_t place = (uint64_t)state->space + (AREA_ALIGN - 1);

    return (struct fpu_area *)(place & ~(uint64_t)(AREA_ALIGN - 1));
}

static void state_save(struct fpu_state *state)
{
    struct fpu_area *area = area_of(state);
    uint32_t low = (uint32_t)allowed_xcr0;

    if (has_xsaveopt) {
        __asm__ volatile("xsaveopt64 %0" : "+m"(*area) : "a"(low), "d"(0) : "memory");
    } else {
        __asm__ volatile("xsave64 %0" : "+m"(*area) : "a"(low), "d"(0) : "memory");
    }
}

static void state_load(struct vcpu *v)
{
    const struct fpu_area *area = area_of(v->fpu);

    v->fpu->cpu = cpu_local()->id;
    cpu_local()->fpu_owner = v;
    __asm__ volatile("xrstor64 %0" : : "m"(*area), "a"((uint32_t)allowed_xcr0), "d"(0) : "memory");
}

/* The state of a processor after reset, except that the guest's kernel finds what FNINIT leaves. */
static struct fpu_state *state_create(void)
{
    struct fpu_state *state = hv_alloc(sizeof(struct fpu_state));
    uint16_t control = DEFAULT_CONTROL;
    uint32_t mxcsr = DEFAULT_MXCSR;

    if (state != NULL) {
        state->cpu = NO_CPU;
        memcpy(area_of(state)->bytes, &control, sizeof(control));
        memcpy(area_of(state)->bytes + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    }
    return state;
}

bool machine_get_fpu(const struct vcpu *v, uint8_t image[512])
{
    static const uint16_t control = DEFAULT_CONTROL;

    if (v->fpu == NULL) {
        return false;
    }
    const uint8_t *bytes = area_of(v->fpu)->bytes;
    uint8_t used = bytes[XSAVE_HEADER];
    memset(image, 0, 512);
    memcpy(image, (used & XCR0_X87) != 0 ? bytes : (const uint8_t *)&control,
           (used & XCR0_X87) != 0 ? FXSAVE_MXCSR : sizeof(control));
    memcpy(image + FXSAVE_MXCSR, bytes + FXSAVE_MXCSR, FXSAVE_X87 - FXSAVE_MXCSR);
    if ((used & XCR0_X87) != 0) {
        memcpy(image + FXSAVE_X87, bytes + FXSAVE_X87, FXSAVE_SSE - FXSAVE_X87);
    }
    if ((used & XCR0_SSE) != 0) {
        memcpy(image + FXSAVE_SSE, bytes + FXSAVE_SSE, FXSAVE_END - FXSAVE_SSE);
    }
    return true;
}

int machine_set_fpu(struct vcpu *v, const uint8_t image[512])
{
    v->fpu = v->fpu != NULL ? v->fpu : state_create();
    if (v->fpu == NULL) {
        return -XEN_ENOMEM;
    }
    uint8_t *bytes = area_of(v->fpu)->bytes;
    memset(bytes, 0, AREA_SIZE);
    memcpy(bytes, image, FXSAVE_END);
    memset(bytes + FXSAVE_MXCSR + 2, 0, 2); /* reserved bits of MXCSR would fault (FP2) */
    bytes[XSAVE_HEADER] = XCR0_X87 | XCR0_SSE;
    v->fpu->cpu = NO_CPU; /* FP3 */
    return 0;
}

void machine_load_task_switched(const struct vcpu *v)
{
    set_task_switched(v->fpu == NULL || v->pv.task_switched);
}

/* XRSTOR and XSAVE need TS clear and all components enabled. */
static void registers_open(void)
{
    set_task_switched(false);
    set_xcr0(allowed_xcr0);
}

void machine_load_xcr0(const struct vcpu *v)
{
    set_xcr0(v->xcr0 != 0 ? v->xcr0 : FPU_XCR0_DEFAULT);
}

static void registers_close(const struct vcpu *v)
{
    machine_load_xcr0(v);
    machine_load_task_switched(v);
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
