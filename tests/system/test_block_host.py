#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks on a host that cannot: no space, a file cut short, a file system that is mounted read-only (DSK1). Runs in
a user and mount namespace of its own, where it may mount small file systems."""
import os, shutil, subprocess, sys, tempfile
from harness import BUILD, Skip, expect, expect_run, main, wait_until
from machine import domains, real, wait_for_log, write_config

shared = None


def machine():
    global shared
    if os.environ.get("OWN_NAMESPACE") != "1":
        raise Skip("this host gives nobody a mount namespace of his own (unshare -Urm)")
    if shared is None:
        candidate = real()
        shutil.copy(BUILD / "guest/disk.elf", candidate.work / "disk.elf")
        small = candidate.work / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(small)], check=True)
        try:
            expect_run(candidate.run("up", timeout=90), 0, stderr="the machine is up")
        except Exception:
            candidate.close()
            raise
        shared = candidate
    return shared


def config(name, task, disk):
    write_config(machine(), name, kernel='"disk.elf"', memory="16", extra=f'"{task}"', disk=f"['{disk}']")
    return f"{name}.cfg"


def log_of(name):
    return machine().run("logs", name).stdout


def test_DSK1_a_full_host_gives_errors_and_loses_nothing():
    image, filler = machine().work / "small/full.img", machine().work / "small/filler"
    with open(image, "wb") as file:
        file.truncate(3 << 20)
    filler.write_bytes(bytes(2 << 20))
    expect_run(machine().run("create", config("full", "fill", "small/full.img,raw,xvda,rw")), 0)
    wait_for_log(machine(), "full", "what was accepted is there", 30)
    expect("pieces: I/O error" in log_of("full") or "pieces: Input/output" in log_of("full"), "an error",
           log_of("full"))
    shown = machine().run("device", "full").stdout
    expect("the last error of its file: No space left on device" in shown, "why", shown)
    filler.unlink()
    wait_until(lambda: "full" not in domains(machine()), 60, "it goes on when there is room")
    expect("full of what was written: right" in log_of("full"), "all of it", log_of("full"))
    data = image.read_bytes()
    for piece in range(48):
        wanted = bytes(1 + (piece * 31 + i * 7) % 251 for i in range(65536))
        expect(data[piece * 65536:(piece + 1) * 65536] == wanted, "in the file, too", piece)


def test_a_file_cut_short_under_its_guest_gives_errors_until_it_is_back():
    image = machine().work / "cut.img"
    image.write_bytes(b"x" * (1 << 20))
    expect_run(machine().run("create", config("cut", "watch", "cut.img,raw,xvda,rw")), 0)
    wait_for_log(machine(), "cut", "watch: it reads")
    os.truncate(image, 4096)
    wait_until(lambda: log_of("cut").count("watch:") == 2, 10, "an error")
    expect("it reads" not in log_of("cut").splitlines()[-1], "an error", log_of("cut"))
    shown = machine().run("device", "cut").stdout
    expect("the last error of its file: I/O error" in shown, "why", shown)
    os.truncate(image, 1 << 20)
    wait_until(lambda: log_of("cut").count("it reads") == 2, 10, "it reads again")
    expect_run(machine().run("destroy", "cut"), 0)


def test_a_file_that_cannot_be_written_is_refused_for_writing():
    locked = machine().work / "locked"
    locked.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(locked)], check=True)
    (locked / "a.img").write_bytes(bytes(1 << 20))
    subprocess.run(["mount", "-o", "remount,ro", str(locked)], check=True)
    result = machine().run("create", config("locked", "info", "locked/a.img,raw,xvda,rw"))
    expect_run(result, 4, stderr=["a.img", "ead-only file system"])
    expect(list(domains(machine())) == ["Domain-0"], "nothing is left")
    expect_run(machine().run("create", config("locked", "info", "locked/a.img,raw,xvda,r")), 0)
    wait_for_log(machine(), "locked", "read-only")


if __name__ == "__main__":
    unshare = ["unshare", "-Urm", "--propagation", "private"]
    if os.environ.get("OWN_NAMESPACE") is None and shutil.which("unshare"):
        able = subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", tempfile.gettempdir()], capture_output=True)
        if able.returncode == 0:
            os.execvpe("unshare", [*unshare, sys.executable, *sys.argv], dict(os.environ, OWN_NAMESPACE="1"))
    tests = [value for name, value in list(globals().items()) if name.startswith("test_")]
    try:
        main("block host", tests)
    finally:
        if shared is not None:
            shared.close()
