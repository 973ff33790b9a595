#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""File systems on virtual disks (EX1, EX2): what a guest writes the host's e2fsprogs find sound, and the
other way round. The guest is guest-pv-kernel/apps/files."""
import os, re, shutil, signal, socket, subprocess, urllib.request
from harness import BUILD, Skip, expect, expect_run, main, wait_until
from machine import domains, real, wait_for_log, write_config

FILES = BUILD / "guest/files.elf"
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
shared = None


def machine():
    global shared
    if shared is None:
        shared = fresh()
    return shared


def fresh():
    if not list((BUILD / "ext2fs").glob("include/ext2fs/ext2fs.h")):
        raise Skip("the images were built without libext2fs: its source could not be had")
    if not shutil.which("mke2fs", path=PATH):
        raise Skip("e2fsprogs is not installed")
    candidate = real()
    shutil.copy(FILES, candidate.work / "files.elf")
    try:
        expect_run(candidate.run("up", timeout=90), 0, stderr="the machine is up")
    except Exception:
        candidate.close()
        raise
    return candidate


def tool(name, *arguments, status=0):
    result = subprocess.run([shutil.which(name, path=PATH), *map(str, arguments)], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL)
    expect(status is None or result.returncode == status, f"{name} {arguments}", result.returncode, result.stdout,
           result.stderr)
    return result.stdout


def image(where, name, mib=8):
    path = where.work / name
    with open(path, "wb") as file:
        file.truncate(mib << 20)
    return path


def run(where, path, task, mode="rw", logs=True):
    """The guest's log of one run, which ended by itself."""
    name = path.stem
    write_config(where, name, kernel='"files.elf"', memory="24", extra=f'"{task}"',
                 disk=f"['{path.name},raw,xvda,{mode}']")
    expect_run(where.run("create", f"{name}.cfg"), 0)
    if not logs:
        return None
    wait_until(lambda: name not in domains(where), 120, f"{name} ends")
    return where.run("logs", name).stdout


def sound(path):
    tool("e2fsck", "-fn", path)


def test_EX1_a_guest_makes_a_file_system_and_the_host_finds_it_sound():
    path = image(machine(), "made.img", 16)
    log = run(machine(), path, "format write check")
    expect("the tree: as expected" in log and "files: done" in log, "written and read", log)
    sound(path)
    expect(tool("debugfs", "-R", "cat /hello.txt", path) == "hello from a guest\n", "the host reads it")
    log = run(machine(), path, "check change recheck fill")
    for claim in ("the tree: ", "the changed tree: ", "a full disk: "):
        expect(claim + "as expected" in log, claim, log)
    sound(path)
    listed = tool("debugfs", "-R", "ls -p /moved/deep1", path)
    expect("/deep2/" in listed, "moved with what it holds", listed)
    large = machine().work / "large"
    tool("debugfs", "-R", f"dump /large {large}", path)
    expect(large.stat().st_size == 1500 * 1024 + 5000, "its size on the host", large.stat().st_size)


def test_EX1_a_guest_reads_and_changes_what_mke2fs_made():
    tree = machine().work / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "greeting").write_text("written on the host\n")
    (tree / "sub/long").write_bytes(bytes(range(256)) * 400)
    (tree / "link").symlink_to("greeting")
    for i in range(300):
        (tree / "sub" / f"entry {i}").touch()
    kinds = {"two": ["-t", "ext2"], "three": ["-t", "ext3", "-b", "1024"], "four": ["-t", "ext4"],
             "inline": ["-t", "ext4", "-O", "inline_data"]}
    for kind, options in kinds.items():
        path = image(machine(), f"{kind}.img", 16)
        tool("mke2fs", "-q", *options, "-d", tree, path)
        if kind == "inline":
            log = run(machine(), path, "write")
            expect("small files in their inodes" in log, "is not written to", log)
        log = run(machine(), path, "readonly words show" if kind == "inline" else
                  "words show write check change recheck")
        expect("/disk/greeting says written on the host" in log, kind, log)
        expect("/disk/link says" not in log and "/disk/sub/entry 299  0" in log, kind, log)
        expect("/disk/sub/long  102400" in log and "files: done" in log, kind, log)
        sound(path)
        copy = machine().work / "copy"
        tool("debugfs", "-R", f"dump /sub/long {copy}", path)
        expect(copy.read_bytes() == bytes(range(256)) * 400, kind, "what it did not touch is as it was")


def test_a_web_server_serves_a_file_system():
    where = machine()
    pages = where.work / "www"
    pages.mkdir()
    (pages / "index.html").write_text("<h1>from a file system</h1>\n")
    path = image(where, "web.img")
    tool("mke2fs", "-q", "-t", "ext4", "-d", pages, path)
    shutil.copy(BUILD / "guest/web.elf", where.work / "web.elf")
    write_config(where, "web", kernel='"web.elf"', memory="32", vif="['']", disk="['web.img,raw,xvda,r']")
    expect_run(where.run("create", "web.cfg"), 0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    expect_run(where.run("forward", "web", f"{port}:80"), 0)
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20).read()
    expect(page == b"<h1>from a file system</h1>\n", "the page", page)
    expect_run(where.run("destroy", "web"), 0)


def test_what_may_not_be_written_to_is_refused_with_the_reason():
    path = image(machine(), "unclean.img")
    tool("mke2fs", "-q", "-t", "ext2", path)
    tool("debugfs", "-w", "-R", "ssv state 0", path)
    before = path.read_bytes()
    log = run(machine(), path, "write")
    expect("it was not left clean: it can be mounted read-only; e2fsck may help" in log, "unclean", log)
    expect("files: done" in run(machine(), path, "readonly show"), "reading is allowed")
    tool("debugfs", "-w", "-R", "ssv state 1", path)
    log = run(machine(), path, "write", mode="r")
    expect("Read-only file system" in log, "a read-only disk", log)
    log = run(machine(), path, "readonly write", mode="r")
    expect("not written (Read-only file system)" in log or "mkdir (Read-only" in log, "a read-only mount", log)
    expect("files: done" in run(machine(), path, "readonly show", mode="r"), "a read-only disk can be read")
    expect(len(before) == len(path.read_bytes()), "as long as it was")
    sound(path)
    path = image(machine(), "replay.img", 16)
    tool("mke2fs", "-q", "-t", "ext3", path)
    tool("debugfs", "-w", "-R", "feature needs_recovery", path)
    log = run(machine(), path, "write")
    expect("its journal has to be replayed" in log, "a journal", log)
    path = image(machine(), "short.img")
    tool("mke2fs", "-q", "-t", "ext2", path)
    os.truncate(path, 6 << 20)
    log = run(machine(), path, "write")
    expect("it is longer than its disk" in log, "an image shorter than its file system thinks", log)
    expect("NOT DONE" in run(machine(), path, "readonly check"), "reading it loses nothing, either")


def test_what_is_no_file_system_is_not_mounted():
    path = image(machine(), "zero.img")
    log = run(machine(), path, "show")
    expect("files: xvda: Invalid argument" in log, "zeros", log)
    path.write_bytes(os.urandom(1 << 20))
    expect("files: xvda: Invalid argument" in run(machine(), path, "show"), "noise")
    path = image(machine(), "damaged.img")
    tool("mke2fs", "-q", "-t", "ext2", path)
    data = bytearray(path.read_bytes())
    data[2048:40960] = os.urandom(40960 - 2048)
    path.write_bytes(data)
    expect("files:" in run(machine(), path, "readonly show words"), "damage costs nobody more than errors")


def test_EX1_what_was_synced_is_there_when_qemu_is_killed():
    with fresh() as where:
        path = image(where, "killed.img")
        tool("mke2fs", "-q", "-t", "ext2", path)
        run(where, path, "rounds", logs=False)
        wait_for_log(where, "killed", "synced 12\n")
        said = int(re.findall(r"synced (\d+)\n", where.run("logs", "killed").stdout)[-1])
        os.kill(int(where.status()["qemu_pid"]), signal.SIGKILL)
        tool("e2fsck", "-fy", path, status=None)
        sound(path)
        whole = {bytes((((at * 2654435761 + number * 40503) & 0xffffffff) >> 13) & 255 for at in range(10000)): number
                 for number in range(said - 7, said + 60)}
        found = []
        for slot in range(8):
            copy = where.work / "copy"
            tool("debugfs", "-R", f"dump /round{slot} {copy}", path)
            number = whole.get(copy.read_bytes())
            expect(number is None or number % 8 == slot, "each in its place", slot, number)
            found.append(number)
        # The one that was being written when the plug was pulled may be anything.
        expect(found.count(None) <= 1, "the others are as they were synced, in their last state", said, found)


if __name__ == "__main__":
    tests = [value for name, value in list(globals().items()) if name.startswith("test_")]
    try:
        main("files", tests)
    finally:
        if shared is not None:
            shared.close()
