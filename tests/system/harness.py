# SPDX-License-Identifier: MIT
"""What system tests share: a state directory of their own, pvctl, TAP output."""
import os, pathlib, shutil, subprocess, sys, tempfile, time, traceback

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / os.environ.get("BUILD", "build")
PVCTL = BUILD / "bin/pvctl"
FAKE_QEMU = TOP / "tests/system/fake_qemu.py"


class Skip(Exception):
    """The claim cannot be tried here."""


class Machine:
    """A place for one machine: state directory, working directory, environment."""

    def __init__(self, fake=False, **environment):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="xenlike-test-"))
        self.work = self.root / "work"
        self.work.mkdir()
        self.environment = dict(os.environ, XENLIKE_STATE=str(self.root / "state"),
                                HOME=str(self.root / "home"), **environment)
        for name in ("XENLIKE_QEMU", "XENLIKE_IMAGES", "XENLIKE_ACCEL"):
            self.environment.pop(name, None)
        (self.root / "home").mkdir()
        if fake:
            images = self.root / "images"
            images.mkdir()
            for name in ("xenlike", "dom0.elf", "initrd.cpio"):
                (images / name).touch()
            self.environment.update(XENLIKE_QEMU=str(FAKE_QEMU), XENLIKE_IMAGES=str(images),
                                    XENLIKE_ACCEL="tcg")
        self.environment.update(environment)

    def command(self, *arguments, program=PVCTL):
        return [str(program), *map(str, arguments)]

    def run(self, *arguments, timeout=60, input=None, cwd=None, **environment):
        """pvctl with its output; the result has returncode, stdout, stderr (text)."""
        return subprocess.run(self.command(*arguments), cwd=cwd or self.work, timeout=timeout,
                              input=input, stdin=None if input is not None else subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", env=dict(self.environment, **environment))

    def start(self, *arguments, **options):
        """pvctl in the background."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(self.command(*arguments), cwd=self.work, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def state(self, name):
        return self.root / "state" / name

    def status(self):
        lines = self.run("status").stdout.splitlines()
        return {key.strip(): value.strip() for key, _, value in (l.partition(":") for l in lines)}

    def close(self):
        self.run("down", timeout=30)
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def expect(condition, what, *details):
    if not condition:
        raise AssertionError(" ".join([what, *map(repr, details)]))


def expect_run(result, status, stderr=None, stdout=None):
    """A finished pvctl ended with `status` and said these words."""
    shown = f"status {result.returncode}, stdout {result.stdout!r}, stderr {result.stderr!r}"
    expect(result.returncode == status, f"wanted status {status}: {shown}")
    for words, text in ((stderr, result.stderr), (stdout, result.stdout)):
        for word in [words] if isinstance(words, str) else words or []:
            expect(word in text, f"wanted {word!r}: {shown}")


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < deadline, f"not within {seconds} s: {what}")
        time.sleep(0.02)


def main(prefix, tests):
    """Runs functions named test_...; their names are the claims."""
    only, bad = sys.argv[1:], False
    unknown = set(only) - {function.__name__ for function in tests}
    if unknown:
        sys.exit(f"no such test: {', '.join(sorted(unknown))}; there are: " + ", ".join(f.__name__ for f in tests))
    for function in tests:
        if only and function.__name__ not in only:
            continue
        name = f"{prefix}: {function.__name__[5:].replace('_', ' ')}"
        try:
            function()
        except Skip as reason:
            print(f"ok - {name} # SKIP {reason}", flush=True)
        except Exception:
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            print(f"not ok - {name}", flush=True)
            bad = True
        else:
            print(f"ok - {name}", flush=True)
    sys.exit(1 if bad else 0)
