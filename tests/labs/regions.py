# SPDX-License-Identifier: MIT
"""Lab regions: what a student writes, marked in the product's own source.

    /* LAB(1): what the student is told, over as many lines as it takes
     * Skeleton: code that stands here until it is written */
    ... the solution ...
    /* END LAB(1) */

Without "Skeleton:" the region becomes `return lab_todo("what the student is told, up to the first colon");`.
Both markers stay in the student's file: the grader finds the answer between them.
"""
import re

BEGIN = re.compile(r"^[ \t]*/\* LAB\((\d+)\): (.*?) ?\*/$", re.M | re.S)
END = re.compile(r"^[ \t]*/\* END LAB\((\d+)\) \*/$", re.M)
SOURCES = ("xenlike", "guest-pv-kernel", "dom0-tools")


class Region:
    def __init__(self, text, begin, end):
        self.lab = int(begin.group(1))
        self.marker, self.indent = begin.group(0), re.match(r"[ \t]*", begin.group(0)).group(0)
        told, _, skeleton = begin.group(2).partition("Skeleton:")
        self.told = " ".join(line.strip(" *") for line in told.splitlines()).strip()
        self.skeleton = [line.strip().lstrip("*").strip() for line in skeleton.splitlines() if line.strip(" *")]
        self.start, self.stop = begin.end() + 1, end.start()
        self.solution = text[self.start:self.stop]

    def empty(self):
        """What the student gets."""
        lines = self.skeleton or [f'return lab_todo("{self.told.partition(":")[0]}");']
        return "".join(f"{self.indent}{line}\n" for line in lines)


def find(text, name="source"):
    """The regions of a text, in its order. ValueError says which marker is wrong."""
    marks = sorted([*BEGIN.finditer(text), *END.finditer(text)], key=lambda mark: mark.start())
    found, begin = [], None
    for mark in marks:
        line = text.count("\n", 0, mark.start()) + 1
        if mark.re is BEGIN:
            if begin:
                raise ValueError(f"{name}:{line}: a region begins inside another")
            begin = mark
            continue
        if not begin or begin.group(1) != mark.group(1):
            raise ValueError(f"{name}:{line}: END LAB({mark.group(1)}) ends no region of this lab")
        found.append(Region(text, begin, mark))
        begin = None
    if begin:
        raise ValueError(f"{name}: LAB({begin.group(1)}) has no END")
    return found


def files(top):
    """{path: regions} of every file that has any."""
    found = {}
    for folder in SOURCES:
        for path in sorted((top / folder).rglob("*.[chS]")):
            text = path.read_text()
            if "LAB(" in text:
                regions = find(text, str(path.relative_to(top)))
                if regions:
                    found[path.relative_to(top)] = regions
    return found


def strip(text, lab, is_solution=False):
    """The text with each region of this lab emptied unless it is for the solution, its markers kept without the Skeleton part."""
    for region in reversed(find(text)):
        if region.lab == lab:
            start = region.start - 1 - len(region.marker)
            marker = f"{region.indent}/* LAB({lab}): {region.told} */"
            text = text[:start] + marker + "\n" + (region.solution if is_solution else region.empty()) + text[region.stop:]
    return text
