#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The labs prove themselves: each skeleton builds and scores 0, each solution scores full, each typical wrong
answer loses what it must and is told why; a submission is graded as its tree is; an empty hand scores 0.

One tree per lab below $(BUILD)/lab-trees, with a copy of what was built, so that little is compiled again.
"""
import importlib, os, pathlib, re, shutil, subprocess, sys, zlib
import grade, lab as lab_tool, regions

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / os.environ.get("BUILD", "build")
TREES = BUILD / "lab-trees"
NOT_COPIED = shutil.ignore_patterns("lab-trees", "tests", "corpus", "clang", "aarch64", "iso*")
SEED = zlib.crc32(b"proof")
failed = False


def report(name, wrong):
    global failed
    failed |= bool(wrong)
    for line in str(wrong or "").splitlines():
        print(f"# {line}")
    print(f"{'not ok' if wrong else 'ok'} - labs: {name}", flush=True)


def tree(lab, is_solution):
    """A fresh tree of this lab; what was built stays from the one before, or comes from the product."""
    directory = TREES / f"lab{lab}"
    kept = TREES / "build"
    if (directory / "build").exists():
        (directory / "build").rename(kept)
    shutil.rmtree(directory, ignore_errors=True)
    for name in lab_tool.make(lab, directory, "proof", is_solution):
        (directory / name).touch()  # newer than what another lab's tree had compiled
    if kept.exists():
        kept.rename(directory / "build")
    else:
        shutil.copytree(BUILD, directory / "build", symlinks=True, ignore=NOT_COPIED)
    return directory


def graded(lab, directory):
    """({tests that failed}, points, all messages)"""
    _, outcomes = grade.grade(lab, directory, SEED, "make")
    lost = {test.name for test, wrong in outcomes if wrong}
    return lost, grade.points(outcomes), "\n".join(f"{t.name}: {wrong}" for t, wrong in outcomes if wrong)


def prove(lab):
    page = lab_tool.instructor_page(lab)
    report(f"lab {lab}'s instructor's page has the solution as it is", None if page.read_text() == lab_tool.page_with_diff(lab)
           else f"{page.relative_to(TOP)}: tests/labs/lab.py diff {lab} --write")
    directory = tree(lab, False)
    lost, (got, _), messages = graded(lab, directory)
    report(f"lab {lab}'s skeleton builds and scores 0", f"{got} points" if got else None)
    directory = tree(lab, True)
    if lab == 0:
        fill_in_entry(directory)
    lost, (got, full), messages = graded(lab, directory)
    report(f"lab {lab}'s solution scores {full}", messages if got != full else None)
    for answer in importlib.import_module(f"lab{lab}.wrong_answers").WRONG_ANSWERS:
        path = directory / answer["file"]
        before = path.read_text()
        if answer["was"] not in before:
            report(f"lab {lab}, wrong answer: {answer['name']}", f"{answer['file']} has no longer: {answer['was']}")
            continue
        path.write_text(before.replace(answer["was"], answer["is"], 1))
        lost, _, messages = graded(lab, directory)
        wrong = None
        if lost != answer["loses"]:
            wrong = f"loses {sorted(lost)}, should lose {sorted(answer['loses'])}\n{messages}"
        elif not re.search(answer["says"], messages):
            wrong = f"no message says '{answer['says']}':\n{messages}"
        report(f"lab {lab}, wrong answer: {answer['name']}", wrong)
        path.write_text(before)


def fill_in_entry(directory):
    """The one answer that differs from build to build."""
    subprocess.run(["make", "-s", "BUILD=build", "guests"], cwd=directory, check=True, capture_output=True)
    world = grade.World(SEED, "", top=directory, build=directory / "build")
    entry = importlib.import_module("lab0.tests").entry(world)
    path = directory / "answers.txt"
    path.write_text(path.read_text().replace("gdb_entry:", f"gdb_entry: {entry}"))


def skeleton_builds(lab):
    wrong = grade.build("make", tree(lab, False), ("hypervisor", "guests", "dom0"))
    report(f"lab {lab}'s skeleton builds", wrong)


def same_run_twice():
    directory = TREES / "lab1"
    worlds = [grade.grade(1, directory, SEED, "make")[0] for _ in range(2)]
    texts = [world.printed.replace(world.token, "") for world in worlds]
    report("the same seed gives the same run, byte by byte", None if texts[0] == texts[1] else "the two runs differ")


def submissions():
    """What is handed in is graded in a tree of our own, as it would be in the student's; a trick in the grader's files does not help."""
    directory = TREES / "lab1"
    (directory / "tests/labs/judge.py").write_text("raise SystemExit(0)\n")
    subprocess.run([sys.executable, "tests/labs/lab.py", "submit", "1"], cwd=directory, check=True, capture_output=True)
    fresh = TREES / "submitted"
    shutil.rmtree(fresh, ignore_errors=True)
    grade.unpack(directory / "lab1.tar.gz", 1, fresh)
    same = all((fresh / name).read_bytes() == (directory / name).read_bytes() for name in lab_tool.json.loads(
        (directory / "LAB").read_text())["files"])
    ours = (fresh / "tests/labs/judge.py").read_bytes() == (TOP / "tests/labs/judge.py").read_bytes()
    report("a submission brings the student's files and no others", None if same and ours else f"same: {same}, ours: {ours}")


def main():
    marked = sorted({region.lab for found in regions.files(TOP).values() for region in found})
    report("regions are marked for labs 0 to 5", None if set(range(6)) <= set(marked) else f"there are {marked}")
    for lab in marked:
        if lab in lab_tool.labs():
            prove(lab)
        else:
            skeleton_builds(lab)
    same_run_twice()
    submissions()
    return 1 if failed else 0


sys.exit(main())
