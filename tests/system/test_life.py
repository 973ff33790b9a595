#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How guests end, what is said of it, and what then happens: on_poweroff, on_reboot, on_crash."""
import time
from harness import expect, expect_run, main, wait_until
from machine import domains, free_memory, real, wait_for_log, write_config

GREETING = "Hello from a paravirtual guest."
shared = None


def machine():
    global shared
    if shared is None:
        shared = real()
        expect_run(shared.run("up", timeout=90), 0, stderr="the machine is up")
    return shared


def start(name, **changes):
    write_config(machine(), name, **changes)
    expect_run(machine().run("create", f"{name}.cfg"), 0)
    wait_for_log(machine(), name, GREETING)


def say(name, words):
    """Type a line at a guest's console, as far as it lets us."""
    terminal = machine().start("console", name, stdin=-1)
    try:
        terminal.communicate(words + "\n", timeout=2)
    except Exception:
        terminal.kill()
        terminal.communicate()


def without_handlers(name):
    """hello whose first instruction is ud2, for which it has no handler yet."""
    image = bytearray((machine().work / "hello.elf").read_bytes())
    entry, offset = (int.from_bytes(image[a:a + 8], "little") for a in (24, 32))
    for i in range(int.from_bytes(image[56:58], "little")):
        header = image[offset + 56 * i: offset + 56 * (i + 1)]
        kind, at, first, size = (int.from_bytes(header[a:b], "little")
                                 for a, b in ((0, 4), (8, 16), (24, 32), (32, 40)))
        if kind == 1 and first <= entry < first + size:
            image[at + entry - first: at + entry - first + 2] = b"\x0f\x0b"
    (machine().work / f"{name}.elf").write_bytes(image)
    return f'"{name}.elf"'


def gone(name):
    wait_until(lambda: name not in domains(machine()), 10, f"{name} is gone")


def test_a_crash_without_a_handler_is_explained_by_name():
    write_config(machine(), "faulty", kernel=without_handlers("faulty"))
    result = machine().run("create", "-c", "faulty.cfg", timeout=20)
    expect_run(result, 8, stderr=["domain 'faulty' crashed", "#UD at rip", "registered no handler"])
    for words in ("#UD at rip", "kernel mode", "rsp ", "_start+0x0"):
        expect(words in result.stdout, "create -c shows", words, result.stdout)
        expect(words in machine().run("logs", "faulty").stdout, "logs shows", words)


def test_a_crash_that_the_guest_handles_is_explained_by_itself():
    start("hello")
    say("hello", "crash")
    gone("hello")
    text = machine().run("logs", "hello").stdout
    for words in ("page fault", "address 8", "crash+", "thread_trampoline+",
                  "asked for the end", "shutdown_crash+0x", "trap_handle+0x"):
        expect(words in text, "the guest's own words", words, text)


def test_preserve_keeps_a_crashed_guest_with_its_reason():
    start("kept", on_crash='"preserve"')
    say("kept", "crash")
    wait_until(lambda: domains(machine())["kept"][3][3:5] == "sc", 10, "sc")
    expect("crash+" in machine().run("logs", "kept").stdout, "its words")
    expect_run(machine().run("destroy", "kept"), 0)
    gone("kept")


def restarted(name, before):
    wait_until(lambda: domains(machine()).get(name, (before,))[0] != before, 15, f"{name} is another")
    wait_for_log(machine(), name, GREETING)


def test_reboot_restarts_by_default():
    start("hello")
    first = domains(machine())["hello"][0]
    expect_run(machine().run("reboot", "-w", "hello"), 0)
    restarted("hello", first)
    second = domains(machine())["hello"][0]
    say("hello", "reboot")  # and again: what was remembered is remembered anew
    restarted("hello", second)
    expect_run(machine().run("shutdown", "-w", "--timeout", "10", "hello"), 0)
    gone("hello")
    expect(free_memory(machine()) > 0, "the machine goes on")


def test_on_crash_restart_and_rename_restart():
    start("again", on_crash='"restart"')
    first = domains(machine())["again"][0]
    say("again", "crash")
    restarted("again", first)
    expect_run(machine().run("destroy", "again"), 0)
    start("twin", on_crash='"rename-restart"')
    first = domains(machine())["twin"][0]
    say("twin", "crash")
    restarted("twin", first)
    old = f"twin-{first}"
    expect(domains(machine())[old][3][3:5] == "sc", "the dead one is kept", domains(machine()))
    expect("crash+" in machine().run("logs", old).stdout, "with its log")
    for name in ("twin", old):
        expect_run(machine().run("destroy", name), 0)
    gone(old)


def test_a_console_follows_its_guest_through_a_reboot():
    for name, command in (("followed", ["create", "-c", "followed.cfg"]), ("joined", ["console", "joined"])):
        if command[0] == "console":
            start(name)
        write_config(machine(), name)
        terminal = machine().start(*command, stdin=-1)
        wait_until(lambda: name in domains(machine()), 10, "it lives")
        wait_for_log(machine(), name, GREETING)
        first = domains(machine())[name][0]
        terminal.stdin.write("reboot\n")
        terminal.stdin.flush()
        restarted(name, first)
        text, notes = terminal.communicate("exit 0\n", timeout=20)
        expect(text.count(GREETING) == 2, "both lives", text)
        expect("is made again" in notes and "ended: poweroff" in notes, "both ends", notes)
        gone(name)


def test_a_destroyed_guest_does_not_come_back():
    start("hello")
    expect_run(machine().run("destroy", "hello"), 0)
    time.sleep(1.5)
    expect(list(domains(machine())) == ["Domain-0"], "nobody")


def test_shutdown_waits_for_all_or_says_who_stays():
    for name in ("one", "two"):
        start(name)
    expect_run(machine().run("shutdown", "-a", "-w", "--timeout", "10"), 0)
    expect(list(domains(machine())) == ["Domain-0"], "all are gone")
    start("deaf")
    expect_run(machine().run("pause", "deaf"), 0)
    expect_run(machine().run("shutdown", "-w", "--timeout", "1", "deaf"), 7, stderr="deaf")
    expect_run(machine().run("destroy", "deaf"), 0)


def run_all():
    try:
        main("life", [f for name, f in list(globals().items()) if name.startswith("test_")])
    finally:
        if shared is not None:
            shared.close()


run_all()
