#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pvctl on a running machine: create, list, console, pause, logs, destroy; bad input; nothing left."""
import signal, subprocess, time
from harness import Skip, expect, expect_run, main, wait_until
from machine import ON_XEN, domains, free_memory, real, wait_for_log, write_config

GREETING = "Hello from a paravirtual guest."
shared = None


def machine():
    """One machine for all tests of this file; each leaves it as it found it."""
    global shared
    if shared is None:
        candidate = real()
        try:
            expect_run(candidate.run("up", timeout=90), 0, stderr="the machine is up")
        except Exception:
            candidate.close()
            raise
        shared = candidate
    return shared


class Guest:
    """hello under some name, gone at the end."""

    def __init__(self, name="hello", *arguments, **changes):
        self.name = name
        write_config(machine(), name, **changes)
        expect_run(machine().run("create", f"{name}.cfg", *arguments), 0)

    def __enter__(self):
        return self.name

    def __exit__(self, *_):
        machine().run("destroy", self.name)


def test_list_shows_dom0_alone():
    found = domains(machine())
    expect(list(found) == ["Domain-0"], "one domain", found)
    expect(found["Domain-0"][0] == 0, "its number", found)


def test_a_created_guest_prints_and_is_listed():
    with Guest() as name:
        wait_for_log(machine(), name, GREETING)
        found = domains(machine())
        expect(set(found) == {"Domain-0", "hello"}, "both are listed", found)
        number, memory, vcpus, state = found["hello"]
        expect((memory, vcpus) == (4, 1), "memory and vcpus", found)
        wait_until(lambda: domains(machine())["hello"][3] == "-b----", 5, "it waits for input")
        expect_run(machine().run("domid", "hello"), 0, stdout=f"{number}\n")
        expect_run(machine().run("domname", number), 0, stdout="hello\n")


def test_names_numbers_and_prefixes_work():
    with Guest() as name:
        number = machine().run("domid", name).stdout.strip()
        expect_run(machine().run("paus", number), 0)
        expect(domains(machine())[name][3][2] == "p", "paused by number")
        expect_run(machine().run("unp", name), 0)
        expect(domains(machine())[name][3][2] == "-", "runs by name")


def test_a_paused_guest_starts_when_unpaused():
    with Guest("hello", "-p") as name:
        time.sleep(0.3)
        expect(GREETING not in machine().run("logs", name).stdout, "nothing printed yet")
        expect(domains(machine())[name][3] == "--p---", "state", domains(machine()))
        expect_run(machine().run("unpause", name), 0)
        wait_for_log(machine(), name, GREETING)


def console(name):
    try:
        import pexpect
    except ImportError:
        raise Skip("python3-pexpect is not installed")
    command = machine().command("console", name)
    return pexpect.spawn(command[0], command[1:], env=machine().environment, timeout=10,
                         cwd=str(machine().work), encoding="utf-8")


def test_the_console_takes_keys_and_lets_go():
    with Guest() as name:
        wait_for_log(machine(), name, GREETING)
        terminal = console(name)
        time.sleep(0.5)
        terminal.send("good morning\r")
        terminal.expect("you said: good morning")
        terminal.send("\x1d")
        terminal.wait()
        terminal.close()
        expect(terminal.exitstatus == 0, "^] leaves with 0", terminal.exitstatus)
        expect(name in domains(machine()), "the guest goes on")


def test_logs_outlive_the_guest():
    with Guest() as name:
        wait_for_log(machine(), name, GREETING)
    expect("hello" not in domains(machine()), "it is gone")
    expect_run(machine().run("logs", "hello"), 0, stdout=GREETING)


def test_create_c_shows_everything_and_ends_with_the_guest():
    write_config(machine(), "brief")
    result = machine().run("create", "-c", "brief.cfg", input="exit 0\n", timeout=30)
    expect(GREETING in result.stdout, "the console from its first byte", result)
    machine().run("destroy", "brief")


def test_dmesg_and_info_answer():
    expect(machine().run("dmesg").stdout, "the hypervisor's log")
    text = machine().run("info").stdout
    for key in ("total_memory", "free_memory", "xen_version", "xen_caps", "nr_cpus"):
        expect(f"\n{key.ljust(22)} : " in "\n" + text, "info has", key, text)
    expect(int(machine().run("info", "total_memory").stdout) > 100, "one field alone")


def test_several_guests_live_side_by_side():
    with Guest("one") as one, Guest("two") as two, Guest("three") as three:
        for name in (one, two, three):
            wait_for_log(machine(), name, GREETING)
        expect_run(machine().run("destroy", two), 0)
        expect(set(domains(machine())) == {"Domain-0", one, three}, "the right one is gone")


def test_create_and_destroy_leave_no_memory_behind():
    def round_trip():
        with Guest() as name:
            wait_for_log(machine(), name, GREETING)
        wait_until(lambda: list(domains(machine())) == ["Domain-0"], 5, "it is gone")
        return machine().run("info", "free_memory").stdout

    round_trip()
    before = round_trip()
    for _ in range(5):
        after = round_trip()
    expect(after == before, "free memory", before, after)


def refused(status, words, *arguments):
    """The command fails like that and leaves nothing."""
    before = free_memory(machine())
    expect_run(machine().run(*arguments), status, stderr=words)
    expect(list(domains(machine())) == ["Domain-0"], "no domain is left")
    expect(free_memory(machine()) == before, "no memory is left behind")


def test_a_kernel_that_is_no_elf_is_refused():
    (machine().work / "text.elf").write_text("this is no kernel\n" * 100)
    write_config(machine(), "bad", kernel='"text.elf"')
    refused(4, "text.elf", "create", "bad.cfg")


def test_a_kernel_without_xen_notes_is_refused():
    native = machine().work / "native.elf"
    subprocess.run(["cc", "-nostdlib", "-static", "-o", native, "-x", "c", "-"], check=True,
                   input="void _start(void) { for (;;); }", text=True)
    write_config(machine(), "bad", kernel='"native.elf"')
    refused(4, "notes", "create", "bad.cfg")


def test_a_kernel_that_does_not_exist_is_refused():
    write_config(machine(), "bad", kernel='"absent.elf"')
    refused(4, "absent.elf", "create", "bad.cfg")


def test_too_little_memory_is_refused():
    write_config(machine(), "bad", memory='"64K"')
    refused(4, "memory", "create", "bad.cfg")


def test_more_memory_than_there_is_is_refused():
    write_config(machine(), "bad", memory="100000")
    refused(5, "memory", "create", "bad.cfg")


def test_a_name_can_be_had_once():
    with Guest() as name:
        expect_run(machine().run("create", "hello.cfg"), 6, stderr="hello")
        expect(set(domains(machine())) == {"Domain-0", name}, "one of them exists")


def test_an_unknown_domain_has_status_3():
    for command in ("destroy", "pause", "unpause", "console", "domid"):
        expect_run(machine().run(command, "nobody"), 3, stderr="nobody")
    expect_run(machine().run("destroy", "4711"), 3, stderr="4711")


def test_dom0_cannot_be_destroyed():
    result = machine().run("destroy", "0")
    expect(result.returncode in (2, 6), "refused", result)
    expect("Domain-0" in domains(machine()), "and still there")


def test_ctrl_c_in_a_waiting_command_ends_it_alone():
    with Guest() as name:
        wait_for_log(machine(), name, GREETING)
        follower = machine().start("logs", "-f", name)
        time.sleep(0.5)
        follower.send_signal(signal.SIGINT)
        follower.communicate(timeout=5)
        expect(name in domains(machine()), "the guest goes on")


def test_ctrl_c_in_create_leaves_nothing_or_a_whole_guest():
    write_config(machine(), "cut")
    before = free_memory(machine())
    for delay in (0.0, 0.01, 0.03, 0.06, 0.1):
        creator = machine().start("create", "cut.cfg")
        time.sleep(delay)
        creator.send_signal(signal.SIGINT)
        creator.communicate(timeout=20)
        machine().run("destroy", "cut")
        wait_until(lambda: list(domains(machine())) == ["Domain-0"], 5, "nothing is left")
    expect(free_memory(machine()) == before, "no memory is left behind")


def test_a_guest_that_faults_harms_nobody():
    with Guest("good") as good:
        wait_for_log(machine(), good, GREETING)
        with open(machine().work / "hello.elf", "rb") as file:
            image = bytearray(file.read())
        # Its entry point becomes ud2, for which it has no handler yet.
        entry = int.from_bytes(image[24:32], "little")
        offset = int.from_bytes(image[32:40], "little")
        for i in range(int.from_bytes(image[56:58], "little")):
            header = image[offset + 56 * i: offset + 56 * (i + 1)]
            at, start, size = (int.from_bytes(header[a:b], "little")
                               for a, b in ((8, 16), (24, 32), (32, 40)))
            if int.from_bytes(header[0:4], "little") == 1 and start <= entry < start + size:
                image[at + entry - start: at + entry - start + 2] = b"\x0f\x0b"
        (machine().work / "faulty.elf").write_bytes(image)
        write_config(machine(), "faulty", kernel='"faulty.elf"', on_crash='"preserve"')
        machine().run("create", "faulty.cfg")
        wait_until(lambda: domains(machine()).get("faulty", (0, 0, 0, "---sc-"))[3][3:5] == "sc", 5,
                   "it is shown as crashed")
        machine().run("destroy", "faulty")
        terminal = machine().run("logs", good)
        expect(GREETING in terminal.stdout and good in domains(machine()), "the other one lives")


def run_all():
    try:
        main("guests on Xen" if ON_XEN else "guests", [f for name, f in list(globals().items()) if name.startswith("test_")])
    finally:
        if shared is not None:
            shared.close()


run_all()
