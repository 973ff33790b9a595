#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many guests at once, and one after the other: nothing is lost, nothing is left. CYCLES=N for fewer or more."""
import os, re
from harness import expect, expect_run, main, wait_until
from machine import domains, real, wait_for_log, write_config

GREETING = "Hello from a paravirtual guest."
GUESTS = 50
CYCLES = int(os.environ.get("CYCLES", "1000"))
shared = None


def machine():
    global shared
    if shared is None:
        shared = real()
        expect_run(shared.run("up", "--memory", "512", timeout=90), 0)
        write_config(shared, "many")
    return shared


def frames():
    """Owners and how many frames each has: the hypervisor counts its frame table one by one."""
    machine().run("dmesg", "-c")
    expect_run(machine().run("debug-keys", "m"), 0)
    line = re.findall(r"frames: (.*)", machine().run("dmesg").stdout)[-1]
    return dict(part.rsplit(" ", 1) for part in line.split(", "))


def free_count():
    machine().run("dmesg", "-c")
    expect_run(machine().run("debug-keys", "H"), 0)
    return int(re.findall(r"heap: (\d+) of", machine().run("dmesg").stdout)[-1])


def test_fifty_guests_run_at_once_and_end_together():
    before = None
    for _ in range(2):  # the first round pays for what dom0 and the hypervisor then keep
        for i in range(GUESTS):
            expect_run(machine().run("create", "many.cfg", f"name='guest{i}'"), 0)
        found = domains(machine())
        expect(len(found) == GUESTS + 1, "all are listed", len(found))
        for i in range(GUESTS):
            wait_for_log(machine(), f"guest{i}", GREETING)
        wait_until(lambda: all(row[3] == "-b----" for name, row in domains(machine()).items()
                               if name != "Domain-0"), 10, "all wait for input")
        expect_run(machine().run("shutdown", "-a", "-w", "--timeout", "60", timeout=90), 0)
        expect(list(domains(machine())) == ["Domain-0"], "all are gone")
        now = frames()
        expect(before is None or now == before, "the same owners have the same frames", before, now)
        before = now


def test_a_thousand_lives_leave_nothing():
    def live():
        expect_run(machine().run("create", "many.cfg"), 0)
        expect_run(machine().run("destroy", "many"), 0)

    for _ in range(20):
        live()
    before, free = frames(), free_count()
    for _ in range(CYCLES):
        live()
    after = frames()
    expect(after == before, "frames by owner, by a scan of the table", before, after)
    expect(free_count() == free, "free frames, as the heap counts them", free, free_count())
    expect(set(after) == {"free", "the hypervisor's", "d0", "d4095"}, "nobody else has any", after)
    print(f"# {CYCLES} lives: {after}")


def run_all():
    try:
        main("many", [f for name, f in list(globals().items()) if name.startswith("test_")])
    finally:
        if shared is not None:
            shared.close()


run_all()
