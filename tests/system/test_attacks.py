#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The hostile guest (tests/guest/attacks) beside a witness: each attack is refused or ends the attacker, and nobody else notices.

With XEN=1 the same on real Xen 4.17, which says whether a difference is the image's mistake. ATTACK=name runs one alone,
ATTACK_SEEDS=20 that many seeds of random calls."""
import os, re, shutil, time
from harness import BUILD, Skip, expect, expect_run, main, wait_until
from machine import ON_XEN, domains, free_memory, real, wait_for_log, write_config

SURVIVED = """own-tables linear-tables foreign-frames hypervisor-slots stale-tlb balloon exchange writable-tables descriptor-pages
    instructions registers ports interrupts irets flags-survive sysret-edge breakpoints single-steps segments fpu-state
    event-storm shared-info timers long-lists contexts vcpu-areas grant-maps grant-flip grant-revoke grant-exhaust grant-tables stale-grants
    grant-versions
    store-garbage""".split()
# Under TCG real Xen takes the vector of int n from an error code that is wrong there, and reads ports that are not ours as 0.
WRONG_ON_XEN = {"interrupts", "ports", "instructions"}
# What pvctl shows of the reason; the attacker does not come back.
LETHAL = {
    "stack-hypervisor": "#UD at rip .*: its frame cannot be stored at ffff83",
    "stack-not-canonical": "#UD at rip .*: its frame cannot be stored at 8fff",
    "stack-unmapped": "#UD at rip .*: its frame cannot be stored at 6fff",
    "stack-read-only": "#UD at rip .*: its frame cannot be stored",
    "stack-straddles": "#PF at rip .*: its frame cannot be stored",
    "no-handler": "#UD at rip .*registered no handler",
    "event-stack": "event at rip .*: its frame cannot be stored at ffff83",
    "iret-hypervisor": "iret: its frame cannot be read at ffff83",
    "iret-unmapped": "iret: its frame cannot be read at 7000",
    "iret-no-user-base": "iret to user mode .* without a user base",
    "fault-recursion": "#PF at rip .*: its frame cannot be stored",
}
OUTCOME = re.compile(r"^outcome: (\w+), .*$", re.M)
shared = None


def machine():
    global shared
    if shared is None:
        images = [BUILD / "tests/guest" / name for name in ("attacker.elf", "witness.elf")]
        for image in images:
            if not image.exists():
                raise Skip(f"{image} is not built")
        shared = real()
        for image in images:
            shutil.copy(image, shared.work)
        expect_run(shared.run("up", timeout=90), 0)
        write_config(shared, "witness", kernel='"witness.elf"')
        expect_run(shared.run("create", "witness.cfg"), 0)
        wait_for_log(shared, "witness", "witness 2 held")
    return shared


def witness_count():
    log = machine().run("logs", "witness").stdout
    expect("CHANGED" not in log, "the witness's memory", log[-300:])
    return int(re.findall(r"witness (\d+) held", log)[-1])


def attack(name, seed="", seconds=60):
    """Runs it to its end; its log, and what the hypervisor logged meanwhile."""
    seen, before, free = witness_count(), machine().run("dmesg").stdout, free_memory(machine())
    write_config(machine(), "attacker", kernel='"attacker.elf"', memory="16", extra=f'"{name} {seed}"',
                 on_crash='"destroy"')
    expect_run(machine().run("create", "attacker.cfg"), 0)
    try:
        if name == "exit-in-flood":
            wait_for_log(machine(), "attacker", "for ever")
            time.sleep(1)
            expect_run(machine().run("destroy", "attacker"), 0)
        wait_until(lambda: "attacker" not in domains(machine()), seconds, "the attacker is gone")
    except AssertionError:
        if name != "random-calls": # which may have stopped itself in a hundred ways
            raise
    finally:
        machine().run("destroy", "attacker")
    log = machine().run("logs", "attacker").stdout
    wait_until(lambda: witness_count() > seen, 20, "the witness goes on")
    wait_until(lambda: free_memory(machine()) == free, 10, "its memory came back")
    after = machine().run("dmesg").stdout
    return log, after[len(before):] if after.startswith(before) else after


def survived(name):
    if ON_XEN and name in WRONG_ON_XEN:
        raise Skip("TCG misleads Xen here")
    log, _ = attack(name)
    outcome = OUTCOME.findall(log)
    expect(outcome and outcome[-1] == "held", "every answer as it should be", log[-2500:])


def lethal(name):
    log, messages = attack(name)
    expect(not OUTCOME.search(log), "it does not come back", log[-500:])
    if not ON_XEN:
        expect(re.search(LETHAL[name], messages + log), "the reason", LETHAL[name], messages[-1500:], log[-500:])


def random_calls():
    for seed in range(int(os.environ.get("ATTACK_SEEDS", "3"))):
        log, messages = attack("random-calls", 1000 + seed, seconds=10)
        expect(log, "seed", 1000 + seed, messages[-500:])


def survives_ends():
    for name in ("exit-with-maps", "exit-in-flood", "console-flood"):
        attack(name)


def named(name, function):
    function.__name__ = "test_" + name.replace("-", "_")
    return function


tests = [named(name, lambda name=name: survived(name)) for name in SURVIVED]
tests += [named(name, lambda name=name: lethal(name)) for name in LETHAL]
tests += [named("random-calls", random_calls), named("ends-with-everything-open", survives_ends)]
only = os.environ.get("ATTACK")
try:
    main("attacks on Xen" if ON_XEN else "attacks",
         [t for t in tests if not only or t.__name__ == "test_" + only.replace("-", "_")])
finally:
    if shared is not None:
        shared.close()
