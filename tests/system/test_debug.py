#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stock GDB on a domain: from its first instruction on, breakpoints, steps, memory, detaching. strace."""
import shutil, subprocess, time
from harness import Skip, expect, expect_run, main, wait_until
from machine import domains, real, wait_for_log, write_config

GREETING = "Hello from a paravirtual guest."
shared = None


def machine():
    global shared
    if shutil.which("gdb") is None:
        raise Skip("gdb is not installed")
    if shared is None:
        shared = real()
        expect_run(shared.run("up", timeout=90), 0, stderr="the machine is up")
    return shared


def gdb(name, *commands):
    """What GDB prints for these commands, one by one."""
    result = machine().run("gdb", name, timeout=60, input="".join(f"{c}\n" for c in commands),
                           HOME=str(machine().root / "home"))
    return result.stdout + result.stderr


def test_a_paused_domain_stands_before_its_first_instruction():
    write_config(machine(), "first")
    expect_run(machine().run("create", "-p", "first.cfg"), 0)
    text = gdb("first", "break main", "continue", "print argc", "backtrace", "stepi", "info threads",
               "detach")
    for words in ("image_start ()", "Breakpoint 1, main (argc=1", "$1 = 1", "main.c", "Thread 1",
                  "detached"):
        expect(words in text, "gdb says", words, text)
    wait_for_log(machine(), "first", GREETING)  # it ran on after the detach
    expect_run(machine().run("destroy", "first"), 0)


def test_a_running_domain_is_stopped_and_goes_on():
    write_config(machine(), "second")
    expect_run(machine().run("create", "second.cfg"), 0)
    wait_for_log(machine(), "second", GREETING)
    text = gdb("second", "info registers rip cs", "x/2i $pc", "print/x *(int *)main",
               "set var *(int *)0xffffffffffff0000 = 1", "detach")
    expect("0xe0" in text and "$1 = 0x" in text, "registers and memory", text)
    expect("annot access memory" in text, "what is not mapped is refused", text)
    expect(domains(machine())["second"][3][2] == "-", "not paused any more")
    result = machine().run("create", "-c", "second.cfg", "name='third'", input="exit 0\n", timeout=30)
    expect(GREETING in result.stdout, "the machine goes on")
    expect_run(machine().run("destroy", "second"), 0)


def test_a_debugger_that_hangs_up_leaves_no_breakpoint():
    write_config(machine(), "left")
    expect_run(machine().run("create", "-p", "left.cfg"), 0)
    stub = machine().start("gdb-stub", "left", stdin=subprocess.PIPE)
    address = subprocess.run(["nm", str(machine().work / "hello.elf")], capture_output=True, text=True,
                             check=True).stdout
    main_at = next(l.split()[0].lstrip("0") for l in address.splitlines() if l.endswith(" T main"))
    packet = f"Z0,{main_at},1"
    stub.stdin.write(f"${packet}#{sum(packet.encode()) % 256:02x}")
    stub.stdin.flush()
    reply = stub.stdout.read(7)
    expect(reply == "+$OK#9a", "the breakpoint is set", reply)
    stub.stdin.close()
    stub.wait(timeout=10)
    wait_for_log(machine(), "left", GREETING)
    wait_until(lambda: domains(machine())["left"][3] == "-b----", 5, "it runs")
    expect_run(machine().run("destroy", "left"), 0)


def test_strace_shows_calls_with_names_and_results():
    write_config(machine(), "traced")
    expect_run(machine().run("create", "-p", "traced.cfg"), 0)
    tracer = machine().start("strace", "traced")
    time.sleep(1)
    expect_run(machine().run("strace", "traced"), 6, stderr="EBUSY")
    expect_run(machine().run("unpause", "traced"), 0)
    wait_for_log(machine(), "traced", GREETING)
    time.sleep(0.5)  # it has nothing to do, and blocks
    expect_run(machine().run("shutdown", "-w", "traced"), 0)
    text, _ = tracer.communicate(timeout=15)
    for words in ("set_trap_table(0x", "event_channel_op(alloc_unbound, {dom=self", "sched_op(block, 0) = 0",
                  "sched_op(shutdown, {reason=poweroff})", "event_channel_op(send, {port=", "update_va_mapping("):
        expect(words in text, "strace shows", words, text)
    expect_run(machine().run("strace", "0"), 6, stderr="domain 0")


def test_a_panic_of_the_hypervisor_is_told_after_the_reset():
    with real() as other:
        expect_run(other.run("up", timeout=90), 0)
        expect_run(other.run("crashlog"), 0, stderr="has not crashed")
        expect_run(other.run("create", "hello.cfg"), 0)
        other.run("debug-keys", "C", timeout=60)  # whose end nobody is left to tell
        wait_until(lambda: other.run("list").returncode == 0, 30, "the machine is up again")
        expect(list(domains(other)) == ["Domain-0"], "without its guests")
        text = other.run("crashlog").stdout
        for words in ("xenlike stops: debug key C", "hc_sysctl+0x", "xenlike: "):
            expect(words in text, "the record has", words, text)
        expect_run(other.run("create", "hello.cfg"), 0)


def test_dom0_is_not_debugged_and_nobody_is_not_found():
    expect_run(machine().run("gdb-stub", "0"), 6, stderr="domain 0")
    expect_run(machine().run("gdb-stub", "nobody"), 3, stderr="nobody")


def run_all():
    try:
        main("debug", [f for name, f in list(globals().items()) if name.startswith("test_")])
    finally:
        if shared is not None:
            shared.close()


run_all()
