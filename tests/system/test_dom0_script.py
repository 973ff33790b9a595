#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A script from the RAM disk: dom0 runs it with no input from outside and switches off."""
import os, re, select, shutil, subprocess, tempfile, time
from harness import BUILD, Skip, expect, main
from machine import HELLO, ON_XEN, REAL_XEN, XEN_OPTIONS

DOM0 = BUILD / "dom0-tools/dom0.elf"
ENDED = re.compile(rb"the script ended with status (\d+)")


def newc(files):
    """A cpio archive in the format of initial RAM disks."""
    out = b""
    for number, (name, data) in enumerate([*files.items(), ("TRAILER!!!", None)]):
        mode = 0o100644 if data is not None else 0
        data = data or b""
        fields = [number + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        entry = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        entry += b"\0" * (-len(entry) % 4) + data
        out += entry + b"\0" * (-len(entry) % 4)
    return out


def run(script, seconds=40, options=("-cpu", "max,-smap"), files={}, words=""):
    """(status, console) of a machine that runs this script; no devices but the console."""
    hypervisor = REAL_XEN if ON_XEN else BUILD / "xenlike/xenlike"
    qemu = os.environ.get("XENLIKE_QEMU") or shutil.which("qemu-system-x86_64")
    for path in (hypervisor, DOM0, HELLO):
        if not path.exists():
            raise Skip(f"{path} is not built")
    if not qemu:
        raise Skip("QEMU is not installed")
    config = 'name = "hello"\nkernel = "/hello.elf"\nmemory = 4\n'
    with tempfile.NamedTemporaryFile(suffix=".cpio") as disk:
        disk.write(newc({"script": script.encode(), "hello.elf": HELLO.read_bytes(),
                         "hello.cfg": config.encode(), **files}))
        disk.flush()
        process = subprocess.Popen(
            [qemu, "-M", "pc", "-accel", "tcg", *options, "-m", "512", "-nodefaults",
             "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", hypervisor,
             "-append", XEN_OPTIONS if ON_XEN else "console=com1",
             "-initrd", f"{DOM0} script=/script share=off channel=off {words},{disk.name}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            return watch(process, seconds)
        finally:
            process.kill()
            process.wait()


def watch(process, seconds):
    """Read the console until the script has ended."""
    text, deadline = b"", time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
        piece = os.read(process.stdout.fileno(), 65536) if ready else b""
        text += piece
        ended = ENDED.search(text)
        if ended:
            return int(ended[1]), text[:ended.end()].decode(errors="replace").replace("\r", "")
        expect(piece, "the console ended, or the time, before the script did", text[-2000:])


def test_a_script_makes_a_guest_and_ends_with_0():
    status, text = run("# a comment\n\necho begin\ncreate /hello.cfg\nsleep 1\nlogs hello\n"
                       "list\ndestroy hello\nlist\n")
    expect(status == 0, "its status", status, text[-2000:])
    expect("begin\n" in text and "Hello from a paravirtual guest." in text, "output", text[-2000:])
    lists = text.split("Name   ")[1:]
    expect(len(lists) == 2 and "hello " in lists[0] and "hello " not in lists[1], "lists", lists)


def test_the_first_command_that_fails_ends_a_script():
    status, text = run("- domid nobody\necho goes on\ndomid nobody\necho not reached\n")
    expect(status == 3, "its status", status)
    expect("goes on\n" in text and "not reached" not in text, "what ran", text[-2000:])
    expect("/script:3: status 3" in text, "where it stopped", text[-2000:])


def test_a_missing_quote_is_told_by_its_line():
    status, text = run("echo fine\necho 'open\n")
    expect(status == 2 and "/script:2:" in text, "status and place", status, text[-2000:])


def test_a_counted_run_is_the_same_each_time():
    if ON_XEN:
        raise Skip("xenlike's promise: real Xen starts with what the clock says")
    exact = ("-cpu", "max,-smap,-erms", "-icount", "shift=0,sleep=off", "-seed", "1",
             "-rtc", "base=2026-01-01,clock=vm")
    script = "create /hello.cfg\nsleep 1\nlogs hello\nlist\nuptime\ndmesg\nxenstore ls\n"
    runs = [run(script, options=exact)[1] for _ in range(2)]
    expect("Hello from" in runs[0], "it ran", runs[0][-2000:])
    first, second = (run.splitlines() for run in runs)
    differing = [pair for pair in zip(first, second) if pair[0] != pair[1]]
    expect(not differing, "every byte and every time stamp", *differing[:5])


if __name__ == "__main__":
    main("dom0's script", [value for name, value in list(globals().items())
                           if name.startswith("test_")])
