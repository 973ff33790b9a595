#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots guest tests under QEMU as the hypervisor's first domain and reports their outcomes (TAP).

    run.py [--xen | --native] [--jobs N] --hypervisor FILE IMAGE.elf ...

Four outcomes: success; skip (the claim cannot be tried here); error (the test is broken); failure
(the hypervisor is). A test prints one line "outcome: WORD reason"; QEMU is ended right after. In its
head a test may say, one per line: "Append: command line of the hypervisor", "Expect: REGEX" (success when that appears in the output, for tests
whose domain is killed), "QEMU: options", "Options: command line of the test", "Xen: no" (not for real
Xen). --xen boots the images on real Xen instead, --native without any hypervisor (images linked for
bare hardware).
"""
import argparse, concurrent.futures, os, pathlib, re, shlex, subprocess, sys, tempfile, threading, time

TOP = pathlib.Path(__file__).resolve().parents[2]
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
OUTCOME = re.compile(r"^(?:\(XEN\) )?.*?outcome: (success|skip|error|failure)\b ?(.*?)\r?$", re.M)
LIMIT_S = int(os.environ.get("GUEST_TEST_SECONDS", "60"))


def directives(image):
    found = {"Append": "", "Expect": None, "QEMU": "", "Options": "", "Xen": "yes"}
    source = TOP / "tests/guest" / image.stem / "main.c"
    if source.exists():
        for key, value in re.findall(r"^ \* (Append|Expect|QEMU|Options|Xen): (.*)$", source.read_text(), re.M):
            found[key] = value.strip()
    return found


def boot(image, hypervisor, is_xen):
    """The output, up to the outcome or the end. Without a hypervisor the image is the kernel."""
    wish = directives(image)
    is_native = hypervisor is None
    hypervisor = hypervisor or str(image)
    command = [QEMU, "-accel", "tcg", "-cpu", "max,-smap", "-m", "256", "-nodefaults", "-display",
               "none", "-no-reboot", "-kernel", hypervisor, "-device",
               "isa-debug-exit,iobase=0xf4,iosize=4"] + shlex.split(wish["QEMU"])
    if is_xen:
        command += ["-m", "512", "-serial", "stdio", "-append",
                    "console=com1 com1=115200,8n1 dom0_mem=64M sync_console"]
    else:
        command += ["-serial" if is_native else "-debugcon", "stdio"]
        command += ["-append", wish["Append"]] if wish["Append"] and not is_native else []
    done = re.compile(wish["Expect"], re.M) if wish["Expect"] else OUTCOME
    with tempfile.TemporaryDirectory() as directory:
        # The multiboot loader ends a module's name at a space or comma; a link has neither.
        os.symlink(image.resolve(), pathlib.Path(directory) / "test.elf")
        os.symlink(pathlib.Path(hypervisor).resolve(), pathlib.Path(directory) / "hypervisor")
        command[command.index(hypervisor)] = "hypervisor"
        command += ["-append", wish["Options"]] if is_native else \
                   ["-initrd", f"test.elf {wish['Options']}".strip()]
        process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        timer = threading.Timer(LIMIT_S, process.kill)
        timer.start()
        output = ""
        try:
            while True:
                piece = os.read(process.stdout.fileno(), 65536)
                if not piece:
                    break
                output += piece.decode(errors="replace").replace("\r", "")
                end = done.search(output)
                if end and "\n" in output[end.end() - 1:]:
                    break
        finally:
            is_late = not timer.is_alive()
            timer.cancel()
            process.kill()
            process.wait()
    return output, wish["Expect"], is_late


def test(image, hypervisor, is_xen):
    name = f"guest: {image.stem.replace('_', ' ')}" + (" (on Xen)" if is_xen else
                                                          "" if hypervisor else " (on bare hardware)")
    if is_xen and directives(image)["Xen"] == "no":
        return f"ok - {name} # SKIP its claim is about xenlike only"
    output, expected, is_late = boot(image, hypervisor, is_xen)
    notes = "".join(f"# {line}\n" for line in output.splitlines()[-30:])
    if expected:
        if re.search(expected, output, re.M):
            return f"ok - {name}"
        return notes + f"not ok - {name} # ERROR '{expected}' never appeared"
    match = OUTCOME.search(output)
    if match is None:
        return notes + f"not ok - {name} # ERROR " + ("no outcome in time" if is_late else
                                                       "it ended without an outcome")
    word, reason = match.groups()
    if word == "success":
        return f"ok - {name}"
    if word == "skip":
        return f"ok - {name} # SKIP {reason or 'no reason given'}"
    return notes + f"not ok - {name} # ERROR {word}: {reason}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hypervisor")
    parser.add_argument("--xen", action="store_true")
    parser.add_argument("--native", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("images", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    if options.native == (options.hypervisor is not None):
        parser.error("either --hypervisor FILE or --native")
    if not options.native and not pathlib.Path(options.hypervisor).exists():
        print(f"ok - guest tests # SKIP {options.hypervisor} is not there")
        return 0
    bad = False
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for text in pool.map(lambda i: test(i, options.hypervisor, options.xen), options.images):
            print(text, flush=True)
            bad |= "not ok" in text
    return 1 if bad else 0


sys.exit(main())
