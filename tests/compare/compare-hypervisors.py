#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the differential image on hypervisors under QEMU and compares what they answered.

    compare-hypervisors.py IMAGE --xenlike FILE [--xen FILE] [--write-golden]

Without --xen, xenlike is compared with the answers of real Xen kept in xen-4.17.txt. Differences that have a reason stand in
differences.txt; any other is a failure, and so is a reason for what does not differ."""
import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "xen-4.17.txt")
REASONS = os.path.join(HERE, "differences.txt")
GROUPS = ["misc", "page_tables", "pins", "segments", "events", "grants", "vcpu", "memory", "control",
          "grants_v2", "fifo"]


def run(hypervisor, image, group, is_xen, seconds):
    """The cases of one group, in order, as {name: value}; exits when the guest did not finish."""
    command = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max,-smap,-erms", "-m", "512", "-display", "none",
               "-monitor", "none", "-no-reboot", "-serial", "stdio", "-kernel", hypervisor,
               "-initrd", f"{image} {group}"]
    command += ["-append", "console=com1 com1=115200,8n1 dom0_mem=64M sync_console" if is_xen
                else "console=com1 dom0_mem=64M"]
    try:
        output = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=seconds).stdout
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
    text = output.decode(errors="replace").replace("\r", "")
    cases = {m.group(1): int(m.group(2)) for m in re.finditer(r"case (.+): (-?\d+)\n", text)}
    if "compare: done" not in text:
        print(text[-3000:])
        sys.exit(f"compare: {hypervisor} did not finish the group {group} within {seconds} s: the end of its output is above")
    return cases


def run_all(hypervisor, image, is_xen):
    return {group: run(hypervisor, image, group, is_xen, 60) for group in GROUPS}


def read_table(path):
    table = {}
    with open(path) as lines:
        for line in lines:
            match = re.match(r"([^#:]+): (-?\d+)(?:\s+#\s*(.*))?$", line)
            if match:
                table[match.group(1)] = (int(match.group(2)), match.group(3))
    return table


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("image")
    parser.add_argument("--xenlike")
    parser.add_argument("--xen")
    parser.add_argument("--write-golden", action="store_true")
    options = parser.parse_args()
    recorded = {name: entry[0] for name, entry in read_table(GOLDEN).items()}
    if options.xen:
        truth = flatten(run_all(options.xen, options.image, True))
        if options.write_golden:
            with open(GOLDEN, "w") as out:
                out.write("# What Xen 4.17 answers to tests/compare, run as its first domain.\n")
                out.writelines(f"{name}: {value}\n" for name, value in truth.items())
        elif report("xen-4.17.txt is what Xen answers", truth, recorded, {}):
            sys.exit(1)
    else:
        truth = recorded
    if options.xenlike:
        reasons = read_table(REASONS)
        ours = run_all(options.xenlike, options.image, False)
        wrong = sum(report(group, cases, truth, reasons) for group, cases in ours.items())
        wrong += report("nothing is left out", {name: truth.get(name) for name in flatten(ours)}, truth, {})
        sys.exit(1 if wrong else 0)


def flatten(groups):
    return {name: value for cases in groups.values() for name, value in cases.items()}


def report(title, cases, truth, reasons):
    """One TAP line, and a remark for each case that differs without a reason. Returns 1 when there was one."""
    remarks = []
    for name, value in cases.items():
        if value == truth.get(name):
            if name in reasons:
                remarks.append(f"{name} no longer differs: remove it from {os.path.basename(REASONS)}")
        elif name not in reasons or reasons[name][0] != value:
            remarks.append(f"{name}: Xen answers {truth.get(name)}, this is {value}")
    if title == "nothing is left out":
        remarks = [f"{name} is not among the answers" for name in truth if name not in cases]
    for remark in remarks:
        print(f"# {remark}")
    print(f"{'not ok' if remarks else 'ok'} - compare: {title} ({len(cases)} cases)")
    return 1 if remarks else 0


main()
