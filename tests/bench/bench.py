#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the path image on each hypervisor under -icount and prints the table."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
ROW = re.compile(r"path: (.*?) +(\d+)\r?$", re.M)


def run(image, hypervisor, arguments, limit_s):
    """Name to ticks."""
    with tempfile.TemporaryDirectory() as directory:
        os.symlink(pathlib.Path(image).resolve(), pathlib.Path(directory) / "paths.elf")
        os.symlink(pathlib.Path(hypervisor).resolve(), pathlib.Path(directory) / "hypervisor")
        command = [QEMU, "-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", "max,-smap,-erms",
                   "-nodefaults", "-display", "none", "-no-reboot", "-kernel", "hypervisor",
                   "-initrd", "paths.elf"] + arguments
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
    if "path: end" not in text:
        print(f"bench: {hypervisor} did not reach the end:\n{text[-2000:]}", file=sys.stderr)
    return rows


def main():
    image, ours, xen = sys.argv[1:4]
    rows = run(image, ours, ["-m", "256", "-debugcon", "stdio"], 120)
    beside = {}
    if os.path.exists(xen):
        beside = run(image, xen, ["-m", "512", "-serial", "stdio", "-append",
                                  "console=com1 com1=115200,8n1 dom0_mem=64M sync_console"], 240)
    else:
        print(f"bench: no Xen at {xen}: its column is left out")
    print(f"{'path':40} {'xenlike':>8} {'Xen':>8}")
    for name in rows | beside:
        print(f"{name:40} {rows.get(name, '-'):>8} {beside.get(name, '-'):>8}")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
