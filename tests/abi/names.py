#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes tests/abi/names.def: every constant, type and member that include/public defines.

    names.py [--check]

The list is made from our own headers with clang's help, so that nothing can be left out of the
comparison by forgetting it. --check only says whether the kept list is still right.
"""
import json, pathlib, re, subprocess, sys, tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
PUBLIC = TOP / "include/public"
LIST = TOP / "tests/abi/names.def"
FLAGS = ["-I", str(TOP / "include"), "-D__XEN_TOOLS__", "-x", "c", "-std=gnu11"]
HEAD = """/* SPDX-License-Identifier: MIT */
/* Every number of include/public, header by header. Made by tests/abi/names.py: do not edit. */
"""

# Defined by our headers but no number, or ours alone; each with its reason.
NOT_COMPARED = {
    "__XEN_LATEST_INTERFACE_VERSION__": "what the caller asks for, not an answer",
    "__XEN_INTERFACE_VERSION__": "chosen by whoever includes the header",
}
# Structures that later versions lengthen: their members count, not their size.
GROWING = {"xencons_interface", "xenstore_domain_interface"}


def headers():
    first = ["xen-compat.h", "xen.h", "arch-x86/xen.h", "arch-x86/xen-x86_64.h"]
    found = [str(p.relative_to(PUBLIC)) for p in sorted(PUBLIC.rglob("*.h"))]
    return [h for h in first if h in found] + [h for h in found if h not in first]


def program(names):
    lines = ["#include <stddef.h>", "#include <stdint.h>"]
    return "\n".join(lines + [f"#include <public/{name}>" for name in names]) + "\n"


def macros(names):
    """Object-like macros per header that are integer constants, in the order they are written."""
    found = {}
    for name in names:
        text = (PUBLIC / name).read_text().replace("\\\n", " ")
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        for match in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(?![\w(])[ \t]*(.*)$", text, re.M):
            macro, value = match.group(1), match.group(2).strip()
            if value and macro not in NOT_COMPARED and macro not in sum(found.values(), []):
                found.setdefault(name, []).append(macro)
    flat = [m for name in names for m in found.get(name, [])]
    body = program(names)
    first = body.count("\n") + 1
    body += "".join(f"enum {{ probe_{i} = ((long long)({m}) != 0) }};\n" for i, m in enumerate(flat))
    result = subprocess.run(
        ["clang", *FLAGS, "-fsyntax-only", "-w", "-ferror-limit=0", "-"],
        input=body, capture_output=True, text=True)
    bad = {int(n) - first for n in re.findall(r"^<stdin>:(\d+):\d+: error", result.stderr, re.M)}
    wrong = {m for i, m in enumerate(flat) if i in bad}
    return {name: [m for m in found.get(name, []) if m not in wrong] for name in names}


class Records:
    """Walks clang's JSON, which names a file only when it changes."""

    def __init__(self, tree):
        self.file, self.items = "", []
        self.records = {}
        for node in tree["inner"]:
            self.declaration(node)

    def where(self, loc):
        for part in (loc.get("spellingLoc"), loc.get("expansionLoc"), loc):
            if part and "file" in part:
                self.file = part["file"]
        return self.file

    def declaration(self, node):
        file = self.where(node.get("loc", {}))
        kind = node["kind"]
        begin, end = node.get("range", {}).get("begin", {}), node.get("range", {}).get("end", {})
        if kind == "RecordDecl" and node.get("completeDefinition"):
            self.records[node["id"]] = node
            if node.get("name"):
                self.items.append((file, node["tagUsed"] + " " + node["name"], node))
        elif kind == "TypedefDecl":
            owned = self.owned(node)
            if owned is not None and not self.records.get(owned, {}).get("name"):
                if owned in self.records:
                    self.items.append((file, node["name"], self.records[owned]))
        elif kind == "EnumDecl":
            for value in node.get("inner", []):
                if value["kind"] == "EnumConstantDecl":
                    self.items.append((file, None, value["name"]))
        for part in (begin, end):
            self.where(part)
        self.track(node)

    def track(self, node):
        """Follows file changes inside a declaration, which clang reports once only."""
        for child in node.get("inner", []):
            self.where(child.get("loc", {}))
            self.track(child)

    @staticmethod
    def owned(node):
        for child in node.get("inner", []):
            if "ownedTagDecl" in child:
                return child["ownedTagDecl"]["id"]
            found = Records.owned(child)
            if found is not None:
                return found
        return None


def members(record, before=""):
    nested, out = None, []
    for child in record.get("inner", []):
        if child["kind"] == "RecordDecl" and child.get("completeDefinition"):
            if nested is not None:
                out += members(nested, before)
            nested = child if not child.get("name") else None
            if child.get("name"):
                continue
        elif child["kind"] == "FieldDecl":
            if not child.get("name"):
                if nested is not None:
                    out += members(nested, before)
                nested = None
                continue
            if not child.get("isBitfield"):
                is_flexible = "[]" in child["type"]["qualType"]
                out.append((before + child["name"], "FLEX" if is_flexible else "OFF"))
                is_array = "[" in child["type"]["qualType"]
                if nested is not None and not is_array:
                    out += members(nested, before + child["name"] + ".")
            nested = None
    return out


def generate():
    names = headers()
    constants = macros(names)
    with tempfile.NamedTemporaryFile("w", suffix=".c") as file:
        file.write(program(names))
        file.flush()
        tree = json.loads(subprocess.run(
            ["clang", *FLAGS, "-fsyntax-only", "-w", "-Xclang", "-ast-dump=json", file.name],
            capture_output=True, text=True, check=True).stdout)
    records = Records(tree)
    out = [HEAD]
    for name in names:
        lines = [f"CONST({m})" for m in constants.get(name, [])]
        for file, type_name, node in records.items:
            if not file.endswith("/public/" + name) or "__guest_handle_" in (type_name or ""):
                continue
            if type_name is None:
                lines.append(f"CONST({node})")
                continue
            if type_name.split()[-1] not in GROWING:
                lines.append(f"SIZE({type_name})")
            lines += [f"{kind}({type_name}, {m})" for m, kind in members(node)]
        if lines:
            out.append(f'\nHEADER("{name}")\n' + "\n".join(lines) + "\n")
    return "".join(out)


def main():
    text = generate()
    if "--check" in sys.argv:
        if not LIST.exists() or LIST.read_text() != text:
            print("tests/abi/names.def does not list what include/public defines: run `make abi-names`")
            return 1
        return 0
    LIST.write_text(text)
    return 0


sys.exit(main())
