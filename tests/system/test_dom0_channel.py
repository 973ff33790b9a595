#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dom0's end of the host channel on a running machine, against a host that misbehaves."""
import os, random, shutil, socket, struct, subprocess, tempfile, time
from harness import BUILD, Skip, expect, main
from machine import HELLO, ON_XEN, REAL_XEN, XEN_OPTIONS

HELLO_FRAME, ERROR, START, EXEC, DATA, WINDOW, SIGNAL, EXIT = 1, 4, 6, 16, 17, 19, 20, 23
HEADER = struct.Struct("<IBBBBHH")
shared = None


class Host:
    """One machine with its channel's socket, and a connection to it."""

    def __init__(self):
        hypervisor = REAL_XEN if ON_XEN else BUILD / "xenlike/xenlike"
        dom0, disk = BUILD / "dom0-tools/dom0.elf", BUILD / "dom0-tools/initrd.cpio"
        qemu = os.environ.get("XENLIKE_QEMU") or shutil.which("qemu-system-x86_64")
        for path in (hypervisor, dom0, disk):
            if not path.exists():
                raise Skip(f"{path} is not built")
        if not qemu:
            raise Skip("QEMU is not installed")
        self.root = tempfile.mkdtemp(prefix="xenlike-test-")
        shutil.copy(HELLO, self.root)
        with open(f"{self.root}/hello.cfg", "w") as config:
            config.write('name = "hello"\nkernel = "hello.elf"\nmemory = 4\n')
        self.process = subprocess.Popen(
            [qemu, "-M", "pc", "-accel", "tcg", "-cpu", "max,-smap", "-m", "512", "-nodefaults",
             "-display", "none", "-no-reboot", "-serial", "file:console.log",
             "-kernel", hypervisor.resolve(), "-append", XEN_OPTIONS if ON_XEN else "",
             "-initrd", f"{dom0.resolve()},{disk.resolve()}",
             "-device", "virtio-serial-pci,disable-legacy=on",
             "-chardev", "socket,id=channel,path=channel.sock,server=on,wait=off",
             "-device", "virtserialport,chardev=channel,name=xenlike.channel",
             "-fsdev", "local,id=share,security_model=none,path=.",
             "-device", "virtio-9p-pci,fsdev=share,mount_tag=share,disable-legacy=on"],
            cwd=self.root, stdin=subprocess.DEVNULL)
        self.socket, self.nonce = None, 0

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def connect(self):
        """A new connection, greeted."""
        if self.socket is not None:
            self.socket.close()
        deadline = time.monotonic() + 30
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(f"{self.root}/channel.sock")
                break
            except OSError:
                expect(time.monotonic() < deadline, "the channel's socket")
                time.sleep(0.05)
        self.bytes = b""
        self.hello()
        return self

    def hello(self):
        self.nonce += 1
        wanted = struct.pack("<I", self.nonce)
        self.send(HELLO_FRAME, payload=b"xenlike\n" + wanted + string("test"))
        while True:
            kind, _, _, payload = self.receive(30)
            if kind == START:
                return self.hello()
            if kind == HELLO_FRAME and payload[8:12] == struct.pack("<I", self.nonce):
                return None

    def send(self, kind, stream=0, session=0, payload=b""):
        self.socket.sendall(HEADER.pack(len(payload), 1, kind, stream, 0, session, 0) + payload)

    def receive(self, seconds=10):
        self.socket.settimeout(seconds)
        while True:
            if len(self.bytes) >= HEADER.size:
                length, _, kind, stream, _, session, _ = HEADER.unpack(self.bytes[:HEADER.size])
                end = HEADER.size + length
                if len(self.bytes) >= end:
                    payload, self.bytes = self.bytes[HEADER.size:end], self.bytes[end:]
                    return kind, stream, session, payload
            piece = self.socket.recv(65536)
            expect(piece, "dom0's end is closed")
            self.bytes += piece

    def execute(self, session, *arguments, files=()):
        payload = struct.pack("<6H", 0, 80, 25, len(arguments), 0, len(files))
        payload += string("/home/user") + string("") + b"".join(map(string, arguments))
        for name, place in files:
            payload += struct.pack("<H", 0) + string(name) + string(place)
        self.send(EXEC, 0, session, payload)

    def finish(self, session):
        """(status, stdout, stderr) of a session that runs alone."""
        out = {1: b"", 2: b""}
        while True:
            kind, stream, found, payload = self.receive(20)
            if kind == DATA and found == session:
                out[stream] += payload
            elif kind == EXIT and found == session:
                return struct.unpack("<I", payload)[0], out[1].decode(), out[2].decode()

    def command(self, *arguments, files=()):
        self.execute(1, "pvctl", *arguments, files=files)
        return self.finish(1)


def string(text):
    data = text.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


def host():
    global shared
    if shared is None:
        shared = Host()
    return shared.connect()


def still_serves(the_host):
    status, out, _ = the_host.command("list")
    expect(status == 0 and "Domain-0" in out, "list", status, out)


def test_a_command_runs():
    still_serves(host())


def test_garbage_is_answered_with_an_error_and_a_new_connection_works():
    for seed in range(20):
        the_host = host()
        the_host.socket.sendall(random.Random(seed).randbytes(5000))
        expect(the_host.receive()[0] == ERROR, "an ERROR frame")
    still_serves(host())


def test_a_cut_frame_does_not_reach_into_the_next_connection():
    for length in (1, 11, 12, 40):
        the_host = host()
        the_host.socket.sendall(HEADER.pack(1000, 1, EXEC, 0, 0, 5, 0)[:length] + b"x" * (length - 12))
    still_serves(host())


def test_more_input_than_was_granted_ends_the_conversation():
    the_host = host()
    the_host.execute(3, "pvctl", "xenstore", "ls")
    the_host.execute(4, "pvctl", "list")
    the_host.send(DATA, 0, 4, b"x" * 70000)
    kinds = set()
    while ERROR not in kinds:
        kinds.add(the_host.receive()[0])
    still_serves(host())


def test_only_named_files_are_opened():
    the_host = host()
    status, _, errors = the_host.command("create", "hello.cfg")
    expect(status != 0, "a configuration that was not named", status, errors)
    status, _, errors = the_host.command("create", "hello.cfg", files=[("hello.cfg", "hello.cfg")])
    expect(status != 0, "a kernel that was not named", status, errors)
    for place in ("../../etc/passwd", "/etc/passwd", "a/../../etc/passwd", "sub/" * 300):
        status, _, errors = the_host.command("create", "x", files=[("x", place)])
        expect(status not in (0, 130), "a path that leaves the share", place, status, errors)
    both = [("hello.cfg", "hello.cfg"), ("hello.elf", "hello.elf")]
    status, _, errors = the_host.command("create", "hello.cfg", files=both)
    expect(status == 0, "both named", status, errors)
    expect(the_host.command("destroy", "hello")[0] == 0, "destroy")


def test_many_sessions_at_once_all_end():
    the_host = host()
    for session in range(1, 101):
        the_host.execute(session, "pvctl", "list")
    ended = {}
    while len(ended) < 100:
        kind, _, session, payload = the_host.receive()
        if kind == EXIT:
            expect(session not in ended, "one EXIT each", session)
            ended[session] = struct.unpack("<I", payload)[0]
    expect(set(ended.values()) <= {0, 5}, "done, or no room", ended)
    still_serves(the_host)


def test_hosts_that_come_and_go_leave_nothing_behind():
    for round in range(30):
        the_host = host()
        for session in range(1, 9):
            the_host.execute(session, "pvctl", "xenstore", "ls")
        if round % 2 == 0:
            the_host.send(SIGNAL, 0, 1, struct.pack("<I", 3))
    still_serves(host())


if __name__ == "__main__":
    try:
        main("dom0's channel", [value for name, value in list(globals().items())
                                if name.startswith("test_")])
    finally:
        if shared is not None:
            shared.close()
