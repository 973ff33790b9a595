#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks when one of the two ends, or the host, fails: back ends that end in mid-request and begin anew (BLK4),
that misbehave on purpose (BF2, BF3), front ends that do (BLK2), and a host that is full or takes files away."""
import re, shutil, time
from harness import Skip, expect, expect_run, main, wait_until
from machine import ON_XEN, domains, free_memory, real, wait_for_log
import test_block as block
from test_block import config, finish, image, machine

BACK = "/local/domain/0/backend/vbd"


def create(name, task, path):
    expect_run(machine().run("create", config(machine(), name, task, f"{path.name},raw,xvda,rw")), 0)


def log_of(name):
    return machine().run("logs", name).stdout


def faults(name, words):
    """A disk whose back end has these from its next beginning on."""
    expect_run(machine().run("xenstore", "write", f"{BACK}/{domains(machine())[name][0]}/51712/fault", words), 0)
    expect_run(machine().run("block-restart", name, "xvda"), 0)


def honest(task="stress"):
    create("honest", task, image(machine(), "honest.img"))


def honest_goes_on():
    """The disk beside is served as before."""
    rounds = log_of("honest").count("all as expected")
    wait_until(lambda: log_of("honest").count("all as expected") > rounds, 60, "the disk beside is served")
    expect("WRONG" not in log_of("honest"), "and nothing of it is lost", log_of("honest"))


def resumed(name):
    found = re.search(r"begun anew (\d+) times", machine().run("device", name).stdout)
    return int(found.group(1)) if found else 0


def test_BLK4_a_back_end_begun_anew_under_load_loses_nothing():
    create("load", "stress", image(machine(), "load.img"))
    wait_for_log(machine(), "load", "round 1 is over", 60)
    count = 0
    while log_of("load").count("all as expected") < 4 or count < 30:
        expect_run(machine().run("block-restart", "load", "xvda"), 0)
        count += 1
        expect("WRONG" not in log_of("load") and count < 2000, "every read gives what was written", log_of("load"))
    expect(resumed("load") == count, "as often as asked", resumed("load"), count)
    expect_run(machine().run("destroy", "load"), 0)


def test_BLK4_a_back_end_that_crashes_every_few_requests_loses_nothing():
    create("crashes", "info wait", image(machine(), "crashes.img"))
    wait_for_log(machine(), "crashes", "sectors of")
    expect_run(machine().run("destroy", "crashes"), 0)
    create("crashes", "stress", image(machine(), "crashes.img"))
    wait_for_log(machine(), "crashes", "round 1 is over", 60)
    faults("crashes", "crash=7")
    before = log_of("crashes").count("all as expected")
    wait_until(lambda: log_of("crashes").count("all as expected") >= before + 2, 120, "two rounds over crashes")
    expect("WRONG" not in log_of("crashes"), "nothing is lost", log_of("crashes"))
    expect(resumed("crashes") > 100, "it crashed all the time", resumed("crashes"))
    expect_run(machine().run("destroy", "crashes"), 0)


def test_BLK4_disks_of_both_kinds_live_through_crashes_of_dom0():
    if ON_XEN:
        raise Skip("real Xen ends when dom0 does")
    with real() as where:
        shutil.copy(block.DISK, where.work / "disk.elf")
        whole, own = image(where, "whole.img"), image(where, "own.img")
        expect_run(where.run("up", "--disk", whole.name, timeout=90), 0)
        for name, disk in (("whole", "phy:vda,xvda,w"), ("own", "own.img,raw,xvda,w")):
            expect_run(where.run("create", config(where, name, "stress", disk)), 0)
        logs = lambda: [where.run("logs", name).stdout for name in ("whole", "own")]
        for _ in range(3):
            rounds = [log.count("all as expected") for log in logs()]
            wait_until(lambda: all(log.count("all as expected") > before for log, before in zip(logs(), rounds)), 60,
                       "both do their rounds")
            where.run("crash-dom0", "--yes")
        rounds = [log.count("all as expected") for log in logs()]
        wait_until(lambda: all(log.count("all as expected") > before for log, before in zip(logs(), rounds)), 60,
                   "both go on after the last crash")
        expect("WRONG" not in "".join(logs()), "every read gives what was written", *logs())
        expect_run(where.run("destroy", "own"), 0)
        expect_run(where.run("create", config(where, "own", "info discard", "own.img,raw,xvda,w")), 0)
        wait_until(lambda: "own" not in domains(where), 20, "it ends")
        expect("what is beside it is untouched" in where.run("logs", "own").stdout, "discards reach the host again",
               where.run("logs", "own").stdout)


def test_integrity_over_detach_and_attach():
    path = image(machine(), "away.img")
    create("away", "stress", path)
    for _ in range(6):
        time.sleep(0.3)
        expect_run(machine().run("block-detach", "away", "xvda"), 0)
        expect_run(machine().run("block-attach", "away", f"{path.name},raw,xvda,w"), 0)
    rounds = log_of("away").count("all as expected")
    wait_until(lambda: log_of("away").count("all as expected") > rounds, 60, "a round after the last return")
    log = log_of("away")
    expect("WRONG" not in log and log.count("the disk is back") == 6, "nothing is lost", log)
    expect_run(machine().run("destroy", "away"), 0)


def test_BF2_a_slow_back_end_that_answers_out_of_order_harms_nobody():
    create("slow", "stress", image(machine(), "slow.img"))
    wait_for_log(machine(), "slow", "round 1 is over", 60)
    faults("slow", "slow=1 reorder=13")
    before = log_of("slow").count("all as expected")
    wait_until(lambda: log_of("slow").count("all as expected") > before + 1, 120, "a round")
    expect("WRONG" not in log_of("slow"), "every answer goes to its question", log_of("slow"))
    expect_run(machine().run("destroy", "slow"), 0)


def test_errors_and_short_reads_reach_the_application_as_errors():
    for word in ("error=50", "short=50"):
        create("errors", "info stress", image(machine(), "errors.img"))
        wait_for_log(machine(), "errors", "round 1 is over", 60)
        faults("errors", word)
        log = finish(machine(), "errors")
        expect(re.search(r"verify: sector \d+: I/O error", log) and "is not what was written" not in log,
               "an error, and no wrong data", log)


def test_BF2_a_back_end_that_lies_costs_its_own_disk_only():
    honest()
    try:
        for word, says in (("duplicate=40", "answered what was not asked"), ("wrong-id=40", "answered what was not asked"),
                           ("wrong-op=40", "answered what was not asked"), ("overrun=40", "overran the ring")):
            create("liedto", "info stress", image(machine(), "liedto.img"))
            wait_for_log(machine(), "liedto", "round 1 is over", 60)
            faults("liedto", word)
            log = finish(machine(), "liedto")
            expect(says in log and "is given up" in log, word, log)
            expect("WRONG" in log and "is not what was written" not in log, "errors, and no wrong data", word, log)
            honest_goes_on()
    finally:
        machine().run("destroy", "honest")


def test_a_back_end_that_leaves_or_hangs_can_be_had_again():
    path = image(machine(), "leaves.img")
    create("leaves", "stress", path)
    number = domains(machine())["leaves"][0]
    wait_for_log(machine(), "leaves", "round 1 is over", 60)
    faults("leaves", "reset=30")
    wait_until(lambda: "the disk is gone" in log_of("leaves"), 20, "the guest lets go")
    shown = machine().run("device", "leaves").stdout
    expect("the back end says: it was reset on purpose" in shown, "said", shown)
    expect_run(machine().run("block-detach", "leaves", "xvda"), 0)
    expect_run(machine().run("block-attach", "leaves", f"{path.name},raw,xvda,w"), 0)
    wait_for_log(machine(), "leaves", "the disk is back")
    faults("leaves", "hang=30")
    stuck = lambda: re.findall(r"requests (\d+)", machine().run("device", "leaves").stdout)
    wait_until(lambda: stuck() == (time.sleep(0.3) or stuck()), 20, "nothing moves")
    expect_run(machine().run("xenstore", "rm", f"{BACK}/{number}/51712/fault"), 0)
    expect_run(machine().run("block-restart", "leaves", "xvda"), 0)
    rounds = log_of("leaves").count("all as expected")
    wait_until(lambda: log_of("leaves").count("all as expected") > rounds, 60, "it goes on where it stood")
    expect("WRONG" not in log_of("leaves"), "nothing is lost", log_of("leaves"))
    expect_run(machine().run("destroy", "leaves"), 0)


def test_BLK2_front_ends_that_break_the_rules_harm_themselves_only():
    honest()
    try:
        honest_goes_on()
        free = free_memory(machine())
        for task in ("rewrite", "rewind", "flap", "vanish"):
            path = image(machine(), "bad.img")
            create("bad", f"{task} {task}" if task == "flap" else task, path)
            wait_until(lambda: "bad" not in domains(machine()), 60, f"{task} ends")
            log = log_of("bad")
            expect("is over" in log or "requests under way" in log, task, log)
            expect(path.read_bytes() == bytes(4 << 20), "the file is as it was", task)
            honest_goes_on()
        wait_until(lambda: free_memory(machine()) == free, 10, "all memory came back")
    finally:
        machine().run("destroy", "honest")
    expect_run(machine().run("xenstore", "ls", BACK), 0, stdout="")


def test_block_restart_says_what_it_cannot_do():
    expect_run(machine().run("block-restart", "Domain-0", "xvda"), 1, stderr="no disk 'xvda'")
    expect_run(machine().run("block-restart", "nobody", "xvda"), 3, stderr="nobody")


if __name__ == "__main__":
    tests = [value for name, value in list(globals().items()) if name.startswith("test_")]
    try:
        main("block faults", tests)
    finally:
        if block.shared is not None:
            block.shared.close()
