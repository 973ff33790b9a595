/* SPDX-License-Identifier: MIT */
/* Who runs: the current vCPU, and vCPUs made without vcpu.c. See fake.h. */
#include "fake.h"

#include <stdlib.h>

static struct vcpu *running;

struct vcpu *current_vcpu(void)
{
    return running;
}

void fake_run_on(struct vcpu *v, unsigned int cpu)
{
    fake_cpu = cpu;
    v->processor = cpu;
    v->dirty_cpus |= UINT64_C(1) << cpu;
    v->domain->dirty_cpus |= UINT64_C(1) << cpu;
    running = v;
}

void fake_run(struct vcpu *v)
{
    fake_run_on(v, v->processor);
}

struct vcpu *fake_vcpu_create(struct domain *d, uint32_t id)
{
    struct vcpu *v = calloc(1, sizeof(*v));

    v->domain = d;
    v->id = id;
    v->kernel_base = INVALID_MFN;
    v->user_base = INVALID_MFN;
    v->info_frame = INVALID_MFN;
    v->pv.in_kernel = true;
    if (d->max_vcpus <= id) {
        d->vcpus = realloc(d->vcpus, (id + 1) * sizeof(*d->vcpus));
        for (uint32_t i = d->max_vcpus; i < id; i++) {
            d->vcpus[i] = NULL;
        }
        d->max_vcpus = id + 1;
    }
    d->vcpus[id] = v;
    return v;
}
