#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the numbers of include/public with the kept table and with libxen-dev's headers (TAP).

    compare.py --build DIR [--keep]

tests/abi/names.def is expanded twice, against <public/...> and against <xen/...>; one test per header
and comparison. --keep writes the table, tests/abi/numbers.txt, from our headers instead.
"""
import argparse, os, pathlib, platform, re, subprocess, sys

TOP = pathlib.Path(__file__).resolve().parents[2]
LIST = TOP / "tests/abi/names.def"
TABLE = TOP / "tests/abi/numbers.txt"
XEN = pathlib.Path(os.environ.get("XEN_INCLUDE", "/usr/include"))
CC = os.environ.get("HOST_CC", "cc").split()

EXPAND = {
    "CONST": 'printf("CONST %s %lld\\n", "{0}", (long long)({0}));',
    "SIZE": 'printf("SIZE %s %zu\\n", "{0}", sizeof({0}));',
    "OFF": 'printf("OFF %s.%s %zu %zu\\n", "{0}", "{1}", offsetof({0}, {1}), '
           "sizeof((({0} *)0)->{1}));",
    "FLEX": 'printf("FLEX %s.%s %zu\\n", "{0}", "{1}", offsetof({0}, {1}));',
}

# Differences that are meant: one "name: reason" per line.
EXCUSED = TOP / "tests/abi/excused.txt"


def read_list():
    header, out = None, []
    for line in LIST.read_text().splitlines():
        match = re.match(r'(\w+)\((.*)\)$', line)
        if not match:
            continue
        if match.group(1) == "HEADER":
            header = match.group(2).strip('"')
        else:
            out.append((header, match.group(1), match.group(2).split(", ", 1)))
    return out


def numbers(items, prefix, flags, build):
    """{header: {name: value}}, and the names that do not compile."""
    headers = list(dict.fromkeys(header for header, _, _ in items))
    if prefix == "xen":
        headers = [h for h in headers if (XEN / "xen" / h).exists()]
    head = ["#include <stddef.h>", "#include <stdint.h>", "#include <stdio.h>", "#include <string.h>"]
    head += [f"#include <{prefix}/{h}>" for h in headers] + ["int main(void) {"]
    items = [item for item in items if item[0] in headers]
    lines = [EXPAND[kind].format(*arguments) for _, kind, arguments in items]
    source = build / f"abi_{prefix}.c"
    base = CC + ["-std=gnu11", "-w", "-D__XEN_TOOLS__"] + flags
    absent = set()
    for _ in range(20):
        body = ["" if i in absent else line for i, line in enumerate(lines)]
        source.write_text("\n".join(head + body + ["return 0; }"]) + "\n")
        result = subprocess.run(base + ["-fmax-errors=0" if "clang" not in CC[0] else
                                        "-ferror-limit=0", "-fsyntax-only", str(source)],
                                capture_output=True, text=True)
        if result.returncode == 0:
            break
        bad = {int(n) - len(head) - 1
               for n in re.findall(rf"{re.escape(str(source))}:(\d+):\d+: error", result.stderr)}
        bad = {i for i in bad if 0 <= i < len(lines)} - absent
        if not bad:
            sys.exit(f"Bail out! the <{prefix}/...> headers do not compile:\n{result.stderr[:2000]}")
        absent |= bad
    program = build / f"abi_{prefix}"
    subprocess.run(base + ["-o", str(program), str(source)], check=True)
    printed = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    out, values = {h: {} for h in headers}, iter(printed.splitlines())
    for i, (header, kind, arguments) in enumerate(items):
        if i in absent:
            out[header][" ".join([kind, ".".join(arguments)])] = None
        else:
            line = next(values)
            key = " ".join([kind, ".".join(arguments)])
            out[header][key] = line[len(key) + 1:]
    return out


def read_table():
    out, header = {}, None
    for line in TABLE.read_text().splitlines():
        if line.startswith("# header "):
            header = line.split()[-1]
            out[header] = {}
        elif line and not line.startswith("#"):
            kind, rest = line.split(" ", 1)
            match = re.match(r"(.*?) (-?\d+(?: \d+)?)$", rest)
            out[header][f"{kind} {match.group(1)}"] = match.group(2)
    return out


def keep(ours):
    lines = ["# The public ABI in numbers: constants, sizes, offset and size of each member.",
             "# Written by `make abi-numbers` from include/public once they agreed with libxen-dev 4.17."]
    for header, values in ours.items():
        lines += ["", f"# header {header}"] + [f"{name} {value}" for name, value in values.items()]
    TABLE.write_text("\n".join(lines) + "\n")


def report(name, ours, theirs, what, excused):
    wrong = []
    for key, value in ours.items():
        if key.split(" ", 1)[1] in excused:
            continue
        if key not in theirs or theirs[key] is None:
            wrong.append(f"{key}: {value} here, absent in {what}")
        elif theirs[key] != value:
            wrong.append(f"{key}: {value} here, {theirs[key]} in {what}")
    for line in wrong:
        print(f"# {line}")
    print(f"{'not ok' if wrong else 'ok'} - {name}")
    return not wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    options.build.mkdir(parents=True, exist_ok=True)
    if platform.machine() not in ("x86_64", "amd64"):
        print("ok - abi: numbers # SKIP they are compiled and run natively, which needs an x86-64 host")
        return 0
    items = read_list()
    ours = numbers(items, "public", ["-I", str(TOP / "include")], options.build)
    good = True
    if options.keep:
        keep(ours)
        return 0
    table = read_table()
    for header, values in ours.items():
        good &= report(f"abi: {header} has the numbers of the kept table", values,
                       table.get(header, {}), "the table", {})
    if not (XEN / "xen/xen.h").exists():
        print("ok - abi: our headers against Xen's # SKIP libxen-dev is not installed")
        return 0 if good else 1
    excused = {line.split(":")[0] for line in EXCUSED.read_text().splitlines()
               if line and not line.startswith("#")}
    theirs = numbers(items, "xen", ["-I", str(XEN)], options.build)
    for header, values in ours.items():
        if header in theirs:
            good &= report(f"abi: {header} has the numbers of libxen-dev", values, theirs[header],
                           "libxen-dev", excused)
        else:
            good &= report(f"abi: {header} exists in libxen-dev", values, {}, "libxen-dev", excused)
    return 0 if good else 1


sys.exit(main())
