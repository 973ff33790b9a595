#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vcpu-pin, sched-credit2, trigger: what they take, what they refuse and how, what the tables show afterwards."""
from harness import expect, expect_run, main
from machine import real, write_config


def rows(machine, *words):
    result = machine.run(*words)
    expect_run(result, 0)
    return [line.split() for line in result.stdout.splitlines()[1:]]


def test_affinity_and_shares_are_kept_and_bad_ones_refused():
    with real() as machine:
        write_config(machine, "two", vcpus="2", cpu_weight="512", cap="50")
        expect_run(machine.run("create", "two.cfg", timeout=90), 0)
        number = machine.run("domid", "two").stdout.strip()
        expect([row[-3:] for row in rows(machine, "vcpu-list", "two")] == [["all", "/", "all"]] * 2, "no pinning yet")
        expect_run(machine.run("vcpu-pin", "two", "all", "0", "0-3"), 0)
        expect_run(machine.run("vcpu-pin", "two", "1", "all"), 0)
        expect_run(machine.run("vcpu-pin", "two", "1", "-", "0"), 0)
        expect_run(machine.run("vcpu-pin", "two", "2", "0"), 2, stderr=["no virtual CPU", "from 0 to 1"])
        expect_run(machine.run("vcpu-pin", "two", "0", "3-1"), 2, stderr=["no list of CPUs", "0-7,^5"])
        expect_run(machine.run("vcpu-pin", "two", "0", "40"), 2, stderr=["there is no CPU 40", "has CPU 0 to 0"])
        expect_run(machine.run("vcpu-pin", "nobody", "0", "0"), 3, stderr="nobody")
        expect(rows(machine, "sched-credit2", "-d", "two") == [["two", number, "512", "50"]], "as configured")
        expect_run(machine.run("sched-credit2", "-d", "two", "-w", "128"), 0)
        expect(rows(machine, "sched-credit2", "-d", "two") == [["two", number, "128", "50"]], "the cap stays")
        expect_run(machine.run("sched-credit2", "-d", "two", "-c", "0"), 0)
        expect(["two", number, "128", "0"] in rows(machine, "sched-credit2"), "among all")
        expect_run(machine.run("sched-credit2", "-w", "128"), 2, stderr=["which domain?", "-d DOMAIN"])
        expect_run(machine.run("sched-credit2", "-d", "two", "-c", "201"), 2, stderr="from 0 to 200")
        expect_run(machine.run("trigger", "two", "power"), 2, stderr=["has no 'power'", "pvctl shutdown"])
        expect_run(machine.run("trigger", "two", "nmi", "7"), 2, stderr="from 0 to 1")
        expect_run(machine.run("trigger", "two", "nmi", "0"), 0)


if __name__ == "__main__":
    main("vcpus", [value for name, value in list(globals().items()) if name.startswith("test_")])
