#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The hello image, unchanged, is a Xen guest: it boots as the first domain of Debian's Xen 4.17."""
import os, pathlib, subprocess, tempfile, threading
from harness import BUILD, Skip, expect, main, wait_until

HELLO = BUILD / "guest/hello.elf"
CACHE = pathlib.Path(os.environ.get("XENLIKE_CACHE") or pathlib.Path.home() / ".cache/xenlike")
XEN = pathlib.Path(os.environ.get("REAL_XEN") or CACHE / "xen-4.17-amd64")
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")


def test_it_says_its_lines_and_hears_what_is_typed():
    if not XEN.exists():
        raise Skip(f"Xen 4.17 is not in the cache ({XEN}): make fetch brings it")
    with tempfile.TemporaryDirectory() as directory:
        # The multiboot loader ends a module's name at a space or comma; a link has neither.
        os.symlink(HELLO.resolve(), pathlib.Path(directory) / "hello.elf")
        process = subprocess.Popen(
            [QEMU, "-accel", "tcg", "-cpu", "max,-smap", "-m", "512", "-display", "none", "-no-reboot",
             "-serial", "stdio", "-kernel", str(XEN.resolve()), "-initrd", "hello.elf one two",
             "-append", "console=com1 com1=115200,8n1 dom0_mem=64M sync_console"], cwd=directory,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = []

        def read():
            while piece := os.read(process.stdout.fileno(), 65536):
                output.append(piece.decode(errors="replace").replace("\r", ""))

        def said(words):
            try:
                wait_until(lambda: words in "".join(output), 60, words)
            except AssertionError:
                expect(False, f"no {words!r}", "".join(output)[-1500:])

        threading.Thread(target=read, daemon=True).start()
        try:
            said("Xen version 4.17")
            said("Hello from a paravirtual guest.")
            said("domain 0, 65536 KiB of memory")
            said("command line: one two")
            process.stdin.write(b"are you there\r")
            process.stdin.flush()
            said("you said: are you there")
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main("hello on Xen", [value for name, value in list(globals().items()) if name.startswith("test_")])
