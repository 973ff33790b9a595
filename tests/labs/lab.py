#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A student's tree: made, helped along, handed in.

    lab.py make LAB DIR [--student NAME] [--solution]   DIR becomes the product with this lab's regions empty
    lab.py hint LAB TEST [LEVEL]                        one of three hints for a test; 1 is the gentlest
    lab.py submit LAB                                   packs what the student wrote into lab<LAB>.tar.gz
    lab.py diff LAB [--write]                           the solution as a diff; or puts it into the instructor's page
"""
import argparse, difflib, importlib, json, pathlib, re, shutil, subprocess, sys, tarfile, zlib
import regions

TOP = pathlib.Path(__file__).resolve().parents[2]
RECORD = "LAB"
ANSWERS = "answers.txt"
# What a student's tree does not have: solutions, and the proof that graders work.
KEPT_BACK = ("docs/labs/*/instructor.md", "tests/labs/*/wrong_answers.py", "tests/labs/test_labs.py",
             ".ci/*", ".gitignore")


class Refused(Exception):
    pass


def labs():
    return sorted(int(path.parent.name[3:]) for path in (TOP / "tests/labs").glob("lab*/tests.py"))


def tests_of(lab):
    if lab not in labs():
        raise Refused(f"lab {lab} has no tests; there are tests for {', '.join(map(str, labs()))}")
    return importlib.import_module(f"lab{lab}.tests").TESTS


def record():
    path = TOP / RECORD
    return json.loads(path.read_text()) if path.exists() else {}


def product_files():
    names = subprocess.run(["git", "-c", f"safe.directory={TOP}", "ls-files", "-co", "--exclude-standard"], cwd=TOP,
                           capture_output=True, text=True)
    if names.returncode:
        raise Refused("a student's tree is made from a git checkout of xenlike; this is none")
    return [pathlib.Path(name) for name in names.stdout.split("\n") if name and (TOP / name).is_file()]


def make(lab, directory, student, is_solution=False):
    if not any(region.lab == lab for found in regions.files(TOP).values() for region in found):
        raise Refused(f"nothing in the source is marked LAB({lab})")
    if directory.exists() and any(directory.iterdir()):
        raise Refused(f"{directory} is not empty: name another with DIR=")
    written = [str(name) for name, found in regions.files(TOP).items() if any(r.lab == lab for r in found)]
    for name in product_files():
        if any(name.match(pattern) for pattern in KEPT_BACK):
            continue
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, target, follow_symlinks=False)
        if str(name) in written and not is_solution:
            target.write_text(regions.strip(target.read_text(), lab))
    template = TOP / f"tests/labs/lab{lab}" / ("solution-answers.txt" if is_solution else ANSWERS)
    if template.exists():
        shutil.copy(template, directory / ANSWERS)
        written.append(ANSWERS)
    shutil.copy(TOP / "tests/labs/skeleton/lab.mk", directory / "lab.mk")
    (directory / ".gitignore").write_text("/build*/\n/results.json\n/junit.xml\n/lab*.tar.gz\n")
    (directory / RECORD).write_text(json.dumps({"lab": lab, "student": student, "seed": zlib.crc32(student.encode()),
                                                "files": written}, indent=2) + "\n")
    return written


def hint(lab, name, level):
    found = [test for test in tests_of(lab) if test.name == name]
    if not found:
        raise Refused(f"lab {lab} has no test '{name}'; there are: " + ", ".join(t.name for t in tests_of(lab)))
    if level not in (1, 2, 3):
        raise Refused("LEVEL is 1, 2 or 3")
    return f"{name}, hint {level} of 3: {found[0].hints[level - 1]}\nread: {found[0].page}"


def submit(lab):
    notes = record()
    if notes.get("lab") != lab:
        raise Refused(f"this is not a student's tree of lab {lab}: `make lab LAB={lab} DIR=...` makes one")
    target = TOP / f"lab{lab}.tar.gz"
    with tarfile.open(target, "w:gz") as archive:
        for name in [RECORD, *notes["files"]]:
            archive.add(TOP / name, name)
    return target


def instructor_page(lab):
    return next((TOP / "docs/labs").glob(f"{lab}-*/instructor.md"))


def diff(lab):
    """From the skeleton to the solution."""
    lines = []
    for name, found in regions.files(TOP).items():
        text = (TOP / name).read_text()
        empty, full = regions.strip(text, lab), regions.strip(text, lab, True)
        lines += difflib.unified_diff(empty.splitlines(True), full.splitlines(True), f"a/{name}", f"b/{name}", n=2)
    # Line numbers would be others after each change elsewhere.
    return "".join("@@\n" if line.startswith("@@") else line for line in lines)


def page_with_diff(lab):
    text = instructor_page(lab).read_text()
    return re.sub(r"```diff\n.*?```", lambda _: f"```diff\n{diff(lab)}```", text, flags=re.S)


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("make")
    verb.add_argument("lab", type=int)
    verb.add_argument("directory", type=pathlib.Path)
    verb.add_argument("--student", default="student")
    verb.add_argument("--solution", action="store_true")
    verb = verbs.add_parser("hint")
    verb.add_argument("lab", type=int)
    verb.add_argument("test")
    verb.add_argument("level", type=int, nargs="?", default=1)
    verb = verbs.add_parser("submit")
    verb.add_argument("lab", type=int)
    verb = verbs.add_parser("diff")
    verb.add_argument("lab", type=int)
    verb.add_argument("--write", action="store_true")
    options = parser.parse_args()
    try:
        if options.verb == "make":
            written = make(options.lab, options.directory, options.student, options.solution)
            print(f"lab {options.lab} is in {options.directory}; these files are yours:")
            print("\n".join(f"  {name}" for name in written))
            print(f"begin with docs/labs/ there; `make grade LAB={options.lab}` counts the points")
        elif options.verb == "hint":
            print(hint(options.lab, options.test, options.level))
        elif options.verb == "submit":
            print(f"hand in {submit(options.lab)}")
        elif options.write:
            text = page_with_diff(options.lab)
            instructor_page(options.lab).write_text(text)
        else:
            print(diff(options.lab), end="")
    except (Refused, ValueError) as reason:
        print(f"lab: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
