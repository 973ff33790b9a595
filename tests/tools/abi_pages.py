#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of what is there of Xen's ABI, from the hypervisor's own tables; and whether docs/abi keeps up.

    abi_pages.py --write    rewrite docs/abi/coverage.md
    abi_pages.py            say what is wrong with docs/abi; nothing when all is well

A number of include/public is *present* when its handler's table names it, *refused* when the function
named there does nothing but answer an error, *absent* otherwise.
"""
import functools, os, pathlib, re, subprocess, sys

TOP = pathlib.Path(__file__).resolve().parents[2]
CALLS = TOP / "xenlike/hypercall"
PAGES = TOP / "docs/abi"
COVERAGE = PAGES / "coverage.md"
SECTIONS = ["Arguments", "Effect", "Errors", "Example", "Differences from Xen", "Tests"]

# Where the numbers of sub-operations are: header, prefix, and what a numbered name must not be.
SUB_OPERATIONS = {
    "mmu_update": ("xen.h", "MMU_", ""),
    "platform_op": ("platform.h", "XENPF_", "INTERFACE|settime$|ACPI"),
    "memory_op": ("memory.h", "XENMEM_", "resource_"),
    "xen_version": ("version.h", "XENVER_", ""),
    "console_io": ("xen.h", "CONSOLEIO_", ""),
    "grant_table_op": ("grant_table.h", "GNTTABOP_", "error_msgs"),
    "vm_assist": ("xen.h", "VMASST_TYPE_", ""),
    "vcpu_op": ("vcpu.h", "VCPUOP_", ""),
    "set_segment_base": ("xen.h", "SEGBASE_", ""),
    "mmuext_op": ("xen.h", "MMUEXT_", ""),
    "nmi_op": ("nmi.h", "XENNMI_", ""),
    "sched_op": ("sched.h", "SCHEDOP_", ""),
    "callback_op": ("callback.h", "CALLBACKOP_", ""),
    "event_channel_op": ("event_channel.h", "EVTCHNOP_", ""),
    "physdev_op": ("physdev.h", "PHYSDEVOP_", "DBGP_"),
    "sysctl": ("sysctl.h", "XEN_SYSCTL_", "cpu_featureset_|cpu_policy_|INTERFACE|[A-Z]"),
    "domctl": ("domctl.h", "XEN_DOMCTL_", "INTERFACE|[A-Z]"),
}


def read(path):
    return path.read_text()


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def header_text(name):
    found = [p for p in (TOP / "include/public").rglob("*.h") if p.name == name]
    return "\n".join(read(p) for p in found)


def numbers(header, prefix, refused):
    """(name without prefix, number), as the header has them."""
    pairs = re.findall(rf"^\s*#\s*define\s+{prefix}(\w+)\s+(\d+)\b", header_text(header), re.M)
    return [(name, int(number)) for name, number in pairs
            if not (refused and re.match(refused, name))]


@functools.lru_cache(None)
def expanded(path):
    """A source as the compiler sees it: macros of tables and handlers are gone, numbers are numbers."""
    command = [*os.environ.get("HOST_CC", "cc").split(), "-E", "-P", "-ffreestanding", "-Iinclude",
               "-Ibuild/include", str(path)]
    return subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True).stdout


def calls():
    """(name, number, what the table says) for each number below 64."""
    text = expanded(CALLS / "table.c")
    rows = re.findall(r"\[(\d+)\] = (\w+)", text[text.rindex("hypercall_table["):])
    table = {int(number): handler for number, handler in rows}
    for name, number in numbers("xen.h", "__HYPERVISOR_", ""):
        if table.get(number) == f"hc_{name}":
            yield name, number, "present"
        else:
            yield name, number, refusal(text, table.get(number, "")) or "-ENOSYS"


def sources_of(name):
    """The files that make up a call: the one that defines its handler, and the parts beside it."""
    paths = [p for p in sorted(CALLS.glob("hc_*.c"))
             if re.search(rf"\bhc_{name}\b[^;]*\n?\{{", without_comments(read(p)))
             or re.search(rf"HYPERCALL_\d\(hc_{name}\b", read(p))]
    parts = {"domctl": "hc_domctl_*.c", "memory_op": "memory_*.c"}
    return paths + sorted(CALLS.glob(parts[name])) if name in parts else paths


def page_of(name):
    for path in sources_of(name):
        found = re.search(r"Guest ABI: docs/abi/(\w+)\.md", read(path))
        if found:
            return found.group(1)
    return None


def body_of(text, function):
    """What is between a function's outermost braces; "" if it is not there."""
    found = re.search(rf"\b{function}\([^;{{}}]*\)\s*\{{", text) if function else None
    if not found:
        return ""
    depth, at = 1, found.end()
    while depth and at < len(text):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return text[found.end():at - 1]


def refusal(text, handler):
    """The errno of a function that has nothing else to say."""
    rest = re.sub(r"\(void\)\s?\w+[,;]?|[\w ]+\*\w+ = \w+;", " ", body_of(text, handler)).strip()
    inner = re.fullmatch(r"return run_elements\((\w+),[^;]*\);", rest)
    if inner:  # the loop over an array's elements, with what it does for each
        return refusal(text, inner.group(1))
    only = re.fullmatch(r"return (?:count == 0 \? 0 : )?-XEN_(\w+);", rest)
    return f"-{only.group(1)}" if only else None


def sub_operations(name):
    """(name, number, state), from rows "[number] = {handler" and "{number, handler", and from cases."""
    header, prefix, refused = SUB_OPERATIONS[name]
    raw = without_comments("\n".join(read(p) for p in sources_of(name)))
    text = "\n".join(expanded(p) for p in sources_of(name))
    ranges = re.findall(r"\[(\d+) ?\.\.\. ?(\d+)\] = \{?(\w+)", text)
    for short, number in numbers(header, prefix, refused):
        row = re.search(rf"\[{number}\] = \{{?\s*(\w+)|^ *\{{{number}, (run_\w+)", text, re.M)
        handler = row and (row.group(1) or row.group(2))
        handler = handler or next((h for first, last, h in ranges if int(first) <= number <= int(last)), None)
        if handler:
            state = refusal(text, handler) or "present"
        elif re.search(rf"\b({prefix}{short}|hc_{name}_{short})\b", raw) or name == "mmu_update":
            state = "present"
        else:
            state = "absent"
        yield short, number, state


def coverage():
    lines = ["# Coverage", "",
             "What xenlike offers of the hypercalls of Xen 4.17 for x86-64. This table is made from the",
             "hypervisor's own tables by `tests/tools/abi_pages.py --write`, and `make check` compares.", "",
             "**bold**: present. With an error: known, and always answered so. Struck out: absent, answered as",
             "an unknown number is (−ENOSYS but where the page says otherwise).", "",
             "| nr | hypercall | sub-operations |", "| --- | --- | --- |"]
    count = {"present": 0, "refused": 0, "absent": 0}
    for name, number, state in calls():
        page = page_of(name) if state == "present" else None
        title = f"[{name}]({page}.md)" if page else f"{name}: {state}"
        cells = []
        for short, _, sub_state in sub_operations(name) if name in SUB_OPERATIONS and page else []:
            kind = sub_state if sub_state in count else "refused"
            count[kind] += 1
            cells.append({"present": f"**{short}**", "absent": f"~~{short}~~",
                          "refused": f"{short} ({sub_state})"}[kind])
        lines.append(f"| {number} | {title} | {', '.join(cells)} |")
    lines += ["", f"Sub-operations: {count['present']} present, {count['refused']} refused by design, "
              f"{count['absent']} absent.", "",
              "Numbers 11, 43 to 47 and 56 to 63 have no call in Xen either; 64 and above are −ENOSYS."]
    return "\n".join(lines) + "\n"


def section(text, title):
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found.group(1) if found else None


def known_tests():
    names = set()
    for path in (TOP / "tests/unit").glob("*.c"):
        names |= {f"{suite}/{name}" for suite, name in
                  re.findall(r"Test\(\s*(\w+),\s*(\w+)", read(path))}
    names |= {f"guest/{path.parent.name}" for path in (TOP / "tests/guest").glob("*/main.c")}
    for line in read(TOP / "tests/compare/xen-4.17.txt").splitlines():
        names.add("compare/" + re.split(r"[.:]", line)[0])
    return names


def wrong_with_page(name, path, tests):
    text = read(path)
    wrong = [f"no section '{title}'" for title in SECTIONS if section(text, title) is None]
    errors = set()
    for source in sources_of(name):
        errors |= set(re.findall(r"-XEN_(E\w+)", without_comments(read(source)))) - {"ERESTART"}
    told = section(text, "Errors") or ""
    wrong += [f"-{error} is not in Errors" for error in sorted(errors) if f"-{error}" not in told.replace("−", "-")]
    if name in SUB_OPERATIONS:
        prefix = SUB_OPERATIONS[name][1]
        wrong += [f"{prefix}{short} is not mentioned" for short, _, state in sub_operations(name)
                  if state != "absent" and not re.search(rf"\b{short}\b", text)]
    cited = re.findall(r"`(\w+/[\w ]+)`", section(text, "Tests") or "")
    wrong += [f"no such test: {test}" for test in cited if test not in tests]
    if not cited:
        wrong.append("no test is named")
    return [f"{path.relative_to(TOP)}: {line}" for line in wrong]


def check():
    wrong, tests = [], known_tests()
    for name, _, state in calls():
        if state != "present":
            continue
        page = page_of(name)
        if not page:
            wrong.append(f"hc_{name}: its file's head names no page of docs/abi")
        elif not (PAGES / f"{page}.md").exists():
            wrong.append(f"docs/abi/{page}.md: missing")
        else:
            wrong += wrong_with_page(name, PAGES / f"{page}.md", tests)
    for folder in ("xenlike", "include", "guest-pv-kernel", "dom0-tools", "tests"):
        for path in sorted((TOP / folder).rglob("*.[chS]")):
            for target in set(re.findall(r"docs/[\w/-]+\.md", read(path))):
                if not (TOP / target).exists():
                    wrong.append(f"{path.relative_to(TOP)}: {target} is missing")
    if not COVERAGE.exists() or read(COVERAGE) != coverage():
        wrong.append("docs/abi/coverage.md is out of date: tests/tools/abi_pages.py --write")
    return wrong


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        COVERAGE.write_text(coverage())
    else:
        print("\n".join(check()))
