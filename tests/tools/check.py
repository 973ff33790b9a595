#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what a compiler does not: layout, sizes, headers that stand alone, the bound on ring 0.

    check.py [--build DIR] [CHECK ...]

Prints TAP: one line per check, what is wrong before it. Without names, all checks run.
"""
import argparse, concurrent.futures, fnmatch, os, pathlib, re, shutil, subprocess, sys

TOP = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES, FUNCTION_LINES, RING0_LINES, SPINE_LINES = 600, 60, 15000, 3000
OBSERVE_LINES = 1000
CC = os.environ.get("HOST_CC", "cc").split()
GUEST_INCLUDES = os.environ.get("GUEST_INCLUDES", "").split()


class Skip(Exception):
    pass


def tracked(*patterns):
    """Files that git knows or would take; without git (an archive), all but build trees."""
    result = subprocess.run(["git", "-c", f"safe.directory={TOP}", "ls-files", "-co",
                             "--exclude-standard", *patterns], cwd=TOP, capture_output=True, text=True)
    if result.returncode == 0:
        return [name for name in result.stdout.split() if (TOP / name).is_file()]
    names = [str(path.relative_to(TOP)) for path in sorted(TOP.rglob("*")) if path.is_file()]
    return [name for name in names if not name.startswith(("build", ".git/"))
            and any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


def code_files():
    return tracked("*.c", "*.h")


def need(program):
    if not shutil.which(program):
        raise Skip(f"{program} is not installed")


def check_format():
    """the layout is what .clang-format prints"""
    need("clang-format")
    names = [n for n in code_files() if not n.startswith("include/public/")]
    result = subprocess.run(["clang-format", "--dry-run", "--ferror-limit=1", *names], cwd=TOP,
                            capture_output=True, text=True)
    return [line for line in result.stderr.splitlines() if "warning:" in line or "error:" in line]


def check_sizes():
    """no C file over 600 lines, no function over 60"""
    wrong = []
    for name in code_files() + tracked("*.S"):
        lines = (TOP / name).read_text().splitlines()
        if len(lines) > FILE_LINES and not name.startswith("include/public/"):
            wrong.append(f"{name}: {len(lines)} lines")
        begin = None
        for number, line in enumerate(lines, 1):
            if line == "{":
                begin = number
            elif line.startswith("}") and begin is not None:
                if number - begin + 1 > FUNCTION_LINES:
                    wrong.append(f"{name}:{begin}: a function of {number - begin + 1} lines")
                begin = None
    return wrong


def check_licence():
    """each source file says its licence first"""
    wrong = []
    for name in tracked("*.c", "*.h", "*.S", "*.py", "*.sh", "*.mk", "Makefile"):
        head = "\n".join((TOP / name).read_text().splitlines()[:2])
        if "SPDX-License-Identifier: MIT" not in head:
            wrong.append(f"{name}: no SPDX line")
    return wrong


def check_words():
    """no promise without a name: TODO, FIXME, XXX"""
    wrong = []
    for name in tracked("*.c", "*.h", "*.S", "*.mk", "Makefile", "*.sh", "*.md"):
        for number, line in enumerate((TOP / name).read_text().splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX)\b", line):
                wrong.append(f"{name}:{number}: {line.strip()}")
    return wrong


def header_flags(name):
    base = ["-I.", "-Iinclude", "-Ibuild/include"]
    if name.startswith("include/public/"):
        return base + ["-D__XEN_TOOLS__", "-include", "stdint.h"]
    if name.startswith("guest-pv-kernel/"):
        return base + ["-ffreestanding", "-Iguest-pv-kernel/include"] + GUEST_INCLUDES
    if name.startswith("xenlike/"):
        return base + ["-ffreestanding", "-Ixenlike"]
    return base + ["-Idom0-tools", "-Iguest-pv-kernel/include", "-Itests/guest/include",
                   "-D_POSIX_C_SOURCE=200809L", "-D_DEFAULT_SOURCE"]


def compile_header(job):
    name, language = job
    standard = {"c": "-std=gnu11", "c99": "-std=c99", "c++": "-std=c++17"}[language]
    command = CC if language != "c++" else [shutil.which("g++") or "c++"]
    include = f'#include "{name}"\n'
    result = subprocess.run([*command, "-x", language.removesuffix("99"), standard, "-fsyntax-only", "-Wall", "-Werror",
                             *header_flags(name), "-"], cwd=TOP, input=include,
                            capture_output=True, text=True)
    if result.returncode == 0:
        return []
    first = next((l for l in result.stderr.splitlines() if "error:" in l), "?")
    return [f"{name} ({language}): {first}"]


def check_headers():
    """each header compiles alone; those that are installed in C99 and in C++ too"""
    # Half of xen.h, as in Xen: it is included from there only.
    parts = ["include/public/arch-x86/xen-x86_64.h"]
    jobs = [(name, "c") for name in tracked("*.h") if name not in parts]
    installed = [name for name in tracked("include/public/*.h", "guest-pv-kernel/include/pvk/*.h",
                                          "guest-pv-kernel/include/mini-os/*.h") if name not in parts]
    jobs += [(name, "c99") for name in installed]
    if shutil.which("g++") or shutil.which("c++"):
        jobs += [(name, "c++") for name in installed]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [line for lines in pool.map(compile_header, jobs) for line in lines]


def stripped(name):
    """Text without comments."""
    text = (TOP / name).read_text()
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def code_lines(name):
    return sum(1 for line in stripped(name).splitlines() if line.strip())


def check_ring0():
    """ring 0 stays thin, and the path through it that is read first stays an evening's"""
    lines = {name: code_lines(name) for name in tracked("xenlike/*.c", "xenlike/*.h", "xenlike/*.S", "xenlike/*.inc")}
    # What looks at guests and at the hypervisor itself, and what no guest needs to run, is counted apart.
    observe = sum(count for name, count in lines.items() if name.startswith("xenlike/observe/"))
    # And what only the labs' images have (make COURSE=1).
    course = sum(count for name, count in lines.items() if name.startswith("xenlike/course/"))
    total = sum(lines.values()) - observe - course
    print(f"# ring 0: {total} code lines of at most {RING0_LINES}; xenlike/observe: {observe} of at most {OBSERVE_LINES}")
    wrong = [f"xenlike/ has {total} code lines"] if total > RING0_LINES else []
    wrong += [f"xenlike/observe/ has {observe} code lines"] if observe > OBSERVE_LINES else []
    return wrong + spine()


def function_lines(name, function):
    """Code lines of one function of a C file; 0: it is not there."""
    found = re.search(rf"^\w[^;{{}}\n]*\b{function}\([^;{{}}]*\n?\{{\n.*?^\}}$", stripped(name), re.M | re.S)
    return sum(1 for line in found.group().splitlines() if line.strip()) if found else 0


def spine():
    """What xenlike/README.md marks as the path to read first: whole files, or functions of a file."""
    wrong, total = [], 0
    for line in (TOP / "xenlike/README.md").read_text().splitlines():
        if "<!-- spine -->" not in line:
            continue
        name, *functions = re.findall(r"`([\w/.]+)`", line)
        if not (TOP / "xenlike" / name).is_file():
            wrong.append(f"xenlike/README.md: {name}: no such file")
            continue
        counts = {f: function_lines(f"xenlike/{name}", f) for f in functions}
        wrong += [f"xenlike/README.md: {name} has no {f}" for f, count in counts.items() if not count]
        total += sum(counts.values()) if functions else code_lines(f"xenlike/{name}")
    print(f"# spine: {total} code lines of at most {SPINE_LINES}")
    if not 0 < total <= SPINE_LINES:
        wrong.append(f"the spine has {total} code lines")
    return wrong


def check_static():
    """static analysis (cppcheck) finds nothing"""
    need("cppcheck")
    names = [n for n in tracked("*.c") if n.startswith(("xenlike/", "dom0-tools/", "guest-pv-kernel/"))]
    result = subprocess.run(
        ["cppcheck", "--quiet", "-j2", "--enable=warning,portability", "--inline-suppr",
         "--suppress=missingInclude", "--suppress=missingIncludeSystem", "--std=c11",
         "--suppressions-list=tests/tools/cppcheck.txt", "--template={file}:{line}: {id}: {message}",
         "-I.", "-Iinclude", "-Idom0-tools", "-Iguest-pv-kernel/include", "-Ibuild/include", "-D__GNUC__=12",
         "-D__x86_64__=1", "-D__SIZEOF_POINTER__=8", *names], cwd=TOP, capture_output=True, text=True)
    return [line for line in result.stderr.splitlines() if re.match(r"\S+:\d+: ", line)]


def undocumented():
    """Commands and options of pvctl's table that its manual page does not name."""
    table, page = (TOP / "dom0-tools/pvctl/main.c").read_text(), (TOP / "docs/man/pvctl.1").read_text()
    rows = re.split(r'^    \{(?=")', table, flags=re.M)[1:]
    for row in rows:
        command = re.match(r'"([\w-]+)"', row).group(1)
        entries = re.findall(rf"^\.It Ic (?:[^\n]* )?{command}\b.*?(?=^\.It Ic|^\.S[hs] |\Z)", page, re.M | re.S)
        if not entries:
            yield f"docs/man/pvctl.1: no entry of {command}"
        for short, name in re.findall(r"\{(0|'\w'), \"([\w-]+)\",", row):
            forms = rf"Fl -{name}\b" + ("" if short == "0" else rf"|Fl {short[1]}\b")
            if entries and not re.search(forms, "".join(entries)):
                yield f"docs/man/pvctl.1: {command} --{name} is not described"


def check_manual():
    """the manual pages are sound mdoc, and name every command and option"""
    need("mandoc")
    result = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *tracked("docs/man/*.1")], cwd=TOP,
                            capture_output=True, text=True)
    return result.stdout.splitlines() + list(undocumented())


def check_links():
    """relative links in the documents lead somewhere, and #/regex/ anchors match a line there"""
    wrong = []
    for name in tracked("*.md"):
        text = re.sub(r"^(```|~~~).*?^\1", "", (TOP / name).read_text(), flags=re.S | re.M)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target) or target.startswith("#"):
                continue
            path, _, anchor = target.partition("#")
            file = (TOP / name).parent / path
            if not file.exists():
                wrong.append(f"{name}: {target}: no such file")
            elif anchor.startswith("/") and not re.search(anchor.strip("/"), file.read_text(), re.M):
                wrong.append(f"{name}: {target}: nothing there matches")
    return wrong


def check_abi():
    """docs/abi has a page for each hypercall, with its errors and tests, and the table is up to date"""
    result = subprocess.run([sys.executable, "tests/tools/abi_pages.py"], cwd=TOP,
                            capture_output=True, text=True)
    return [line for line in (result.stdout + result.stderr).splitlines() if line]


def check_xenbus():
    """docs/drivers/xenbus.md shows the state machine of the code"""
    result = subprocess.run([sys.executable, "tests/tools/xenbus_table.py"], cwd=TOP,
                            capture_output=True, text=True)
    return (result.stdout + result.stderr).splitlines() if result.returncode else []


def check_names():
    """tests/abi lists every number of include/public, and the kept table is up to date"""
    need("clang")
    first = subprocess.run([sys.executable, "tests/abi/names.py", "--check"], cwd=TOP,
                           capture_output=True, text=True)
    return (first.stdout + first.stderr).splitlines() if first.returncode else []


CHECKS = {name[6:]: function for name, function in list(globals().items())
          if name.startswith("check_")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checks", nargs="*")
    options = parser.parse_args()
    bad = False
    for name in options.checks or CHECKS:
        title = f"check: {name}: {CHECKS[name].__doc__}"
        try:
            wrong = CHECKS[name]()
        except Skip as reason:
            print(f"ok - {title} # SKIP {reason}")
            continue
        for line in wrong:
            print(f"# {line}")
        print(f"{'not ok' if wrong else 'ok'} - {title}", flush=True)
        bad |= bool(wrong)
    return 1 if bad else 0


sys.exit(main())
