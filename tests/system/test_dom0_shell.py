#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dom0's own shell on the machine's console: line editing, builtins, pvctl's commands, the share."""
import hashlib, os, re, socket, time
from harness import expect, expect_run, main
from machine import real

PROMPT = "dom0> "
shared = None


class Console:
    """The machine's console, as a terminal would hold it."""

    def __init__(self, machine):
        here = os.open(".", os.O_RDONLY)
        try:  # a socket's path is short: go to it
            os.chdir(machine.state(""))
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect("console.sock")
        finally:
            os.fchdir(here)
            os.close(here)
        self.text = ""

    def send(self, keys):
        self.socket.sendall(keys.encode())

    def wait(self, words, seconds=10):
        """What came up to and including `words`, which is then forgotten."""
        deadline = time.monotonic() + seconds
        while words not in self.text:
            left = deadline - time.monotonic()
            expect(left > 0, f"waited for {words!r}", self.text)
            self.socket.settimeout(left)
            try:
                # real Xen puts a CR before each LF, whatever is there already
                self.text += self.socket.recv(65536).decode(errors="replace").replace("\r", "")
            except TimeoutError:
                pass
        before, _, self.text = self.text.partition(words)
        return before + words

    def run(self, line, seconds=10):
        """A command's output, without its echo."""
        self.send(line + "\r")
        self.wait("\n")
        return self.wait(PROMPT, seconds)[:-len(PROMPT)]


def shell():
    """One machine and one console for all tests of this file, at an empty prompt."""
    global shared
    if shared is None:
        machine = real(XENLIKE_APPEND="console=com1")  # xenlike: on the serial port too
        try:
            expect_run(machine.run("up", timeout=90), 0)
            shared = machine, Console(machine)
        except Exception:
            machine.close()
            raise
    console = shared[1]
    console.send("\x15\x03")
    console.wait("^C\n" + PROMPT)
    console.text = ""
    return console


def test_help_names_the_builtins_and_pvctls_commands():
    text = shell().run("help")
    for word in ("ls [PATH]", "poweroff", "create", "list", "console"):
        expect(word in text, f"{word} is missing", text)


def test_list_without_pvctl_before_it():
    console = shell()
    expect("Domain-0" in console.run("list"), "list")
    expect("Domain-0" in console.run("pvctl list"), "pvctl list")


def test_a_failure_shows_its_status():
    expect("[status 3]" in shell().run("domid nobody"), "status of an unknown domain")


def test_the_users_files_are_below_share():
    console = shell()
    (shared[0].work / "notes.txt").write_text("one\ntwo\n")
    expect(re.search(r"^- +8 notes\.txt$", console.run("ls /share"), re.M), "ls shows the file")
    expect(console.run("cat /share/notes.txt") == "one\ntwo\n", "cat prints it")
    expect("No such file" in console.run("cat /share/nothing"), "a file that is not there")


def test_nothing_above_the_share_is_reached():
    text = shell().run("cat /share/../../../../../../etc/passwd")
    expect("root:" not in text, "a file of the host's", text)


def test_big_files_arrive_whole():
    console = shell()
    data = os.urandom(3000000)
    (shared[0].work / "big.bin").write_bytes(data)
    text = console.run("checksum /share/big.bin", 30)
    total = 0
    for byte in data:
        total = ((total >> 1) + ((total & 1) << 15) + byte) & 0xffff
    expect(text.split() == [str(total), str(len(data)), "/share/big.bin"], "sum and length", text)


def test_the_line_can_be_edited_and_comes_back():
    console = shell()
    expect(console.run("ecko\x7f\x7fho hi") == "hi\n", "backspace")
    expect(console.run("cho hi\x01e") == "hi\n", "^A")
    expect("hi\n" in console.run("\x1b[A"), "the line before")
    expect(console.run("echo 'a  b' \"c d\" # e") == "a  b c d\n", "quotes and a comment")
    expect("not closed" in console.run("echo 'a"), "an open quote")


def test_ctrl_c_ends_a_command_and_ctrl_d_its_input():
    console = shell()
    console.send("sleep 100\r")
    console.wait("\n")
    console.send("\x03")
    expect("[status 130]" in console.wait(PROMPT), "the status of a cancelled command")
    console.send("cat\r")
    console.wait("\n")
    console.send("typed\r\x04")
    text = console.wait(PROMPT)
    expect(text.count("typed") == 2, "its echo, and what cat printed", text)


def test_a_guest_from_the_ram_disk():
    console = shell()
    try:
        expect("status" not in console.run("create /examples/hello.cfg"), "create")
        expect("hello" in console.run("list"), "it is listed")
        console.send("console hello\r")
        console.wait("Hello from a paravirtual guest.")
        console.send("some words\r")
        console.wait("some words\n")
        console.send("\x1d")
        console.wait(PROMPT)
    finally:
        console.run("destroy hello")


def close():
    if shared is not None:
        shared[0].close()


if __name__ == "__main__":
    try:
        main("dom0's shell", [value for name, value in list(globals().items())
                              if name.startswith("test_")])
    finally:
        close()
