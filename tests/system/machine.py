# SPDX-License-Identifier: MIT
"""A machine for system tests: xenlike, or with XEN=1 in the environment real Xen 4.17, the oracle."""
import os, pathlib, re, shutil, time
from harness import BUILD, PVCTL, Machine, Skip, expect, expect_run, wait_until

ON_XEN = os.environ.get("XEN") == "1"
REAL_XEN = pathlib.Path(os.environ.get("REAL_XEN") or
                        os.path.expanduser("~/.cache/xenlike/xen-4.17-amd64"))
HELLO = BUILD / "guest/hello.elf"
XEN_OPTIONS = "console=com1 com1=115200,8n1 dom0_mem=64M sync_console"

HEADER = "Name                                        ID   Mem VCPUs\tState\tTime(s)"
ROW = re.compile(r"(.{40}) ([ \d]{5}) ([ \d]{5}) ([ \d]{5})     ([r-][b-][p-][s-][-rscwS][d-])  "
                 r"([ \d]{6}\.\d)$")


def real(**environment):
    """A Machine whose images are the built ones, with hello.elf and hello.cfg in its directory."""
    hypervisor = REAL_XEN if ON_XEN else BUILD / "xenlike/xenlike"
    images = {"xenlike": hypervisor, "dom0.elf": BUILD / "dom0-tools/dom0.elf",
              "initrd.cpio": BUILD / "dom0-tools/initrd.cpio"}
    for path in [*images.values(), HELLO, PVCTL]:
        if not path.exists():
            raise Skip(f"{path} is not built")
    if not (os.environ.get("XENLIKE_QEMU") or shutil.which("qemu-system-x86_64")):
        raise Skip("QEMU is not installed")
    machine = Machine(**environment)
    directory = machine.root / "images"
    directory.mkdir()
    for name, path in images.items():
        (directory / name).symlink_to(path.resolve())
    machine.environment["XENLIKE_IMAGES"] = str(directory)
    machine.environment.setdefault("XENLIKE_ACCEL", "tcg")
    if ON_XEN:
        machine.environment["XENLIKE_APPEND"] = XEN_OPTIONS
    shutil.copy(HELLO, machine.work / "hello.elf")
    write_config(machine, "hello")
    return machine


def write_config(machine, name, **changes):
    keys = {"name": f'"{name}"', "kernel": '"hello.elf"', "memory": "4", "vcpus": "1", **changes}
    path = machine.work / f"{name}.cfg"
    path.write_text("".join(f"{key} = {value}\n" for key, value in keys.items()))
    return path


def domains(machine):
    """{name: (id, memory, vcpus, state)} as `list` shows them, every line checked byte by byte."""
    result = machine.run("list")
    expect_run(result, 0)
    lines = result.stdout.splitlines()
    expect(lines and lines[0] == HEADER, "xl's header", lines[:1])
    found = {}
    for line in lines[1:]:
        match = ROW.match(line)
        expect(match, "xl's columns", line)
        name, number, memory, vcpus, state, _ = match.groups()
        found[name.rstrip()] = (int(number), int(memory), int(vcpus), state)
    return found


def free_memory(machine):
    return int(machine.run("info", "free_memory").stdout)


def wait_for_log(machine, name, words, seconds=20):
    wait_until(lambda: words in machine.run("logs", name).stdout, seconds,
               f"{words!r} in the log of {name}")
