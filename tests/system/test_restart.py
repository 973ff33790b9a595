#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dom0 crashes and comes back under its guests (docs/restart.md). CRASHES=N for fewer or more of them."""
import http.client, os, re, shutil, socket, time
from harness import BUILD, Skip, expect, expect_run, main, wait_until
from machine import domains, real, wait_for_log, write_config

CRASHES = int(os.environ.get("CRASHES", "20"))
NOTE = "dom0 crashed and was started again"
shared = None
last_start = 0


def machine():
    global shared
    if shared is None:
        shared = real()
        shutil.copy(BUILD / "guest/disk.elf", shared.work / "disk.elf")
        expect_run(shared.run("up", timeout=90), 0)
    return shared


def image(where, name, mib=4):
    with open(where.work / name, "wb") as file:
        file.truncate(mib << 20)


def config(where, name, task, disk):
    write_config(where, name, kernel='"disk.elf"', memory="16", extra=f'"{task}"', disk=f"['{disk}']")
    return f"{name}.cfg"


def say(name, words):
    """Type a line at a guest's console."""
    terminal = machine().start("console", name, stdin=-1)
    try:
        terminal.communicate(words + "\n", timeout=2)
    except Exception:
        terminal.kill()
        terminal.communicate()


def clock(where):
    """Seconds by the hypervisor's clock: QEMU's can fall behind ours."""
    where.run("dmesg", "-c")
    where.run("debug-keys", "h")
    return float(re.findall(r"^\[ *([\d.]+)\]", where.run("dmesg").stdout, re.M)[-1])


def crash(where):
    """Seconds from the crash until dom0 serves commands again."""
    global last_start
    # Three crashes within a second of their start would end the machine.
    wait_until(lambda: clock(where) > last_start + 1.1, 60, "dom0 is a second old")
    start = time.monotonic()
    expect_run(where.run("crash-dom0", "--yes"), 1, stderr="dom0 was restarted while")
    expect_run(where.run("domid", "Domain-0"), 0)
    seconds = time.monotonic() - start
    last_start = clock(where)
    return seconds


def frames(where):
    where.run("dmesg", "-c")
    expect_run(where.run("debug-keys", "m"), 0)
    line = re.findall(r"frames: (.*)", where.run("dmesg").stdout)[-1]
    return dict(part.rsplit(" ", 1) for part in line.split(", "))


def rounds(where, name):
    return [int(n) for n in re.findall(r"flushed (\d+)", where.run("logs", name).stdout)]


def test_it_asks_before_it_crashes():
    before = machine().run("dmesg").stdout
    expect_run(machine().run("crash-dom0"), 2, stderr="say `crash-dom0 --yes'")
    expect_run(machine().run("crash-dom0", "--help"), 0, stdout="--yes")
    expect(machine().run("dmesg").stdout == before, "nothing happened")


def test_DR1_a_guest_keeps_its_disk_console_and_name_over_twenty_crashes():
    where = machine()
    image(where, "rounds.img")
    write_config(where, "quiet")
    expect_run(where.run("create", "quiet.cfg"), 0)
    expect_run(where.run("create", config(where, "rounds", "rounds", "rounds.img,raw,xvda,rw")), 0)
    wait_until(lambda: len(rounds(where, "rounds")) > 3, 20, "rounds run")
    before, nodes, counts = domains(where), where.run("xenstore", "ls").stdout, None
    restarts, times = int(where.status()["dom0_restarts"]), []
    for i in range(CRASHES):
        times.append(crash(where))
        expect(times[-1] < 3, "dom0 is back soon", times)
        now = domains(where)
        expect({n: row[:3] for n, row in now.items()} == {n: row[:3] for n, row in before.items()},
               "the same names, numbers, sizes", before, now)
        last = rounds(where, "rounds")[-1]
        wait_until(lambda: rounds(where, "rounds")[-1] > last + 3, 20, "the disk goes on")
        counts = counts or frames(where)
    print(f"# dom0 served commands again {sorted(times)[CRASHES // 2]:.2f} s after its crash (median of {CRASHES})")
    expect(int(where.status()["dom0_restarts"]) == restarts + CRASHES, "status counts them")
    expect(frames(where) == counts, "the same owners have the same frames", counts, frames(where))
    numbers = rounds(where, "rounds")
    expect(numbers == list(range(numbers[0], numbers[-1] + 1)), "no line is lost or said twice")
    log = where.run("logs", "quiet").stdout
    expect(log.count(NOTE) == CRASHES and "Hello from" in log, "the log from its first byte", log)
    expect(where.run("xenstore", "ls").stdout == nodes, "the same store")
    expect("51712" in where.run("block-list", "rounds").stdout, "its disk is listed")
    expect_run(where.run("shutdown", "-w", "--timeout", "20", "quiet", timeout=40), 0)
    expect_run(where.run("destroy", "rounds"), 0)
    expect(list(domains(where)) == ["Domain-0"], "all are gone")


def test_requests_on_their_way_are_made_again():
    where = machine()
    image(where, "model.img", 4)
    expect_run(where.run("create", config(where, "model", " ".join(["verify"] * 4),
                                          "model.img,raw,xvda,rw")), 0)
    for _ in range(4):
        crash(where)
    wait_until(lambda: "model" not in domains(where), 120, "the model's comparison ends")
    log = where.run("logs", "model").stdout
    expect(log.count("all as expected") == 4, "integrity", log)


def fetch(port):
    """What the web guest says; it has no disk, hence no page, and says that."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/")
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_connections_between_guests_and_from_this_host_go_on():
    where = machine()
    for name in ("echo", "web"):
        shutil.copy(BUILD / f"guest/{name}.elf", where.work)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for name in ("echo", "web"):
        write_config(where, name, kernel=f'"{name}.elf"', memory="32", vif="['']")
        expect_run(where.run("create", f"{name}.cfg"), 0)
    pattern = re.compile(r"echo: at ([0-9.]+)")
    wait_until(lambda: pattern.search(where.run("logs", "echo").stdout), 20, "it has an address")
    address = pattern.search(where.run("logs", "echo").stdout).group(1)
    expect_run(where.run("forward", "web", f"{port}:80"), 0)
    page = fetch(port)
    write_config(where, "test", kernel='"echo.elf"', memory="32", vif="['']", extra=f'"test {address}"')
    expect_run(where.run("create", "test.cfg"), 0)
    for _ in range(3):
        crash(where)
        expect(fetch(port) == page, "the same answer by the same forward")
    wait_until(lambda: "test" not in domains(where), 90, "the test ends")
    log = where.run("logs", "test").stdout
    expect("messages of 57 B to 64 KiB came back unchanged" in log, "unchanged messages", log)
    for name in ("echo", "web"):
        expect_run(where.run("destroy", name), 0)


def test_a_guest_that_scribbles_over_its_rings_does_not_keep_dom0_down():
    where = machine()
    for name in ("attacker", "witness"):
        if not (BUILD / f"tests/guest/{name}.elf").exists():
            raise Skip(f"{name}.elf is not built")
        shutil.copy(BUILD / f"tests/guest/{name}.elf", where.work)
    write_config(where, "witness", kernel='"witness.elf"')
    expect_run(where.run("create", "witness.cfg"), 0)
    for i in range(2):
        write_config(where, f"scribbler{i}", kernel='"attacker.elf"', memory="16", extra='"scribble"')
        expect_run(where.run("create", f"scribbler{i}.cfg"), 0)
    wait_for_log(where, "witness", "witness 2 held")
    names = sorted(domains(where))
    for _ in range(4):
        expect(crash(where) < 3, "dom0 is back soon")
        expect(sorted(domains(where)) == names, "all are there", domains(where))
    count = len(re.findall("held", where.run("logs", "witness").stdout))
    wait_until(lambda: len(re.findall("held", where.run("logs", "witness").stdout)) > count + 2, 20,
               "the witness goes on")
    expect("CHANGED" not in where.run("logs", "witness").stdout, "the witness's memory")
    for name in names:
        if name != "Domain-0":
            expect_run(where.run("destroy", name), 0)
    expect(list(domains(where)) == ["Domain-0"], "all are gone")


def test_tracing_ends_with_the_dom0_that_began_it():
    where = machine()
    write_config(where, "traced")
    expect_run(where.run("create", "traced.cfg"), 0)
    tracer = where.start("strace", "traced")
    say("traced", "help")
    crash(where)
    expect(tracer.wait() == 1 and "dom0 was restarted" in tracer.stderr.read(), "the tracer is told")
    tracer = where.start("strace", "-c", "3", "traced")
    time.sleep(1)
    say("traced", "help")
    text = tracer.communicate()
    expect(tracer.returncode == 0 and "_op" in text[0], "and another traces", tracer.returncode, text)
    expect_run(where.run("destroy", "traced"), 0)


def test_the_new_dom0_is_whole():
    where = machine()
    write_config(where, "old", on_reboot='"restart"')
    expect_run(where.run("create", "old.cfg"), 0)
    number = domains(where)["old"][0]
    crash(where)
    write_config(where, "young")
    expect_run(where.run("create", "young.cfg"), 0)
    wait_for_log(where, "young", "Hello from")
    say("old", "reboot")  # its recipe was kept, too
    wait_until(lambda: domains(where).get("old", (number,))[0] != number, 15, "old is made anew")
    expect_run(where.run("pause", "young"), 0)
    crash(where)
    expect(domains(where)["young"][3][2] == "p", "who was paused stays so", domains(where))
    expect_run(where.run("unpause", "young"), 0)
    expect("its kernel asked for the end" in where.run("crashlog").stdout, "crashlog says why")
    expect_run(where.run("shutdown", "-a", "-w", "--timeout", "20", timeout=40), 0)
    expect(list(domains(where)) == ["Domain-0"], "all are gone")


if __name__ == "__main__":
    try:
        main("dom0 restart", [value for name, value in list(globals().items())
                              if name.startswith("test_")])
    finally:
        if shared is not None:
            shared.close()
