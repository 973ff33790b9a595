#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drivers for a new type of device, built outside the tree against what `make install` copies."""
import json, os, pathlib, re, shutil, subprocess, time
from harness import BUILD, TOP, Skip, expect, expect_run, main, wait_until
from machine import ON_XEN, domains, free_memory, real, wait_for_log, write_config

shared = None
TUTORIAL = "docs/drivers/tutorial"


def install(root):
    """The kit below root/prefix, and copies of the tutorial and the template project beside it."""
    if not shutil.which("pkg-config"):
        raise Skip("pkg-config is not installed")
    subprocess.run(["make", "-C", str(TOP), f"BUILD={BUILD}", f"PREFIX={root}/prefix", "install-kit"], check=True,
                   capture_output=True, env={k: v for k, v in os.environ.items() if k != "MAKEFLAGS"})
    for name in (TUTORIAL, "examples/out-of-tree"):
        shutil.copytree(TOP / name, root / "work" / name, ignore=shutil.ignore_patterns("*.elf", "*.o"))


def make(where, directory):
    result = subprocess.run(["make", "-C", str(where.work / directory), "CC=gcc -Werror"],
                            capture_output=True, text=True,
                            env=dict(os.environ, PKG_CONFIG_PATH=f"{where.root}/prefix/lib/pkgconfig"))
    expect(result.returncode == 0, "it builds out of the tree", directory, result.stderr)


def machine():
    """One machine for all tests."""
    global shared
    if shared is None:
        candidate = real()
        try:
            install(candidate.root)
            expect_run(candidate.run("up", timeout=90), 0, stderr="the machine is up")
        except BaseException:
            candidate.close()
            raise
        shared = candidate
    return shared


def destroy(where, *names):
    for name in names:
        if name in domains(where):
            expect_run(where.run("destroy", name), 0)


def states(where, name):
    result = where.run("device-list", "--json", name, "hello")
    expect_run(result, 0)
    return [(d["front_state"], d["back_state"]) for d in json.loads(result.stdout)["devices"]]


def clean(where):
    """Nothing is left of any device."""
    destroy(where, "front", "back", "hello-front", "driver")
    wait_until(lambda: "hello" not in where.run("xenstore", "ls", "/local").stdout, 5, "the store is clean")


def shown(directory, title):
    """The lines that a step's README promises of one end's log."""
    text = (TOP / TUTORIAL / directory / "README.md").read_text()
    return re.search(rf"\$ pvctl logs {title}\n(.*?)```", text, re.S).group(1).splitlines()


def in_order(lines, log):
    """Each line is in the log, after the one before it; DOMID stands for any number."""
    rest = iter(log.splitlines())
    return all(any(re.fullmatch(re.escape(line).replace("DOMID", r"\d+"), got) for got in rest) for line in lines)


def promised(where, directory, name):
    """The README's lines are in the log."""
    lines = shown(directory, name)
    try:
        wait_until(lambda: in_order(lines, where.run("logs", name).stdout), 20, f"{directory}, {name}")
    except AssertionError:
        raise AssertionError(f"{directory}: {lines} in {where.run('logs', name).stdout!r}")


def step(directory):
    where = machine()
    make(where, f"{TUTORIAL}/{directory}")
    here = where.work / TUTORIAL / directory
    for name in ("back", "front"):
        expect_run(where.run("create", f"../{name}.cfg", cwd=here), 0)
    for name in ("back", "front"):
        promised(where, directory, name)
    return where


def test_step_1_the_ends_meet_in_the_store():
    clean(step("1-xenstore"))


def test_step_2_an_event_channel_rings_in_both_directions():
    clean(step("2-event-channel"))


def test_step_3_a_page_is_lent_and_comes_back():
    clean(step("3-grant"))


def test_step_4_a_ring_carries_requests_and_responses():
    clean(step("4-ring"))


def test_step_5_a_device_comes_and_goes_by_the_state_machine():
    where = machine()
    make(where, f"{TUTORIAL}/5-state-machine")
    here = where.work / TUTORIAL / "5-state-machine"
    for name in ("back", "front"):
        expect_run(where.run("create", f"../{name}.cfg", cwd=here), 0)
    wait_until(lambda: states(where, "front") == [(4, 4)], 10, "connected")
    expect_run(where.run("device-detach", "front", "hello", "0"), 0)
    expect(states(where, "front") == [], "no device")
    expect_run(where.run("device-attach", "front", "hello", "backend=back"), 0)
    wait_until(lambda: states(where, "front") == [(4, 4)], 10, "connected again")
    for name in ("back", "front"):
        promised(where, "5-state-machine", name)
    clean(where)


def errors(front, back, front_argument, back_argument):
    """A pair of ends of step 6; their device."""
    where = machine()
    make(where, f"{TUTORIAL}/6-errors")
    here = f"{TUTORIAL}/6-errors"
    for name, image, argument in (("back", back, back_argument), ("front", front, front_argument)):
        write_config(where, name, kernel=f'"{here}/{image}.elf"', memory="8", extra=f'"{argument}"',
                     **({"device": "['hello,backend=back']"} if name == "front" else {}))
        expect_run(where.run("create", f"{name}.cfg"), 0)
    return where


def test_step_6_a_back_end_survives_bad_front_ends():
    # DV2, HB2: one device is closed and released; the same back end serves the next front end.
    for how, words in (("overrun", "the front end overran the ring"), ("no-grant", "Invalid argument")):
        where = errors("bad_front", "back", how, "")
        wait_for_log(where, "back", f"{words}; the device is given up")
        wait_until(lambda: states(where, "front") == [(6, 6)], 10, "both closed")
        expect(words in where.run("device", "front").stdout, "device says why", where.run("device", "front").stdout)
        destroy(where, "front")
        write_config(where, "front", kernel=f'"{TUTORIAL}/6-errors/front.elf"', memory="8", extra='"100"',
                     device="['hello,backend=back']")
        expect_run(where.run("create", "-F", "front.cfg"), 0)
        clean(where)
    where = errors("bad_front", "back", "length", "")
    wait_for_log(where, "front", "answered with status -1")
    clean(where)


def test_step_6_a_front_end_survives_bad_back_ends():
    # HF2, DV3: the connection ends, the guest goes on, its next connection works.
    for how, words in (("unasked", "the back end answered what was not asked"),
                       ("overrun", "the back end overran the ring")):
        where = errors("front", "bad_back", "100", how)
        wait_for_log(where, "front", f"{words}; the device is given up")
        wait_until(lambda: states(where, "front") == [(6, 6)], 10, "both closed")
        clean(where)
    where = errors("front", "bad_back", "100", "vanish")
    wait_until(lambda: states(where, "front") == [(6, -1)], 10, "the back end is gone")
    expect_run(where.run("device-detach", "front", "hello", "0"), 0)
    write_config(where, "back", kernel=f'"{TUTORIAL}/6-errors/back.elf"', memory="8")
    expect_run(where.run("create", "back.cfg"), 0)
    expect_run(where.run("device-attach", "front", "hello", "backend=back"), 0)
    wait_for_log(where, "front", "answers, the last is: HELLO NUMBER 99")
    clean(where)


def test_the_template_project_builds_and_runs_elsewhere():
    where = machine()
    make(where, "examples/out-of-tree")
    here = where.work / "examples/out-of-tree"
    expect_run(where.run("create", "driver.cfg", cwd=here), 0)
    before = free_memory(where)
    for _ in range(5):
        expect_run(where.run("create", "-F", "hello.cfg", cwd=here), 0)
    expect("hello: 1000 answers, the last is: you said: HELLO NUMBER 999" in
           where.run("logs", "hello-front").stdout, "its answers", where.run("logs", "hello-front").stdout)
    wait_until(lambda: free_memory(where) == before, 5, "nothing of the guests is kept")
    clean(where)


def test_the_same_back_end_is_linked_into_dom0():
    where = real()
    try:
        install(where.root)
        make(where, "examples/out-of-tree")
        image = where.root / "dom0.elf"
        subprocess.run(["make", "-C", str(TOP), f"BUILD={BUILD}", f"DOM0_IMAGE={image}",
                        f"DOM0_BACKENDS={TOP}/examples/out-of-tree/back.c", str(image)], check=True,
                       capture_output=True, env={k: v for k, v in os.environ.items() if k != "MAKEFLAGS"})
        link = where.root / "images/dom0.elf"
        link.unlink()
        link.symlink_to(image)
        here = where.work / "examples/out-of-tree"
        config = (here / "hello.cfg").read_text().replace("backend=driver,", "")
        (here / "hello.cfg").write_text(config)
        for _ in range(2):
            expect_run(where.run("create", "-F", "hello.cfg", cwd=here, timeout=90), 0)
        expect("1000 answers, the last is: you said: HELLO NUMBER 999" in where.run("logs", "hello-front").stdout,
               "dom0 answers", where.run("logs", "hello-front").stdout)
        wait_until(lambda: "hello" not in where.run("xenstore", "ls", "/local").stdout, 5, "the store is clean")
        if not ON_XEN:  # which does not start dom0 again
            outlives_dom0(where, here)
    finally:
        where.close()


def outlives_dom0(where, here):
    """dom0 crashes and comes back; the front end stays connected, and what it asked is answered."""
    expect_run(where.run("create", "hello.cfg", "extra='100000000'", "name='busy'", cwd=here), 0)
    wait_until(lambda: states(where, "busy") == [(4, 4)], 10, "connected")
    for _ in range(3):
        time.sleep(1.1)  # three crashes within a second of their start would end the machine
        expect_run(where.run("crash-dom0", "--yes"), 1, stderr="dom0 was restarted while")
        expect_run(where.run("domid", "Domain-0"), 0)
        before = where.run("vcpu-list", "busy").stdout
        wait_until(lambda: where.run("vcpu-list", "busy").stdout != before, 10, "it goes on asking")
        expect(states(where, "busy") == [(4, 4)], "connected all the time", states(where, "busy"))
        expect("given up" not in where.run("logs", "busy").stdout, "no error", where.run("logs", "busy").stdout)
    expect_run(where.run("device-detach", "busy", "hello", "0"), 0)
    destroy(where, "busy")


def test_drivers_for_mini_os_run_here():
    image = BUILD / "tests/mini-os.elf"
    if not image.exists():
        raise Skip(f"{image} is not built")
    where = machine()
    make(where, "examples/out-of-tree")
    shutil.copy(image, where.work / "mini-os.elf")
    (where.work / "mini.img").write_bytes(bytes(1 << 20))
    expect_run(where.run("create", "driver.cfg", cwd=where.work / "examples/out-of-tree"), 0)
    write_config(where, "mini-os", kernel='"mini-os.elf"', memory="16", vif="['']", disk="['mini.img,raw,xvda,w']",
                 device="['hello,backend=driver']")
    result = where.run("create", "-F", "mini-os.cfg", timeout=90)
    expect(result.returncode == 0, "every check held", where.run("logs", "mini-os").stdout, result.stderr)
    block = (where.work / "mini.img").read_bytes()[7 * 4096:][:8]
    expect(block == (7 * 2654435769 % 2**32).to_bytes(4, "little") + ((7 * 2654435769 + 1) % 2**32).to_bytes(4, "little"),
           "what it wrote is in the file", block)
    clean(where)


def test_lint_finds_what_is_wrong_with_nodes():
    where = machine()
    shutil.copy(BUILD / "guest/echo.elf", where.work / "echo.elf")
    (where.work / "data.img").write_bytes(bytes(1 << 20))
    write_config(where, "echo", kernel='"echo.elf"', memory="32", vif="['']", disk="['data.img,raw,xvda,w']",
                 device="['hello']")
    expect_run(where.run("create", "echo.cfg"), 0)
    wait_for_log(where, "echo", "echo: at ")
    expect_run(where.run("device", "--lint", "echo"), 0, stdout="")
    domid = domains(where)["echo"][0]
    front, back = f"/local/domain/{domid}/device", "/local/domain/0/backend"
    store = lambda *words: expect_run(where.run("xenstore", *words), 0)
    store("write", f"{front}/vif/0/sectors", "5")
    store("write", f"{front}/vif/0/bridge", "b")
    store("write", f"{back}/hello/{domid}/0/state", "9")
    store("rm", f"{front}/vif/0/tx-ring-ref")
    store("rm", f"{back}/vbd/{domid}/51712/online")
    store("write", f"{front}/vbd/51712/backend-id", "3")
    lines = where.run("device", "--lint", "echo")
    expect_run(lines, 1)
    for wanted in ("vif/0: front end: no vif has a key `sectors'", "hello/0: back end: `9' is no state",
                   "vif/0: front end: the key `bridge' belongs to the back end",
                   "vif/0: front end: is Connected without any of `tx-ring-ref|queue-0'",
                   "vbd/51712: back end: the key `online' is missing",
                   "vbd/51712: front end: `backend-id' is `3', not `0'"):
        expect(wanted in lines.stdout.splitlines(), wanted, lines.stdout)
    destroy(where, "echo")


def test_what_cannot_be_attached_is_refused_in_words():
    where = machine()
    expect_run(where.run("create", "hello.cfg"), 0)
    attach = ["device-attach", "hello"]
    expect_run(where.run(*attach, "hello", "state=4"), 2, stderr=["writes this key itself", "^^^^^^^"])
    expect_run(where.run(*attach, "vbd"), 2, stderr="disk = [ ... ]")
    expect_run(where.run(*attach, "Hello"), 2, stderr="this is no type of device")
    expect_run(where.run(*attach, "hello", "backend=nobody"), 3, stderr=["no domain 'nobody'", "created before"])
    expect_run(where.run(*attach, "hello", "backend=hello"), 2, stderr="cannot be its own back end")
    expect_run(where.run(*attach, "hello", "devid=3"), 0)
    expect_run(where.run(*attach, "hello", "devid=3"), 6, stderr="has a device hello 3")
    expect(states(where, "hello") == [(1, 1)], "nobody serves it", states(where, "hello"))
    expect_run(where.run("device-detach", "hello", "hello", "4"), 1, stderr="has no device hello 4")
    expect_run(where.run("device-detach", "hello", "hello", "x"), 2, stderr="is no device number")
    expect_run(where.run("device-detach", "hello", "vif", "0"), 2, stderr="network-detach")
    expect_run(where.run("device-detach", "hello", "hello", "3"), 0)
    destroy(where, "hello")


if __name__ == "__main__":
    try:
        main("drivers", [value for name, value in list(globals().items()) if name.startswith("test_")])
    finally:
        if shared is not None:
            shared.close()
