#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs test programs, shows what fails, ends with "N passed, N failed, N skipped".

    run.py [--log DIR] COMMAND ... [--pairs COMMAND ...]

Each COMMAND (one word per program; a unit suite, a script) prints TAP lines on its standard output:
"ok - name", "not ok - name", "ok - name # SKIP reason". Criterion suites are told to by --tap. With
REQUIRE=all in the environment a skip is a failure. The status is 0 only when nothing failed. Those
behind --pairs run last, two at a time: they wait more than they compute, and measure no time.
"""
import argparse, concurrent.futures, os, pathlib, re, shlex, subprocess, sys, time

LINE = re.compile(r"^(ok|not ok)\b(?:\s+\d+)?(?:\s*-\s*)?(.*?)(?:\s*#\s*(SKIP|TODO|ERROR)\b\s*(.*))?$")
REQUIRE_ALL = os.environ.get("REQUIRE") == "all"


def command_of(text):
    words = shlex.split(text)
    if "/unit/" in words[0]:
        words += ["--tap=/dev/stdout", "--quiet", "--color=never"]
    return words


def name_of(text):
    """The suite, or the script and what it is about."""
    words = shlex.split(text)
    scripts = [pathlib.Path(word) for word in words if word.endswith(".py")]
    name = f"{scripts[0].parent.name}/{scripts[0].stem}" if scripts else pathlib.Path(words[0]).name
    return name + (" on Xen" if "--xen" in words or "XEN=1" in words else "")


def run(text, limit):
    begin = time.monotonic()
    try:
        process = subprocess.Popen(command_of(text), stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    except OSError as reason:
        return text, "", str(reason), 0.0
    try:
        output, _ = process.communicate(timeout=limit)
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        status = f"no end within {limit} s"
    return text, output.decode(errors="replace"), status, time.monotonic() - begin


def judge(text, output, status):
    """The outcomes [(kind, name, reason)] of one program."""
    outcomes, notes = [], []
    for line in output.splitlines():
        match = LINE.match(line)
        if not match:
            notes.append(line)
            continue
        result, name, word, reason = match.groups()
        name = re.sub(r"\s+\(\d+\.\d+s\)$", "", name).strip()
        if word == "SKIP":
            outcomes.append(("failed" if REQUIRE_ALL else "skipped", name,
                             [f"skipped: {reason}" + (" (REQUIRE=all)" if REQUIRE_ALL else "")]))
        elif result == "ok":
            outcomes.append(("passed", name, []))
        else:
            outcomes.append(("failed", name, ([f"{word}: {reason}"] if word else []) + notes[-40:]))
        notes = []
    failed = any(kind == "failed" for kind, _, _ in outcomes)
    if (status != 0 and not failed) or not outcomes:
        outcomes.append(("failed", shlex.split(text)[0],
                         [f"the program ended with {status}"] + output.splitlines()[-40:]))
    return outcomes


def all_runs(options):
    for text in options.commands:
        yield run(text, options.limit)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda text: run(text, options.limit), options.pairs)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=pathlib.Path)
    parser.add_argument("--limit", type=int, default=900)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("commands", nargs="+")
    parser.add_argument("--pairs", nargs="*", default=[])
    options = parser.parse_args()
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    if options.log:
        options.log.mkdir(parents=True, exist_ok=True)
    for number, (text, output, status, seconds) in enumerate(all_runs(options)):
        outcomes = judge(text, output, status)
        counts = {kind: sum(k == kind for k, _, _ in outcomes) for kind in totals}
        name = name_of(text)
        print(f"{name}: {counts['passed']} passed, {counts['failed']} failed, "
              f"{counts['skipped']} skipped ({seconds:.1f} s)", flush=True)
        for kind, test, reasons in outcomes:
            if kind != "passed" or options.verbose:
                print(f"  {kind}: {test}")
                for reason in reasons:
                    print(f"      {reason}")
        if options.log:
            (options.log / f"{number:02d}-{name.replace('/', '-').replace(' ', '-')}.log").write_text(output)
        for kind in totals:
            totals[kind] += counts[kind]
    print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    return 1 if totals["failed"] else 0


sys.exit(main())
