#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the README promises about time, measured from outside: medians of ten, and idle cost."""
import os, statistics, time
from harness import Skip, expect, expect_run, main, wait_until
from machine import domains, real, wait_for_log, write_config

GREETING = "Hello from a paravirtual guest."
ROUNDS = int(os.environ.get("SPEED_ROUNDS", "10"))
IDLE_S = int(os.environ.get("SPEED_IDLE_SECONDS", "60"))


def median(seconds):
    return statistics.median(seconds)


def test_up_to_list_takes_less_than_two_seconds():
    taken = []
    with real() as machine:
        for _ in range(ROUNDS):
            begin = time.monotonic()
            expect_run(machine.run("up", timeout=90), 0)
            expect_run(machine.run("list"), 0)
            taken.append(time.monotonic() - begin)
            machine.run("down")
    print(f"# up to list: median {median(taken):.2f} s of {ROUNDS}, worst {max(taken):.2f} s")
    expect(median(taken) < 2, "median under 2 s", taken)


def test_create_to_the_first_line_takes_less_than_300_ms():
    taken = []
    with real() as machine:
        machine.run("up", timeout=90)
        for i in range(ROUNDS):
            name = f"hello{i}"
            write_config(machine, name)
            begin = time.monotonic()
            process = machine.start("create", "-c", f"{name}.cfg")
            line = process.stdout.readline()
            while line and GREETING not in line:
                line = process.stdout.readline()
            taken.append(time.monotonic() - begin)
            process.kill()
            process.communicate()
            machine.run("destroy", name)
            expect(line, "the greeting came")
    print(f"# create to first line: median {median(taken) * 1000:.0f} ms of {ROUNDS}, "
          f"worst {max(taken) * 1000:.0f} ms")
    expect(median(taken) < 0.3, "median under 300 ms", taken)


def cpu_seconds(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except FileNotFoundError:
        raise Skip("no /proc/PID/stat here")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_three_idle_guests_cost_less_than_three_percent():
    with real() as machine:
        machine.run("up", timeout=90)
        for name in ("one", "two", "three"):
            write_config(machine, name)
            expect_run(machine.run("create", f"{name}.cfg"), 0)
            wait_for_log(machine, name, GREETING)
        pid = machine.status()["qemu_pid"]
        time.sleep(1)
        before = cpu_seconds(pid)
        time.sleep(IDLE_S)
        share = (cpu_seconds(pid) - before) / IDLE_S * 100
    print(f"# QEMU with three idle guests: {share:.2f} % of a core over {IDLE_S} s")
    expect(share < 3, "under 3 %", share)


main("speed", [f for name, f in list(globals().items()) if name.startswith("test_")])
