#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ISO (make iso) under SeaBIOS and OVMF: dom0's shell on the serial port and on the screen, a guest."""
import os, pathlib, re, socket, subprocess, tempfile, threading
from harness import BUILD, TOP, Skip, expect, main, wait_until

ISO = BUILD / "xenlike.iso"
QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
FONT = TOP / "xenlike/cpu/screen_font.c"
FIRMWARE = pathlib.Path("/usr/share/OVMF/OVMF_CODE.fd")
PROMPT = "dom0> "


class Booted:
    """A machine booted from the ISO, its serial port as text."""

    def __init__(self, *options):
        if not ISO.exists():
            raise Skip(f"{ISO.name} was not built: make iso")
        self.directory = tempfile.TemporaryDirectory()
        self.monitor = os.path.join(self.directory.name, "monitor")
        self.process = subprocess.Popen(
            [QEMU, "-accel", "tcg", "-cpu", "max,-smap", "-m", "512", "-display", "none", "-no-reboot",
             "-net", "none", "-serial", "stdio", "-monitor", f"unix:{self.monitor},server=on,wait=off",
             "-cdrom", str(ISO), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = ""
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while piece := os.read(self.process.stdout.fileno(), 65536):
            self.text += piece.decode(errors="replace").replace("\r", "")

    def wait(self, words, seconds=60):
        try:
            wait_until(lambda: words in self.text, seconds, words)
        except AssertionError:
            raise AssertionError(f"no {words!r} in {self.text[-1500:]!r}") from None
        before, _, self.text = self.text.partition(words)
        return before

    def run(self, line):
        self.process.stdin.write(line.encode() + b"\r")
        self.process.stdin.flush()
        self.wait("\n")
        return self.wait(PROMPT, 20)

    def screen(self):
        """The text screen's characters, read by QEMU's monitor from the machine's memory."""
        path = pathlib.Path(self.directory.name) / "screen"
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self.monitor)
            monitor.sendall(f"pmemsave 0xb8000 4000 \"{path}\"\n".encode())
            wait_until(lambda: path.exists() and path.stat().st_size == 4000, 5, "the screen's memory")
        return path.read_bytes()[::2].decode("latin-1")

    def picture(self):
        """What a person would read on the machine's screen: a screen dump, recognised by the font."""
        path = pathlib.Path(self.directory.name) / "picture"
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self.monitor)
            monitor.sendall(f"screendump \"{path}\"\n".encode())
            wait_until(lambda: path.exists() and path.stat().st_size > 80 * 8 * 25 * 16 * 3, 10, "the dump")
        kind, size, depth, dots = path.read_bytes().split(b"\n", 3)
        width, height = map(int, size.split())
        expect((kind, depth) == (b"P6", b"255") and len(dots) == width * height * 3, "a whole dump")
        characters = {int(glyph, 16): chr(32 + i) for i, glyph in enumerate(
            re.findall(r"0x([0-9a-f]{9})", FONT.read_text()))}

        def cell(row, column):
            glyph = sum(1 << (5 * y + x) for y in range(7) for x in range(5)
                        if dots[3 * ((16 * row + 2 * y) * width + 8 * column + x)] != 0)
            return characters.get(glyph, "?")
        return "\n".join("".join(cell(row, column) for column in range(80)).rstrip() for row in range(25))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.directory.cleanup()


def boots_to_a_guest(machine):
    machine.wait(PROMPT, 90)
    machine.run("create /examples/hello.cfg")
    expect("hello" in machine.run("list"), "the guest is in the list")
    wait_until(lambda: "Hello from a paravirtual guest." in machine.run("logs hello"), 10, "its words")


def test_it_boots_under_BIOS_to_dom0_and_a_guest_on_serial_and_screen():
    with Booted() as machine:
        boots_to_a_guest(machine)
        text = machine.screen()
        for words in ("dom0 is up.", "Hello from a paravirtual guest.", PROMPT):
            expect(words in text, f"{words!r} is not on the screen", text)


def test_a_dom0_of_the_ISO_that_crashes_comes_back_to_its_guest():
    with Booted() as machine:
        boots_to_a_guest(machine)
        machine.run("crash-dom0 --yes")
        expect("hello" in machine.run("list"), "the guest is in the list still")
        expect("dom0 crashed and was started again" in machine.run("logs hello"), "its log, too")
        machine.run("shutdown -w hello")
        expect("hello" not in machine.run("list"), "it obeys")


def test_it_boots_under_UEFI_to_dom0_and_a_guest_on_serial_and_screen():
    if not FIRMWARE.exists():
        raise Skip("the package ovmf is not installed")
    with Booted("-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE}") as machine:
        boots_to_a_guest(machine)
        text = machine.picture()
        for words in ("xenlike, a thin paravirtualization hypervisor\n", "dom0 is up. `help` lists the commands.\n",
                      "Hello from a paravirtual guest.\n", PROMPT + "logs hello"):
            expect(words in text, f"{words!r} is not on the screen", text)


if __name__ == "__main__":
    main("ISO", [value for name, value in list(globals().items()) if name.startswith("test_")])
