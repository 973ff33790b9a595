#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds what a student wrote, runs it exactly, and counts the points.

    grade.py LAB [--test NAME] [--json] [--seed N] [--submission FILE] [--make COMMAND]

A line per test; for a failed one, what was expected, what was seen, which page explains it. Beside the
table: results.json as Gradescope reads it, junit.xml. With --json the former goes to standard output
instead of the table. --submission grades a packed submission in a fresh tree made from this one, so
that nothing of it but the files that were the student's is used. Status 0: full marks; 1: less; 2: it could not be graded.
"""
import argparse, importlib, json, os, pathlib, secrets, subprocess, sys, tarfile, tempfile
from xml.sax.saxutils import quoteattr
import exact, lab as lab_tool
from judge import World, Wrong

TOP = pathlib.Path(__file__).resolve().parents[2]


def build(make, top, needs=("all", "lab-exams")):
    """None, or the end of what the compiler said."""
    result = subprocess.run([*make.split(), "--no-print-directory", "-s", "-j2", f"BUILD={os.environ.get('BUILD', 'build')}", *needs],
                            cwd=top, capture_output=True, text=True,
                            env={key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "LAB")})
    return None if result.returncode == 0 else (result.stderr or result.stdout)[-3000:]


def judged(tests, world):
    """[(test, None or Wrong)]"""
    found = []
    for test in tests:
        try:
            test.judge(world)
            found.append((test, None))
        except Wrong as wrong:
            found.append((test, wrong))
        except (LookupError, ValueError, TypeError, AttributeError) as reason:
            found.append((test, Wrong("an answer that can be read", f"{type(reason).__name__}: {reason}; {world.death() or ''}")))
    return found


def points(outcomes):
    return sum(test.points for test, wrong in outcomes if wrong is None), sum(test.points for test, _ in outcomes)


def print_table(lab, world, outcomes):
    for test, wrong in outcomes:
        print(f"  {test.points if wrong is None else 0:3d} / {test.points:<3d} {test.name}")
        if wrong:
            print(f"            expected: {wrong.expected}\n            seen:     {wrong.seen}\n            read:     {test.page}"
                  f"   (make hint LAB={lab} TEST={test.name})")
    got, all_of_them = points(outcomes)
    print(f"lab {lab}, seed {world.seed}: {got} of {all_of_them} points")


def gradescope(lab, outcomes):
    got, _ = points(outcomes)
    return {"score": got, "output": f"xenlike, lab {lab}", "tests": [
        {"name": test.name, "score": test.points if wrong is None else 0, "max_score": test.points,
         "status": "failed" if wrong else "passed",
         "output": f"expected: {wrong.expected}\nseen: {wrong.seen}\nread: {test.page}" if wrong else ""}
        for test, wrong in outcomes]}


def junit(lab, outcomes):
    lines = [f'<testsuite name="lab{lab}" tests="{len(outcomes)}" failures="{sum(w is not None for _, w in outcomes)}">']
    for test, wrong in outcomes:
        failure = f"<failure message={quoteattr(str(wrong))}/>" if wrong else ""
        lines.append(f'  <testcase classname="lab{lab}" name={quoteattr(test.name)}>{failure}</testcase>')
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *lines, "</testsuite>", ""])


def unpack(submission, lab, directory):
    """A fresh student's tree with the submission's files, and its record."""
    with tarfile.open(submission) as archive:
        notes = json.load(archive.extractfile(lab_tool.RECORD))
        written = lab_tool.make(lab, directory, str(notes.get("student", "student")))
        for name in written:
            member = archive.getmember(name)
            if not member.isfile():
                raise lab_tool.Refused(f"{submission}: {name} is not a file")
            (directory / name).write_bytes(archive.extractfile(member).read())
    return json.loads((directory / lab_tool.RECORD).read_text())


def grade(lab, top, seed, make, only=None):
    """(world, outcomes); raises Refused when it does not build."""
    tests = lab_tool.tests_of(lab)
    module = importlib.import_module(f"lab{lab}.tests")
    if only:
        tests = [test for test in tests if test.name == only]
        if not tests:
            raise lab_tool.Refused(f"lab {lab} has no test '{only}'")
    world = World(seed, secrets.token_hex(8), top=top, build=top / os.environ.get("BUILD", "build"))
    wrong = build(make, top)
    if wrong:
        raise lab_tool.Refused(f"it does not build:\n{wrong}")
    module.examine(world, exact.run)
    kept = world.build / "labs" / f"lab{lab}.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(f"{world.printed}\n--- the examiners saw ---\n{world.observed}")
    return world, judged(tests, world)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("lab", type=int)
    parser.add_argument("--test")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--submission", type=pathlib.Path)
    parser.add_argument("--make", default="make")
    options = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as directory:
            top, notes = TOP, lab_tool.record()
            if options.submission:
                top = pathlib.Path(directory) / "tree"
                notes = unpack(options.submission, options.lab, top)
            elif notes and notes["lab"] != options.lab:
                raise lab_tool.Refused(f"this is a tree of lab {notes['lab']}: make grade LAB={notes['lab']}")
            elif not notes:
                raise lab_tool.Refused(f"this is xenlike itself, where nothing is to be written: "
                                       f"`make lab LAB={options.lab} DIR=...` makes a tree; SUBMISSION=... grades one")
            seed = options.seed if options.seed is not None else notes["seed"]
            world, outcomes = grade(options.lab, top, seed, options.make, options.test)
    except (lab_tool.Refused, OSError, KeyError, tarfile.TarError) as reason:
        print(f"grade: {reason}", file=sys.stderr)
        return 2
    report = gradescope(options.lab, outcomes)
    (TOP / "results.json").write_text(json.dumps(report, indent=2) + "\n")
    (TOP / "junit.xml").write_text(junit(options.lab, outcomes))
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        print_table(options.lab, world, outcomes)
    got, all_of_them = points(outcomes)
    return 0 if got == all_of_them else 1


if __name__ == "__main__":
    sys.exit(main())
