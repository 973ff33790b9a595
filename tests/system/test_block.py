#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Virtual disks from end to end: a guest's front end, dom0's back end, a file of the user's."""
import os, pathlib, re, shutil, signal, subprocess, sys, time
from harness import BUILD, Skip, expect, expect_run, main, wait_until
from machine import domains, free_memory, real, wait_for_log, write_config

DISK = BUILD / "guest/disk.elf"
shared = None


def machine():
    """One machine for all tests but those that break it."""
    global shared
    if shared is None:
        shared = fresh()
    return shared


def fresh():
    candidate = real()
    shutil.copy(DISK, candidate.work / "disk.elf")
    try:
        expect_run(candidate.run("up", timeout=90), 0, stderr="the machine is up")
    except Exception:
        candidate.close()
        raise
    return candidate


def image(where, name, mib=4):
    path = where.work / name
    with open(path, "wb") as file:
        file.truncate(mib << 20)
    return path


def config(where, name, task, *disks):
    write_config(where, name, kernel='"disk.elf"', memory="16", extra=f'"{task}"',
                 disk="[" + ", ".join(f"'{disk}'" for disk in disks) + "]")
    return f"{name}.cfg"


def finish(where, name):
    """Its log when it has ended by itself."""
    wait_until(lambda: name not in domains(where), 120, f"{name} ends")
    return where.run("logs", name).stdout


def test_random_reads_and_writes_agree_with_a_model():
    image(machine(), "a.img")
    expect_run(machine().run("create", config(machine(), "verify", "info verify",
                                              "a.img,raw,xvda,rw")), 0)
    log = finish(machine(), "verify")
    expect("8192 sectors of 512 bytes, writable, flush" in log, "what the guest sees", log)
    expect("at depth 1 to 32: all as expected" in log, "integrity", log)


def test_a_disk_is_a_file_in_dev():
    image(machine(), "b.img").write_bytes(b"a line of text\n" + bytes(1 << 20))
    expect_run(machine().run("create", config(machine(), "dump", "dump", "b.img,raw,xvdc,ro")
                             , 'extra="disk=xvdc dump info"'), 0)
    log = finish(machine(), "dump")
    expect('/dev/xvdc begins with "a line of text"' in log, "the text", log)
    # A last part of a sector is not served.
    expect("2048 sectors of 512 bytes, read-only" in log, "size and mode", log)


def test_a_read_only_disk_refuses_writes_and_stays_as_it_was():
    path = image(machine(), "c.img")
    expect_run(machine().run("create", config(machine(), "readonly", "verify",
                                              "c.img,raw,xvda,r")), 0)
    log = finish(machine(), "readonly")
    expect("Read-only file system" in log, "refused", log)
    expect(path.read_bytes() == bytes(4 << 20), "the file is untouched")


def test_what_a_guest_discards_becomes_a_hole_in_the_file():
    path = image(machine(), "hole.img")
    path.write_bytes(b"y" * (4 << 20))
    before = path.stat().st_blocks
    expect_run(machine().run("create", config(machine(), "hole", "info discard", "hole.img,raw,xvda,rw")), 0)
    log = finish(machine(), "hole")
    if "flush, discard" not in log:
        raise Skip("the file system below the temporary directory makes no holes")
    expect("what is beside it is untouched, itself is zeros" in log, "what the guest sees", log)
    data = path.read_bytes()
    expect(data == b"x" * 262144 + bytes(524288) + b"x" * 262144 + b"y" * (3 << 20), "HP1: the file")
    expect(path.stat().st_blocks <= before - 900, "its place is free", before, path.stat().st_blocks)
    expect_run(machine().run("create", config(machine(), "hole", "discard", "hole.img,raw,xvda,ro")), 0)
    expect("discard: " in finish(machine(), "hole") and path.read_bytes() == data, "read-only means that")


def test_a_missing_file_is_named_and_leaves_no_domain():
    result = machine().run("create", config(machine(), "missing", "info", "none.img,raw,xvda,w"))
    expect_run(result, 4, stderr=["none.img", "PV-E0408"])
    expect(list(domains(machine())) == ["Domain-0"], "nothing left")
    expect_run(machine().run("xenstore", "ls", "/local/domain/0/backend/vbd"), 0, stdout="")


def test_an_empty_file_is_refused():
    image(machine(), "empty.img", 0)
    result = machine().run("create", config(machine(), "empty", "info", "empty.img,raw,xvda,w"))
    expect_run(result, 4, stderr="empty.img")


def log_since(name, before):
    """What its log says behind what it said then."""
    return machine().run("logs", name).stdout[len(before):]


def test_a_file_has_one_writer():
    image(machine(), "o.img")
    expect_run(machine().run("create", config(machine(), "one", "wait", "o.img,raw,xvda,w")), 0)
    for mode in "wr":
        result = machine().run("create", config(machine(), "two", "wait", f"o.img,raw,xvda,{mode}"))
        expect_run(result, 4, stderr=["o.img", "may write"])
    expect_run(machine().run("destroy", "one"), 0)
    for name in ("two", "three"):
        expect_run(machine().run("create", config(machine(), name, "info wait",
                                                  "o.img,raw,xvda,r")), 0)
    for name in ("two", "three"):
        wait_for_log(machine(), name, "read-only")
        expect_run(machine().run("destroy", name), 0)


def test_disks_come_and_go_while_the_guest_runs():
    image(machine(), "d.img")
    second = image(machine(), "e.img")
    expect_run(machine().run("create", config(machine(), "hot", "rounds", "d.img,raw,xvda,rw")), 0)
    try:
        wait_for_log(machine(), "hot", "flushed 1")
        expect_run(machine().run("block-attach", "hot", "e.img,raw,xvdb,w"), 0)
        expect_run(machine().run("block-attach", "hot", "e.img,raw,xvdb,w"), 4, stderr="xvdb")
        rows = machine().run("block-list", "hot").stdout.splitlines()
        expect(rows[0].split() == ["Vdev", "BE", "handle", "state", "evt-ch", "ring-ref", "BE-path"],
               "xl's columns", rows)
        expect([row.split()[0] for row in rows[1:]] == ["51712", "51728"], "both disks", rows)
        shown = machine().run("device", "hot").stdout
        expect("vbd/51712 (xvda): front end Connected, back end Connected, to move next: nobody, for"
               in shown, "states by name", shown)
        waits = re.compile(r"vbd/51728 \(xvdb\): front end Initialising, back end InitWait, to move next: the guest, "
                           r"for (\d+\.\d) s")
        expect(waits.search(shown), "who waits for whom", shown)
        time.sleep(1.2)
        longer = waits.search(machine().run("device", "hot").stdout)
        expect(float(longer.group(1)) - float(waits.search(shown).group(1)) >= 1, "and since when", longer.group(0))
        expect_run(machine().run("block-detach", "hot", "xvdb"), 0)
        expect_run(machine().run("block-detach", "hot", "xvdb"), 1, stderr="xvdb")
        # The one in use: the guest lets go, and goes on when it comes back.
        for _ in range(3):
            before = machine().run("logs", "hot").stdout
            expect_run(machine().run("block-detach", "hot", "xvda"), 0)
            wait_until(lambda: log_since("hot", before).count("the disk is gone") == 1, 10, "gone")
            rounds_of(machine().work / "d.img")
            expect_run(machine().run("block-attach", "hot", "d.img,raw,xvda,w"), 0)
            wait_until(lambda: "flushed" in log_since("hot", before).partition("is back")[2], 20,
                       "it goes on")
        expect(second.stat().st_size == 4 << 20, "the file keeps its size")
    finally:
        machine().run("destroy", "hot")
    expect_run(machine().run("xenstore", "ls", "/local/domain/0/backend/vbd"), 0, stdout="")


def test_a_guest_that_reboots_has_its_disk_again():
    image(machine(), "r.img")
    expect_run(machine().run("create", config(machine(), "again", "rounds", "r.img,raw,xvda,w")), 0)
    wait_for_log(machine(), "again", "flushed 2")
    first = domains(machine())["again"][0]
    expect_run(machine().run("reboot", "again"), 0)
    wait_until(lambda: domains(machine()).get("again", (first,))[0] != first, 20, "a new domain")
    wait_for_log(machine(), "again", "flushed 2")
    expect_run(machine().run("destroy", "again"), 0)
    rounds_of(machine().work / "r.img")


def test_a_front_end_that_lies_loses_its_disk_and_nobody_elses():
    image(machine(), "l.img")
    image(machine(), "m.img")
    expect_run(machine().run("create", config(machine(), "honest", "verify wait",
                                              "m.img,raw,xvda,w")), 0)
    expect_run(machine().run("create", config(machine(), "liar", "lie wait", "l.img,raw,xvda,w")), 0)
    try:
        wait_for_log(machine(), "liar", "lie: the overrun ring cost the disk", 60)
        expect("every lie was refused" in machine().run("logs", "liar").stdout, "refusals",
               machine().run("logs", "liar").stdout)
        shown = machine().run("device", "liar").stdout
        expect("the back end says: the front end overran its ring" in shown, "said", shown)
        wait_for_log(machine(), "honest", "all as expected", 60)
    finally:
        machine().run("destroy", "liar")
        machine().run("destroy", "honest")
    expect((machine().work / "l.img").read_bytes() == bytes(4 << 20), "the file is as it was")


def test_a_flood_of_requests_starves_nobody():
    image(machine(), "x.img")
    image(machine(), "y.img")
    expect_run(machine().run("create", config(machine(), "flood", "flood", "x.img,raw,xvda,w")), 0)
    try:
        wait_for_log(machine(), "flood", "flood: begins")
        began = time.monotonic()
        expect_run(machine().run("create", config(machine(), "beside", "info dump",
                                                  "y.img,raw,xvda,w")), 0)
        expect("/dev/xvda begins with" in finish(machine(), "beside"), "a disk beside it is served")
        expect(time.monotonic() - began < 20, "and soon", time.monotonic() - began)
    finally:
        expect_run(machine().run("destroy", "flood"), 0)


def test_a_guest_destroyed_at_work_gives_everything_back():
    image(machine(), "w.img")
    free = None
    for i in range(6):
        expect_run(machine().run("create", config(machine(), "worker", "rounds",
                                                  "w.img,raw,xvda,w")), 0)
        wait_for_log(machine(), "worker", f"flushed {1 + i}")
        expect_run(machine().run("destroy", "worker"), 0)
        # The first one leaves what dom0 keeps for the next.
        if free is None:
            time.sleep(0.5)
            free = free_memory(machine())
        wait_until(lambda: free_memory(machine()) == free, 10, "all memory came back")
        rounds_of(machine().work / "w.img")


def test_four_disks_at_once():
    disks = [f"f{i}.img,raw,xvd{letter},w" for i, letter in enumerate("abcd")]
    for i in range(4):
        image(machine(), f"f{i}.img")
    expect_run(machine().run("create", config(machine(), "four", "verify disk=xvdd", *disks)), 0)
    expect("all as expected" in finish(machine(), "four"), "the fourth one works")


def test_a_file_that_shrinks_gives_errors_and_nothing_worse():
    path = image(machine(), "g.img")
    expect_run(machine().run("create", config(machine(), "shrink", "info wait",
                                              "g.img,raw,xvda,w")), 0)
    wait_for_log(machine(), "shrink", "sectors of")
    path.write_bytes(b"")
    expect_run(machine().run("destroy", "shrink"), 0)
    image(machine(), "g.img")
    expect_run(machine().run("create", config(machine(), "shrink", "verify",
                                              "g.img,raw,xvda,w")), 0)
    expect("all as expected" in finish(machine(), "shrink"), "a new domain is served")


def test_a_whole_disk_of_the_machine_reaches_a_guest():
    where = real()
    with where:
        shutil.copy(DISK, where.work / "disk.elf")
        whole, second = image(where, "whole, disk.img", 16), image(where, "second.img")
        expect_run(where.run("up", "--disk", f"{whole.name}:{second.name}", timeout=90), 0)
        expect_run(where.run("create", config(where, "whole", "info verify discard", "phy:vda,xvda,w")), 0)
        log = finish(where, "whole")
        expect("32768 sectors of 512 bytes, writable, flush, discard" in log, "what the guest sees", log)
        expect("all as expected" in log and "itself is zeros" in log, "what it does", log)
        data = whole.read_bytes()
        expect(data[:262144] == b"x" * 262144 and data[262144:786432] == bytes(524288), "what the host sees")
        expect(whole.stat().st_blocks * 512 <= 524288 + 8192, "holes on the host", whole.stat().st_blocks)
        expect_run(where.run("create", config(where, "killed", "rounds", "phy:vdb,xvda,w")), 0)
        expect_run(where.run("create", config(where, "again", "rounds", "phy:/dev/vdb,xvda,w")), 4, stderr="may write")
        expect_run(where.run("create", config(where, "none", "info", "phy:vdc,xvda,w")), 4, stderr="up --disk FILE")
        expect_run(where.run("up", "--disk", second.name), 6, stderr="its disks cannot change")
        wait_for_log(where, "killed", "flushed 5\n")
        said = re.findall(r"flushed (\d+)", where.run("logs", "killed").stdout)
        os.kill(int(where.status()["qemu_pid"]), signal.SIGKILL)
        expect(min(rounds_of(second)) >= int(said[-1]), "every flushed round is there")
    with real() as where:
        expect_run(where.run("up", "--disk", "nothing.img"), 2, stderr="nothing.img as a disk: No such file")


def test_the_way_through_both_drivers_is_as_long_as_published():
    script = pathlib.Path(__file__).resolve().parents[1] / "bench/block.py"
    result = subprocess.run([sys.executable, str(script), str(BUILD)], capture_output=True, text=True, timeout=200)
    rows = re.findall(r"^(\w+) (4|128) KiB .*? (1|32) +([\d,]+) +([\d,]+) +([\d,]+) +([\d,-]+) +([\d.]+) +([\d.]+)$",
                      result.stdout, re.M)
    expect(len(rows) == 8, "a table", result.stdout, result.stderr)
    for row in rows:
        way = int(row[6].replace(",", ""))
        expect(2000 < way < (9000 if row[1] == "4" else 120000), "instructions for a request", row)
        expect(float(row[7]) <= 1 and float(row[8]) <= 1, "at most one bell each", row)


def rounds_of(path):
    """The round that each sector holds."""
    data = path.read_bytes()
    found = []
    for i in range(64):
        match = re.match(rb"round (\d+) sector (\d+)\n", data[i * 512:i * 512 + 512])
        expect(match and int(match.group(2)) == i, f"sector {i} is whole", data[i * 512:][:40])
        found.append(int(match.group(1)))
    return found


def test_what_was_flushed_is_in_the_file_when_qemu_is_killed():
    with fresh() as where:
        path = image(where, "k.img")
        expect_run(where.run("create", config(where, "rounds", "rounds", "k.img,raw,xvda,rw")), 0)
        wait_for_log(where, "rounds", "flushed 5\n")
        said = re.findall(r"flushed (\d+)", where.run("logs", "rounds").stdout)
        os.kill(int(where.status()["qemu_pid"]), signal.SIGKILL)
        found = rounds_of(path)
        expect(min(found) >= int(said[-1]), "every flushed round is there", said[-1], found)
        expect(max(found) - min(found) <= 1, "the rest is old or new", found)


def places_of(round_):
    """Where a round of the task `plug` writes, as the guest chooses."""
    places, number = set(), round_
    while len(places) < 64:
        number = (number * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        places.add((number >> 33) % 256)
    return places


def test_random_writes_at_depth_32_survive_a_killed_qemu():
    for flushed in (7, 23):
        with fresh() as where:
            path = image(where, "p.img")
            expect_run(where.run("create", config(where, "plug", "plug", "p.img,raw,xvda,rw")), 0)
            wait_for_log(where, "plug", f"flushed {flushed}\n", 60)
            said = int(re.findall(r"flushed (\d+)\n", where.run("logs", "plug").stdout)[-1])
            os.kill(int(where.status()["qemu_pid"]), signal.SIGKILL)
            data, last = path.read_bytes(), {}
            for number in range(1, said + 1):
                last.update(dict.fromkeys(places_of(number), number))
            for sector in range(256 * 8):
                place, text = sector // 8, data[sector * 512:sector * 512 + 512]
                match = re.match(rb"round (\d+) sector (\d+)\n\0*$", text)
                found = int(match.group(1)) if match else 0
                expect(match or text == bytes(512), "whole sectors", sector, text[:40])
                expect(not match or int(match.group(2)) == sector, "in their places", sector, text[:40])
                expect(found >= last.get(place, 0), "what was flushed is there", sector, found, last.get(place))
                expect(found == 0 or place in places_of(found), "the rest is old or new", sector, found)


if __name__ == "__main__":
    tests = [value for name, value in list(globals().items()) if name.startswith("test_")]
    try:
        main("block", tests)
    finally:
        if shared is not None:
            shared.close()
