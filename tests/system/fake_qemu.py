#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stand-in for QEMU with a dom0 in it, for tests of pvctl's host side that need no machine.

It takes QEMU's command line, listens on the channel's and the monitor's sockets in the current
directory and serves `pvctl xenstore WORD [ARGUMENT]` with words of its own:

    echo WORDS        prints its arguments            exit N     ends with that status
    cat               copies stdin to stdout          flood N    writes N bytes to stdout
    files             prints the named files          sleep S    waits, or ends with 130 on a signal
    raw               asks for raw mode, copies until ^]         sessions   how many run
    die               QEMU ends in the middle         restart    dom0 begins anew

FAKE_QEMU may hold: mute (dom0 never answers), early-exit (QEMU ends at once), no-kvm (fails with
-accel kvm), mute-kvm (mute with it), slow-start (a second until the sockets exist), version (another protocol version).
"""
import os, selectors, signal, socket, struct, sys, time

MODE = os.environ.get("FAKE_QEMU", "").split(",")
if "mute-kvm" in MODE and "kvm" in sys.argv:
    MODE.append("mute")
HELLO, PING, PONG, ERROR, POWEROFF, START = 1, 2, 3, 4, 5, 6
EXEC, DATA, END, WINDOW, SIGNAL, RESIZE, TERMINAL, EXIT = range(16, 24)
STDIN, STDOUT, STDERR = 0, 1, 2
MAGIC = b"xenlike\n"


def string(value):
    data = value.encode() + b"\0"
    return struct.pack("<H", len(data)) + data


class Parser:
    def __init__(self, data):
        self.data, self.at = data, 0

    def u16(self):
        self.at += 2
        return struct.unpack_from("<H", self.data, self.at - 2)[0]

    def text(self):
        size = self.u16()
        self.at += size
        return self.data[self.at - size : self.at - 1].decode()


class Session:
    def __init__(self, dom0, number, payload):
        self.dom0, self.number = dom0, number
        parser = Parser(payload)
        self.terminals, self.columns, self.rows = parser.u16(), parser.u16(), parser.u16()
        counts = [parser.u16() for _ in range(3)]
        self.directory, self.share_directory = parser.text(), parser.text()
        self.arguments = [parser.text() for _ in range(counts[0])]
        self.environment = [parser.text() for _ in range(counts[1])]
        self.files = [(parser.u16(), parser.text(), parser.text()) for _ in range(counts[2])]
        self.credit = {STDOUT: 65536, STDERR: 65536}
        self.pending = b""
        self.exit_after = None
        self.deadline = None

    def send(self, kind, payload=b"", stream=0):
        self.dom0.send(kind, payload, stream, self.number)

    def write(self, data, stream=STDOUT):
        if stream == STDERR:
            self.send(DATA, data, STDERR)
            return
        self.pending += data
        self.push()

    def push(self):
        while self.pending and self.credit[STDOUT]:
            piece = self.pending[: min(16384, self.credit[STDOUT])]
            self.credit[STDOUT] -= len(piece)
            self.pending = self.pending[len(piece) :]
            self.send(DATA, piece, STDOUT)
        if not self.pending and self.exit_after is not None:
            self.finish()

    def finish(self):
        self.send(END, b"", STDOUT)
        self.send(END, b"", STDERR)
        self.send(EXIT, struct.pack("<I", self.exit_after))
        del self.dom0.sessions[self.number]

    def exit(self, status):
        self.exit_after = status
        self.push()

    def begin(self):
        words = self.arguments[2:] if self.arguments[1] == "xenstore" else ["files"]
        self.word = words[0]
        handler = getattr(self, "do_" + self.word, None)
        if handler is None:
            self.write(b"unknown word\n", STDERR)
            self.exit(2)
        else:
            handler(*words[1:])

    def do_echo(self, *words):
        self.write((" ".join(words) + "\n").encode())
        self.exit(0)

    def do_exit(self, status):
        self.exit(int(status))

    def do_cat(self):
        self.send(WINDOW, struct.pack("<I", 65536), STDIN)

    def do_raw(self):
        self.send(TERMINAL, b"\1")
        self.do_cat()

    def do_flood(self, count):
        self.write((b"0123456789abcde\n" * (int(count) // 16 + 1))[: int(count)])
        self.exit(0)

    def do_files(self, *_names):
        self.write(f"directory {self.directory} {self.share_directory}\n".encode())
        for flags, name, path in self.files:
            self.write(f"{flags} {name} {path}\n".encode())
        self.exit(0)

    def do_sleep(self, seconds):
        self.deadline = time.monotonic() + float(seconds)

    def do_sessions(self):
        self.do_echo(str(len(self.dom0.sessions)))

    def do_die(self):
        sys.exit(3)

    def do_restart(self):
        self.dom0.sessions.clear()
        self.dom0.send(START)

    def take(self, kind, stream, payload):
        if kind == WINDOW:
            self.credit[stream] += struct.unpack("<I", payload)[0]
            self.push()
        elif kind == DATA:
            if self.word == "raw" and b"\x1d" in payload:
                self.send(TERMINAL, b"\0")
                self.exit(0)
                return
            self.write(payload)
            self.send(WINDOW, struct.pack("<I", len(payload)), STDIN)
        elif kind == END:
            self.exit(0)
        elif kind == SIGNAL:
            self.pending = b""
            self.exit(130)


class Dom0:
    def __init__(self, connection):
        self.connection, self.data, self.sessions = connection, b"", {}

    def send(self, kind, payload=b"", stream=0, session=0):
        version = 9 if "version" in MODE else 1
        header = struct.pack("<IBBBBHH", len(payload), version, kind, stream, 0, session, 0)
        self.connection.setblocking(True)
        self.connection.sendall(header + payload)

    def receive(self):
        data = self.connection.recv(65536)
        if not data:
            return False
        self.data += data
        while len(self.data) >= 12:
            length, _, kind, stream, _, session, _ = struct.unpack_from("<IBBBBHH", self.data)
            if len(self.data) < 12 + length:
                break
            payload = self.data[12 : 12 + length]
            self.data = self.data[12 + length :]
            self.take(kind, stream, session, payload)
        return True

    def take(self, kind, stream, session, payload):
        if kind == HELLO and "mute" not in MODE:
            self.sessions.clear()
            self.send(HELLO, payload[:12] + string("fake"))
        elif kind == POWEROFF:
            sys.exit(0)
        elif kind == EXEC:
            self.sessions[session] = Session(self, session, payload)
            self.sessions[session].begin()
        elif session in self.sessions:
            self.sessions[session].take(kind, stream, payload)

    def tick(self):
        now = time.monotonic()
        for session in list(self.sessions.values()):
            if session.deadline is not None and now >= session.deadline:
                session.exit(0)


def listen(path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    return server


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open("arguments", "w") as file:
        file.write("\n".join(sys.argv[1:]) + "\n")
    if "early-exit" in MODE or ("no-kvm" in MODE and "kvm" in sys.argv):
        print("fake: this machine does not start")
        sys.exit(1)
    if "slow-start" in MODE:
        time.sleep(1)
    for name in ("channel.sock", "monitor.sock"):
        if os.path.exists(name):
            os.unlink(name)
    channel, monitor = listen("channel.sock"), listen("monitor.sock")
    selector = selectors.DefaultSelector()
    selector.register(channel, selectors.EVENT_READ, "channel")
    selector.register(monitor, selectors.EVENT_READ, "monitor")
    dom0 = None
    while True:
        for key, _ in selector.select(0.05):
            if key.data == "channel":
                connection, _ = channel.accept()
                dom0 = Dom0(connection)
                selector.register(connection, selectors.EVENT_READ, "dom0")
                if "mute" not in MODE:
                    dom0.send(START)
            elif key.data == "monitor":
                connection, _ = monitor.accept()
                if b"quit" in connection.recv(64):
                    sys.exit(0)
            elif not dom0.receive():
                selector.unregister(key.fileobj)
        if dom0:
            dom0.tick()


main()
