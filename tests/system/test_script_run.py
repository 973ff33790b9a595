#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pvctl up --script: a machine for one script; with --icount the same one each time (design.md, decision 9)."""
import json
from harness import expect, expect_run, main
from machine import BUILD, real, write_config
import shutil

SCRIPT = """# a guest, twice
create hello.cfg 'extra="seed=$SEED"'
sleep 1
logs hello
- domid nobody
list --json
uptime
xenstore ls
dmesg
destroy hello
"""


def run(machine, script, *options):
    """The result, with the report's records as .records."""
    (machine.work / "script").write_text(script)
    report = machine.work / "report"
    report.unlink(missing_ok=True)
    result = machine.run("up", "--script", "script", "--report", "report", *options, timeout=120)
    result.records = [json.loads(line) for line in report.read_text().splitlines()]
    return result


def test_an_exact_run_is_the_same_in_bytes_and_in_ticks():
    with real() as machine:
        first, second = (run(machine, SCRIPT, "--icount", "--seed", "42") for _ in range(2))
        expect_run(first, 0, stdout=["Hello from a paravirtual guest.", "seed=42"])
        expect(first.stdout == second.stdout, "the same console", first.stdout, second.stdout)
        expect(first.records == second.records, "the same records", first.records, second.records)
        expect(first.records[-1]["ticks"] > 10 ** 9, "a second was slept", first.records[-1])
        other = run(machine, SCRIPT, "--icount", "--seed", "43")
        expect("seed=43" in other.stdout, "another seed is another run", other.stdout)
        expect(not list((machine.root / "state").glob("script-*")), "nothing is left behind")


def test_the_report_has_each_command_and_the_end():
    with real() as machine:
        records = run(machine, SCRIPT, "--icount").records
        expect([r["event"] for r in records] == ["begin"] + 9 * ["command"] + ["end"], "records", records)
        expect(records[4]["status"] == 3 and "PV-E0201" in records[4]["output"], "a failure", records[4])
        domains = json.loads(records[5]["output"])["domains"]
        expect([d["name"] for d in domains] == ["Domain-0", "hello"], "data to be read", domains)
        expect(records[-1]["status"] == 0 and records[-1]["why"] == "end", "the end", records[-1])


def test_the_status_is_that_of_the_command_that_failed():
    with real() as machine:
        result = run(machine, "echo one\ndomid nobody\necho two\n")
        expect_run(result, 3, stderr="status 3")
        expect("one\n" in result.stdout and "two\n" not in result.stdout, "what ran", result.stdout)
        expect(result.records[-1]["why"] == "failed" and result.records[-1]["line"] == 2, "the end",
               result.records[-1])


def test_a_script_that_hangs_is_ended_by_the_machines_own_clock():
    with real() as machine:
        first, second = (run(machine, "sleep 1\nsleep 1000\n", "--icount", "--timeout", "5")
                         for _ in range(2))
        expect_run(first, 7, stdout="time is over, in its line 2")
        expect(first.records == second.records and first.records[-1]["why"] == "limit", "exact too",
               first.records, second.records)


def test_a_panic_of_the_hypervisor_is_no_success():
    with real() as machine:
        result = run(machine, "debug-keys C\n", "--icount")
        expect_run(result, 1, stderr="before the script did", stdout="xenlike stops")


def test_a_disk_is_written_in_memory_only():
    with real() as machine:
        shutil.copy(BUILD / "guest/disk.elf", machine.work / "disk.elf")
        image = machine.work / "data.img"
        image.write_bytes(b"\0" * (1 << 20))
        write_config(machine, "writer", kernel='"disk.elf"', memory="16", disk='["data.img,raw,xvda,w"]')
        # What the guest wrote is there for the next line.
        result = run(machine, "checksum data.img\ncreate -F writer.cfg 'extra=\"verify seed=5\"'\nlogs writer\n"
                     "checksum data.img\n", "--icount")
        expect_run(result, 0)
        sums = [r["output"] for r in result.records if r.get("command", "").startswith("checksum")]
        expect(len(sums) == 2 and sums[0] != sums[1], "the blocks changed", sums, result.stdout)
        expect(image.read_bytes() == b"\0" * (1 << 20), "the user's file did not")


def test_what_cannot_be_is_said_before_a_machine_starts():
    with real() as machine:
        (machine.work / "bad.cfg").write_text("memroy = 4\n")
        (machine.work / "script").write_text("create bad.cfg\n")
        for arguments, status, words in [
                (["--script", "script"], 4, "memory"), (["--script", "none"], 1, "cannot read the script none"),
                (["--icount"], 2, "only together with --script"),
                (["--script", "script", "--seed", "x"], 2, "--seed takes a number"),
                (["--script", "script", "--timeout", "0"], 2, "--timeout takes seconds"),
                (["--script", "script", "--share", "."], 2, "nothing from outside")]:
            result = machine.run("up", *arguments)
            expect_run(result, status, stderr=words)
            expect(result.stdout == "", "no machine ran", result.stdout)
        inside = machine.work / "inside"
        inside.mkdir()
        (inside / "script").write_text("create ../hello.cfg\n")
        expect_run(machine.run("up", "--script", "script", cwd=inside), 4, stderr="above the current directory")


if __name__ == "__main__":
    main("a script's machine", [value for name, value in list(globals().items())
                                if name.startswith("test_")])
