# SPDX-License-Identifier: MIT
"""What the tests of all labs share: a test, what went wrong, and what the examiners saw."""
import re


class Wrong(Exception):
    """A test's failure: what should have been seen, and what was."""

    def __init__(self, expected, seen):
        super().__init__(f"expected {expected}; seen {seen}")
        self.expected, self.seen = expected, seen


class Test:
    """Points for one claim. `judge(world)` returns when it holds and raises Wrong when not."""

    def __init__(self, name, points, page, judge, hints):
        assert len(hints) == 3, name
        self.name, self.points, self.page, self.judge, self.hints = name, points, page, judge, hints


ERRNO = {-1: "EPERM", -2: "ENOENT", -7: "E2BIG", -11: "EAGAIN", -12: "ENOMEM", -13: "EACCES", -14: "EFAULT", -22: "EINVAL",
         -38: "ENOSYS"}


def named(result):
    """A result as people say it."""
    number = int(result)
    return f"-{ERRNO[number]} ({number})" if number in ERRNO else str(number)


def expect(seen, expected, what):
    """Both are results."""
    if int(seen) != expected:
        raise Wrong(f"{what}: {named(expected)}", named(seen))


def xorshift(state):
    mask = (1 << 64) - 1
    while True:
        state ^= state << 13 & mask
        state ^= state >> 7
        state ^= state << 17 & mask
        yield state


class World:
    """One grading: its seed, what the machine and the examiners printed, the files that were handed in."""

    def __init__(self, seed, token, top=None, build=None):
        self.seed, self.token, self.top, self.build = seed, token, top, build
        self.outputs = {}   # of the script's commands
        self.printed = ""   # by the whole machine
        self.observed = ""  # by the examiners

    def death(self):
        """How the hypervisor ended, if it did not end well."""
        found = re.search(r"^.*(?:panic|PANIC|stopped|must hold).*$", self.printed, re.M)
        return found.group(0).strip() if found else None

    def exam(self, name):
        """The words of an examiner's lines of that name: a list for each."""
        return [line.split()[3:] for line in self.observed.splitlines()
                if line.split()[:3] == ["exam", self.token, name]]

    def one(self, name):
        lines = self.exam(name)
        if not lines:
            death = self.death()
            raise Wrong(f"the examiner's line '{name}'", f"the hypervisor ended: {death}" if death else
                        "nothing: the guest or the machine ended before it (see the log)")
        return lines[0]

    def output(self, command):
        """What a command of the script printed; nothing when it was not reached."""
        return self.outputs.get(command, "")
