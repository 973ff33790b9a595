/* SPDX-License-Identifier: MIT */
/* Domains: creation and its refusals, ids, pausing, shutdown, crash, and death that is interrupted at every step. */
#include <criterion/criterion.h>
#include <string.h>

#include <public/sched.h>

#include "comm_world.h"
#include "xenlike/comm/event_channel.h"
#include "xenlike/comm/grant_table.h"
#include "xenlike/domain/domain_devices.h"

static int create(domid_t id, const struct xen_domctl_createdomain *config, struct domain **d)
{
    *d = NULL;
    return domain_create(id, config, false, d);
}

Test(domain, creation_refuses_what_is_not_offered)
{
    struct domain *d;
    world_start();
    uint64_t before = frame_alloc_nr_free();
    struct xen_domctl_createdomain c = world_config();
    c.max_vcpus = 0;
    cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EINVAL);
    c.max_vcpus = MAX_DOMAIN_VCPUS + 1;
    cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EINVAL);
    const uint32_t flags[] = {XEN_DOMCTL_CDF_hvm,
                              XEN_DOMCTL_CDF_hap,
                              XEN_DOMCTL_CDF_iommu,
                              XEN_DOMCTL_CDF_nested_virt,
                              XEN_DOMCTL_CDF_vpmu,
                              1u << 8,
                              1u << 31};
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        c = world_config();
        c.flags = flags[i];
        cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EINVAL);
    }
    c = world_config();
    c.max_evtchn_port = 0;
    cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EINVAL);
    c = world_config();
    c.max_grant_frames = 65;
    cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EINVAL);
    c.max_grant_frames = 0;
    cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EINVAL);
    c = world_config();
    c.max_maptrack_frames = 1025;
    cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EINVAL);
    c = world_config();
    c.grant_opts = XEN_DOMCTL_GRANT_version(3);
    cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EINVAL);
    c.grant_opts = 0;
    cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EINVAL);
    c = world_config();
    c.arch.emulation_flags = XEN_X86_EMU_LAPIC;
    cr_assert_eq(create(DOMID_INVALID, &c, &d), -XEN_EOPNOTSUPP);
    c = world_config();
    cr_assert_eq(create(MAX_DOMAINS, &c, &d), -XEN_EINVAL);
    cr_assert_eq(create(0, &c, &d), -XEN_EEXIST);
    cr_assert_eq(frame_alloc_nr_free(), before, "nothing is left of a refused one");
    cr_assert_eq(create(7, &c, &d), 0);
    cr_assert_eq(d->id, 7);
    cr_assert_eq(d->pause_count, 1);
}

Test(domain, creation_undoes_itself_whichever_allocation_fails)
{
    struct domain *d;
    world_start();
    struct xen_domctl_createdomain c = world_config();
    cr_assert_eq(create(DOMID_INVALID, &c, &d), 0);
    world_kill(d);
    uint64_t before = frame_alloc_nr_free();
    /* The heap with ever fewer frames: the k-th allocation fails for every k, until one creation succeeds. */
    mfn_t kept[WORLD_FRAMES];
    size_t nr_kept = 0;
    while (mfn_valid_value(kept[nr_kept] = frame_alloc_one())) {
        nr_kept++;
    }
    int result = -XEN_ENOMEM;
    for (size_t given = 0; result != 0 && given < 64; given++) {
        result = create(DOMID_INVALID, &c, &d);
        cr_assert(result == 0 || result == -XEN_ENOMEM);
        if (result != 0) {
            frame_free_hypervisor(kept[--nr_kept], 0);
        }
    }
    cr_assert_eq(result, 0);
    world_kill(d);
    while (nr_kept != 0) {
        frame_free_hypervisor(kept[--nr_kept], 0);
    }
    cr_assert_eq(frame_alloc_nr_free(), before);
}

Test(domain, DM1_ids_come_back_as_late_as_possible_and_not_while_referenced)
{
    struct domain *d, *other;
    world_start();
    struct xen_domctl_createdomain c = world_config();
    cr_assert_eq(create(DOMID_INVALID, &c, &d), 0);
    domid_t id = d->id;
    domain_hold(d);
    domain_hold(d);
    cr_assert_eq(domain_kill(d), 0);
    cr_assert_eq(create(id, &c, &other), -XEN_EEXIST, "held twice");
    domain_put(d);
    cr_assert_eq(create(id, &c, &other), -XEN_EEXIST, "held once");
    domain_put(d);
    cr_assert_null(domain_get(id));
    cr_assert_eq(create(DOMID_INVALID, &c, &other), 0);
    cr_assert_neq(other->id, id);
    cr_assert_eq(create(id, &c, &d), 0, "by name it is free");
}

Test(domain, lookups_by_callers)
{
    struct domain *found;
    world_start();
    struct domain *a = world_guest(1), *b = world_guest(1);
    fake_run(a->vcpus[0]);
    cr_assert_eq(domain_get_for_caller(DOMID_SELF, &found), 0);
    cr_assert_eq(found, a);
    domain_put(found);
    cr_assert_eq(domain_get_for_caller(a->id, &found), 0);
    domain_put(found);
    cr_assert_eq(domain_get_for_caller(b->id, &found), -XEN_EPERM);
    cr_assert_eq(domain_get_for_caller(999, &found), -XEN_ESRCH);
    cr_assert_eq(domain_get_for_caller(DOMID_XEN, &found), -XEN_ESRCH);
    fake_run(world.dom0->vcpus[0]);
    cr_assert_eq(domain_get_for_caller(b->id, &found), 0);
    domain_put(found);
    cr_assert_eq(b->references, 1);
}

Test(domain, vcpus_are_created_as_told_and_a_failure_can_be_repeated)
{
    struct domain *d;
    world_start();
    struct xen_domctl_createdomain c = world_config();
    c.max_vcpus = 4;
    cr_assert_eq(create(DOMID_INVALID, &c, &d), 0);
    cr_assert_eq(domain_set_max_vcpus(d, 3), -XEN_EINVAL);
    cr_assert_eq(domain_set_max_vcpus(d, 5), -XEN_EINVAL);
    world.fail_vcpu_create = 3;
    cr_assert_eq(domain_set_max_vcpus(d, 4), -XEN_ENOMEM);
    cr_assert_eq(domain_set_max_vcpus(d, 4), 0);
    cr_assert_not_null(d->vcpus[3]);
    cr_assert_eq(domain_set_max_vcpus(world.dom0, 1), -XEN_EINVAL, "its own");
}

Test(domain, pauses_are_counted_and_the_toolstacks_apart)
{
    world_start();
    struct domain *d = world_guest(1);
    cr_assert_eq(domain_controller_unpause(d), -XEN_EINVAL);
    domain_pause(d);
    cr_assert_eq(domain_controller_pause(d), 0);
    cr_assert_eq(d->pause_count, 2);
    world.wakes = 0;
    cr_assert_eq(domain_controller_unpause(d), 0);
    cr_assert_eq(domain_controller_unpause(d), -XEN_EINVAL,
                 "the hypervisor's own pause is not theirs to end");
    cr_assert_eq(world.wakes, 0);
    domain_unpause(d);
    cr_assert_eq(world.wakes, 1);
    for (int i = 0; i < 255; i++) {
        cr_assert_eq(domain_controller_pause(d), 0);
    }
    cr_assert_eq(domain_controller_pause(d), -XEN_EBUSY);
    cr_assert_eq(domain_controller_pause(world.dom0), -XEN_EINVAL);
    cr_assert_eq(domain_controller_unpause(world.dom0), -XEN_EINVAL);
}

Test(domain, a_shutdown_stops_all_vcpus_once_and_can_be_taken_back)
{
    world_start();
    struct domain *d = world_guest(3);
    struct evtchn_bind_virq virq = {.virq = VIRQ_DOM_EXC};
    cr_assert_eq(event_channel_bind_virq(&virq), 0);
    domain_shutdown(d, SHUTDOWN_reboot);
    cr_assert_eq(event_channel_poll(world.dom0, virq.port), 1);
    for (uint32_t i = 0; i < 3; i++) {
        cr_assert_eq(d->vcpus[i]->pause_flags, VCPU_SHUTDOWN);
    }
    domain_shutdown(d, SHUTDOWN_poweroff);
    cr_assert_eq(d->shutdown_code, SHUTDOWN_reboot, "the first reason stands");
    domain_resume(d);
    cr_assert_not(d->is_shut_down);
    cr_assert_eq(d->vcpus[2]->pause_flags, 0);
    cr_assert_eq(d->pause_count, 0);
}

Test(domain, a_crash_keeps_its_first_reason_and_logs_registers)
{
    world_start();
    struct domain *d = world_guest(1);
    fake_run(d->vcpus[0]);
    d->vcpus[0]->regs.rip = 0x123456789abc;
    d->vcpus[0]->regs.rbp = WORLD_BUFFER;
    ((uint64_t *)(void *)world.buffer)[0] = WORLD_BUFFER + 64;
    ((uint64_t *)(void *)world.buffer)[1] = 0xcafe;
    domain_crash(d, "bad frame %d", 7);
    domain_crash(d, "afterwards");
    cr_assert_str_eq(d->crash_reason, "bad frame 7");
    cr_assert_eq(d->shutdown_code, SHUTDOWN_crash);
    cr_assert_not_null(strstr(world.output, "crashed: bad frame 7"));
    cr_assert_not_null(strstr(world.output, "0000123456789abc"));
    cr_assert_not_null(strstr(world.output, "at 000000000000cafe"));
}

Test(domain, a_kernel_that_gives_up_is_logged_with_its_registers)
{
    world_start();
    struct domain *d = world_guest(1);
    fake_run(d->vcpus[0]);
    d->vcpus[0]->regs.rip = 0x123456789abc;
    domain_shutdown(d, SHUTDOWN_crash);
    cr_assert_eq(d->shutdown_code, SHUTDOWN_crash);
    cr_assert_not_null(strstr(world.output, "crashed: its kernel asked for the end"));
    cr_assert_not_null(strstr(world.output, "0000123456789abc"));
}

Test(domain, the_machine_ends_with_its_hardware_domain)
{
    world_start();
    if (setjmp(world.end) == 0) {
        domain_shutdown(world.dom0, SHUTDOWN_poweroff);
    }
    cr_assert_eq(world.ended, 'P');
    if (setjmp(world.end) == 0) {
        domain_shutdown(world.dom0, SHUTDOWN_reboot);
    }
    cr_assert_eq(world.ended, 'R');
}

Test(domain, nobody_kills_himself)
{
    world_start();
    cr_assert_eq(domain_kill(world.dom0), -XEN_EINVAL);
}

Test(domain, death_goes_on_after_every_interruption_and_returns_every_frame)
{
    world_start();
    world_kill(world_guest(2));
    uint64_t before = frame_alloc_nr_free();
    for (unsigned int every = 1; every <= 12; every++) {
        struct domain *d = world_guest(2);
        uint32_t port = 0;
        for (int i = 0; i < 30; i++) {
            mfn_t frame = frame_alloc_domain(d, 0, 0);
            cr_assert(mfn_valid_value(frame));
            if (i == 0) {
                fake_run(d->vcpus[0]);
                cr_assert_eq(event_channel_register_vcpu_info(d->vcpus[0], frame.n, 0), 0);
            }
        }
        cr_assert(mfn_valid_value(grant_table_frame(d, 3)));
        for (int i = 0; i < 200; i++) {
            struct evtchn_alloc_unbound a = {.dom = DOMID_SELF};
            cr_assert_eq(event_channel_alloc_unbound(&a), 0);
            port = a.port;
        }
        cr_assert_eq(port, 200);
        struct vcpu *dead = d->vcpus[0];
        fake_preempt_every = every;
        unsigned int rounds = 0;
        fake_run(world.dom0->vcpus[0]);
        domain_hold(d);
        while (domain_kill(d) == -XEN_ERESTART) {
            cr_assert_lt(++rounds, 1000);
            cr_assert_eq(d->life, DOMAIN_DYING);
        }
        fake_preempt_every = 0;
        cr_assert_eq(dead->info, &event_channel_no_info);
        domain_put(d);
        cr_assert_eq(frame_alloc_nr_free(), before);
    }
}

Test(domain, DM3_a_dying_domain_takes_no_memory)
{
    world_start();
    struct domain *d = world_guest(1);
    domain_hold(d);
    cr_assert_eq(domain_kill(d), 0);
    cr_assert_not(mfn_valid_value(frame_alloc_domain(d, 0, 0)));
    cr_assert_not(mfn_valid_value(grant_table_frame(d, 3)));
    domain_put(d);
}

Test(domain, DD1_the_hardware_domain_has_every_port_but_ours)
{
    world_start();
    struct domain *d = world_guest(1);
    cr_assert(domain_devices_port_allowed(world.dom0, 0x0604, 2));
    cr_assert_not(domain_devices_port_allowed(world.dom0, 0x0020, 1));
    cr_assert_not(domain_devices_port_allowed(world.dom0, 0x001f, 2));
    cr_assert_not(domain_devices_port_allowed(world.dom0, 0x0cf8, 4));
    cr_assert_not(domain_devices_port_allowed(world.dom0, 0xffff, 2));
    cr_assert(domain_devices_port_allowed(world.dom0, 0xffff, 1));
    cr_assert_not(domain_devices_port_allowed(d, 0x0604, 1));
    cr_assert_eq(domain_devices_permit_ports(d, 0x40, 1, true), -XEN_EINVAL);
    cr_assert_eq(domain_devices_permit_ports(d, 0x3e, 8, true), -XEN_EINVAL);
    cr_assert_eq(domain_devices_permit_ports(d, 65536, 1, true), -XEN_EINVAL);
    cr_assert_eq(domain_devices_permit_ports(d, 65535, 2, true), -XEN_EINVAL);
    cr_assert_eq(domain_devices_permit_ports(d, 0x100, 0, true), -XEN_EINVAL);
    cr_assert_eq(domain_devices_permit_ports(d, 0x100, 16, false), 0);
    cr_assert_eq(domain_devices_permit_ports(d, 0x100, 16, true), 0);
    cr_assert(domain_devices_port_allowed(d, 0x10c, 4));
    cr_assert_not(domain_devices_port_allowed(d, 0x10d, 4));
    cr_assert_eq(domain_devices_permit_ports(d, 0x100, 16, false), 0);
    cr_assert_not(domain_devices_port_allowed(d, 0x100, 1));
}
