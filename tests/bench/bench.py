#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the path image on each hypervisor under -icount and prints the table: instructions, and how many of them are costly ones.

bench.py [--check | --write] IMAGE HYPERVISOR XEN PLUGIN BASELINE COMPILER
"""
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
ROW = re.compile(r"path: (.*?) +(\d+)\r?$", re.M)
# What tests/bench/counter.c counts, in its order.
COSTLY = ["cr3", "cr4", "invlpg", "wrmsr", "lock", "iret", "segment"]
SAMPLES = 101
# Time stamps that a sample of a row takes, and which of them ends what is measured (tests/bench/paths).
STAMPS = collections.defaultdict(lambda: (3, 2), {
    "page fault to its handler": (2, 1), "iret to user mode": (3, 1), "user syscall to the kernel": (4, 3),
    "user syscall and back": (5, 3), "event to its upcall": (2, 1)})


def measured_places(image):
    """Address ranges of the code that takes the time stamps."""
    lines = [l.split() for l in subprocess.run(["nm", "-n", image], capture_output=True, text=True, check=True)
             .stdout.splitlines()]
    symbols = [(int(l[0], 16), l[2]) for l in lines if len(l) == 3 and l[1] in "tT"]
    return [(start, symbols[i + 1][0]) for i, (start, name) in enumerate(symbols[:-1])
            if name == "measure" or name.startswith("paths_")]


def vectors(names, image, text):
    """Name to the costly instructions of its samples (what most of them have); {} if the plugin wrote nothing."""
    places = measured_places(image)
    records = [[int(word, 16 if i == 0 else 10) for i, word in enumerate(line.split())] for line in text.splitlines()]
    records = [r[1:] for r in records if any(start <= r[0] < end for start, end in places)]
    found = {}
    for name in names:
        count, last = STAMPS[name]
        mine, records = records[:count * SAMPLES], records[count * SAMPLES:]
        if len(mine) == count * SAMPLES:
            found[name] = collections.Counter(tuple(r) for r in mine[last::count]).most_common(1)[0][0]
    return found


def run(image, hypervisor, arguments, limit_s, plugin):
    """Name to (ticks, costly instructions or None)."""
    with tempfile.TemporaryDirectory() as directory:
        os.symlink(pathlib.Path(image).resolve(), pathlib.Path(directory) / "paths.elf")
        os.symlink(pathlib.Path(hypervisor).resolve(), pathlib.Path(directory) / "hypervisor")
        command = [QEMU, "-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", "max,-smap,-erms",
                   "-nodefaults", "-display", "none", "-no-reboot", "-kernel", "hypervisor",
                   "-initrd", "paths.elf"] + arguments
        if plugin:
            command += ["-plugin", f"file={pathlib.Path(plugin).resolve()},out=counts"]
        process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        timer = threading.Timer(limit_s, process.kill)
        timer.start()
        text = ""
        for line in process.stdout:
            text += line.decode(errors="replace")
            if "path: end" in text:
                break
        timer.cancel()
        process.kill()
        process.wait()
        rows = dict((name.strip(), int(ticks)) for name, ticks in ROW.findall(text))
        if not rows and plugin:
            return run(image, hypervisor, arguments, limit_s, None)  # a QEMU that takes no such plugin
        counts = pathlib.Path(directory) / "counts"
        costly = vectors(rows, image, counts.read_text()) if plugin and counts.exists() else {}
    if "path: end" not in text:
        print(f"bench: {hypervisor} did not reach the end:\n{text[-2000:]}", file=sys.stderr)
    return {name: (ticks, costly.get(name)) for name, ticks in rows.items()}


def told(costly):
    if costly is None:
        return "?"
    return " ".join(f"{count} {name}" for name, count in zip(COSTLY, costly) if count) or "-"


def read_baseline(path):
    lines = pathlib.Path(path).read_text().splitlines()
    rows = {}
    for line in lines[1:]:
        name, ticks, costly = line.split(" | ")
        rows[name] = (int(ticks), tuple(int(n) for n in costly.split()))
    return lines[0], rows


def check(rows, path, compiler):
    """A path that is over 2 % longer than it was, or has one costly instruction more, fails."""
    written_by, before = read_baseline(path)
    if written_by != f"# {compiler}":
        print(f"ok - bench # SKIP the baseline is of {written_by[2:]}, this is {compiler}")
        return 0
    wrong = [f"{name}: missing" for name in before if name not in rows]
    for name in before.keys() & rows.keys():
        (ticks, costly), (was, was_costly) = rows[name], before[name]
        if ticks > was * 1.02:
            wrong.append(f"{name}: {ticks} instructions, was {was}")
        if costly and any(now > then for now, then in zip(costly, was_costly)):
            wrong.append(f"{name}: {told(costly)}, was {told(was_costly)}")
    for line in wrong:
        print(f"# {line}")
    print(f"{'not ok' if wrong else 'ok'} - bench: no path is longer than in {path}")
    return 1 if wrong else 0


def main():
    mode = sys.argv.pop(1) if sys.argv[1].startswith("--") else ""
    image, ours, xen, plugin, baseline, compiler = sys.argv[1:7]
    plugin = plugin if os.path.exists(plugin) else None
    rows = run(image, ours, ["-m", "256", "-debugcon", "stdio"], 120, plugin)
    if mode == "--check":
        return check(rows, baseline, compiler)
    if mode == "--write":
        lines = [f"{name} | {ticks} | {' '.join(map(str, costly))}" for name, (ticks, costly) in rows.items()]
        pathlib.Path(baseline).write_text("\n".join([f"# {compiler}"] + lines) + "\n")
        return 0
    beside = {}
    if os.path.exists(xen):
        beside = run(image, xen, ["-m", "512", "-serial", "stdio", "-append",
                                  "console=com1 com1=115200,8n1 dom0_mem=64M sync_console"], 400, plugin)
    else:
        print(f"bench: no Xen at {xen}: its columns are left out")
    print(f"{'path':40} {'xenlike':>8} {'Xen':>8}  {'costly, xenlike':26} costly, Xen")
    for name in rows | beside:
        mine, theirs = rows.get(name, ("-", None)), beside.get(name, ("-", None))
        print(f"{name:40} {mine[0]:>8} {theirs[0]:>8}  {told(mine[1]):26} {told(theirs[1])}")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
