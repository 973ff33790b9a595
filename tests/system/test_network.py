#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Network interfaces from end to end: guests' TCP/IP, dom0's bridge, QEMU's user network, this host."""
import json, re, shutil, signal, socket, struct, subprocess, threading, time, urllib.request
from harness import BUILD, expect, expect_run, main, wait_until
from machine import domains, real, write_config

shared = None


def machine():
    """One machine for all tests."""
    global shared
    if shared is None:
        candidate = real()
        for name in ("web", "echo"):
            shutil.copy(BUILD / f"guest/{name}.elf", candidate.work / f"{name}.elf")
        try:
            expect_run(candidate.run("up", timeout=90), 0, stderr="the machine is up")
        except Exception:
            candidate.close()
            raise
        shared = candidate
    return shared


def create(where, name, app, **keys):
    write_config(where, name, kernel=f'"{app}.elf"', memory="32", **{"vif": "['']", **keys})
    expect_run(where.run("create", f"{name}.cfg"), 0)


def destroy(where, *names):
    for name in names:
        if name in domains(where):
            expect_run(where.run("destroy", name), 0)


def interfaces(where, name):
    result = where.run("network-list", "--json", name)
    expect_run(result, 0)
    return json.loads(result.stdout)["interfaces"]


def address(where, name):
    """Its address, once it has one."""
    pattern = re.compile(r"(?:echo: at |web: http://)([0-9.]+)")
    wait_until(lambda: pattern.search(where.run("logs", name).stdout), 20, f"{name} has an address")
    return pattern.search(where.run("logs", name).stdout).group(1)


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def web_disk(where):
    """A disk that holds a cpio archive with two pages; the larger page's bytes."""
    large = bytes((i * 7 >> 3) & 255 for i in range(200000))
    pages = where.work / "www"
    pages.mkdir(exist_ok=True)
    (pages / "index.html").write_text("<h1>from the disk</h1>\n")
    (pages / "large.bin").write_bytes(large)
    archive = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], input=b"index.html\nlarge.bin\n",
                             cwd=pages, capture_output=True, check=True).stdout
    (where.work / "web.img").write_bytes(archive + bytes(-len(archive) % 512))
    return large


def test_a_page_on_a_guests_disk_reaches_this_host():
    where = machine()
    large = web_disk(where)
    port = free_port()
    create(where, "web", "web", disk="['web.img,raw,xvda,r']")
    expect_run(where.run("forward", "web", f"{port}:80"), 0, stderr=f"127.0.0.1:{port} leads to")
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20).read()
    expect(page == b"<h1>from the disk</h1>\n", "the page on the disk", page)
    for _ in range(5):
        got = urllib.request.urlopen(f"http://127.0.0.1:{port}/large.bin", timeout=20).read()
        expect(got == large, "every byte of a larger page", len(got))
    destroy(where, "web")


def test_a_forward_named_at_the_start_leads_to_the_first_guest():
    port = free_port()
    with real() as where:
        shutil.copy(BUILD / "guest/web.elf", where.work / "web.elf")
        expect_run(where.run("up", "--forward", f"{port}:80", timeout=90), 0)
        web_disk(where)
        create(where, "web", "web", disk="['web.img,raw,xvda,r']")
        address(where, "web")
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20).read()
        expect(page == b"<h1>from the disk</h1>\n", "the page on the disk", page)


def test_messages_between_two_guests_come_back_unchanged():
    where = machine()
    create(where, "echo", "echo")
    create(where, "test", "echo", extra=f'"test {address(where, "echo")}"')
    wait_until(lambda: "test" not in domains(where), 60, "the test ends")
    log = where.run("logs", "test").stdout
    expect("messages of 57 B to 64 KiB came back unchanged" in log, "unchanged messages", log)
    destroy(where, "echo")


def test_frames_of_several_pages_come_back_unchanged():
    """Scatter-gather in all four rings: datagrams of 64 KiB in frames of 9000 bytes."""
    where = machine()
    create(where, "echo", "echo", vif="['mtu=9000']")
    create(where, "test", "echo", vif="['mtu=9000']", extra=f'"test {address(where, "echo")}"')
    wait_until(lambda: "test" not in domains(where), 60, "the test ends")
    log = where.run("logs", "test").stdout
    expect("messages of 57 B to 64 KiB came back unchanged" in log, "unchanged messages", log)
    shown = where.run("device", "echo").stdout
    frames, size = map(int, re.search(r"sent by the guest: frames (\d+), bytes (\d+)", shown).groups())
    expect(size > 1600 * frames, "large frames", shown)
    destroy(where, "echo")


def test_one_event_channel_for_both_rings_will_do():
    where = machine()
    create(where, "echo", "echo")
    write_config(where, "test", kernel='"echo.elf"', memory="32", vif="['']", extra=f'"test {address(where, "echo")}"')
    expect_run(where.run("create", "-p", "test.cfg"), 0)
    number = where.run("domid", "test").stdout.strip()
    back = f"/local/domain/0/backend/vif/{number}/0"
    wait_until(lambda: where.run("xenstore", "read", f"{back}/state").stdout.strip() == "2", 10, "it waits")
    expect_run(where.run("xenstore", "write", f"{back}/feature-split-event-channels", "0"), 0)
    expect_run(where.run("unpause", "test"), 0)
    front = f"/local/domain/{number}/device/vif/0"
    wait_until(lambda: where.run("xenstore", "read", f"{front}/event-channel").returncode == 0, 10, "one channel")
    wait_until(lambda: "test" not in domains(where), 60, "the test ends")
    log = where.run("logs", "test").stdout
    expect("messages of 57 B to 64 KiB came back unchanged" in log, "unchanged messages", log)
    destroy(where, "echo")


def test_two_guests_ping_each_other():
    where = machine()
    create(where, "echo", "echo")
    create(where, "test", "echo", extra=f'"ping {address(where, "echo")}"')
    wait_until(lambda: "test" not in domains(where), 30, "the pings end")
    log = where.run("logs", "test").stdout
    expect("ping: 4 of 4 answered" in log, "four answers", log)
    destroy(where, "echo")


def test_names_are_found_over_dns():
    """The server is a guest, too: nothing outside this machine is asked."""
    where = machine()
    create(where, "echo", "echo", extra='"names"')
    server = address(where, "echo")
    create(where, "test", "echo", extra=f'"dns={server} resolve 192-0-2-7.test nobody.test"')
    wait_until(lambda: "test" not in domains(where), 60, "the lookups end")
    log = where.run("logs", "test").stdout
    expect("resolve: 192-0-2-7.test is 192.0.2.7" in log, "a name", log)
    expect("resolve: nobody.test: no such name" in log, "no such name", log)
    destroy(where, "echo")


def test_a_guest_has_several_interfaces():
    where = machine()
    macs = [f"00:16:3e:00:01:0{i}" for i in range(4)]
    create(where, "echo", "echo", vif="[" + ", ".join(f"'mac={mac}'" for mac in macs) + "]")
    wait_until(lambda: all(row["seen_ip"] for row in interfaces(where, "echo")), 20, "four addresses")
    rows = interfaces(where, "echo")
    expect([row["mac"] for row in rows] == macs, "as configured", rows)
    ips = {row["seen_ip"] for row in rows}
    expect(len(ips) == 4, "four addresses", ips)
    for ip in ips:
        create(where, "test", "echo", extra=f'"ping {ip}"')
        wait_until(lambda: "test" not in domains(where), 30, "the pings end")
        expect("ping: 4 of 4 answered" in where.run("logs", "test").stdout, "answers from", ip)
    destroy(where, "echo")


def echo_server():
    """TCP and UDP echo on this host's loopback: their ports."""
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))

    def stream():
        connection, _ = tcp.accept()
        while data := connection.recv(65536):
            connection.sendall(data)

    def datagrams():
        while True:
            data, sender = udp.recvfrom(65536)
            udp.sendto(data, sender)

    for function in (stream, datagrams):
        threading.Thread(target=function, daemon=True).start()
    return tcp.getsockname()[1], udp.getsockname()[1]


def test_messages_to_this_host_come_back_unchanged():
    where = machine()
    tcp, udp = echo_server()
    create(where, "test", "echo", extra=f'"test 10.0.2.2 {tcp} {udp}"')
    wait_until(lambda: "test" not in domains(where), 90, "the test ends")
    log = where.run("logs", "test").stdout
    expect("messages of 57 B to 64 KiB came back unchanged" in log, "unchanged messages", log)


def test_an_interface_comes_and_goes_while_the_guest_runs():
    where = machine()
    create(where, "echo", "echo")
    address(where, "echo")
    for round in range(3):
        expect_run(where.run("network-attach", "echo", f"mac=00:16:3e:00:00:0{round + 1}"), 0)
        wait_until(lambda: [i["front_state"] for i in interfaces(where, "echo")] == [4, 4], 10,
                   "both are connected")
        expect(interfaces(where, "echo")[1]["mac"] == f"00:16:3e:00:00:0{round + 1}", "its address")
        expect_run(where.run("network-detach", "echo", "1"), 0)
        expect(len(interfaces(where, "echo")) == 1, "one is left", interfaces(where, "echo"))
    destroy(where, "echo")
    wait_until(lambda: where.run("xenstore", "ls", "/local/domain/0/backend/vif").stdout == "", 5,
               "nothing is left in the store")


def blocks(data):
    """(type, body) of each block of a pcapng file."""
    while data:
        kind, length = struct.unpack("<II", data[:8])
        expect(length % 4 == 0 and 12 <= length <= len(data), "a block's length", kind, length)
        expect(struct.unpack("<I", data[length - 4:length])[0] == length, "both lengths agree")
        yield kind, data[8:length - 4]
        data = data[length:]


def test_frames_can_be_watched_from_outside():
    where = machine()
    create(where, "echo", "echo")
    peer = address(where, "echo")
    watcher = where.start("capture", "echo/vif/0", "-w", "x.pcapng")
    time.sleep(0.5)
    create(where, "test", "echo", extra=f'"test {peer}"')
    wait_until(lambda: "test" not in domains(where), 60, "the test ends")
    destroy(where, "echo")
    wait_until(lambda: (where.work / "x.pcapng").stat().st_size > 10000, 10,
               "frames are in the file")
    watcher.send_signal(signal.SIGINT)
    watcher.wait(10)
    found = list(blocks((where.work / "x.pcapng").read_bytes()))
    expect([kind for kind, _ in found[:2]] == [0x0a0d0d0a, 1], "a section and an interface")
    frames = [body[20:20 + struct.unpack("<I", body[12:16])[0]] for kind, body in found[2:]]
    expect(all(kind == 6 for kind, _ in found[2:]) and len(frames) > 100, "packets", len(frames))
    sent = sum(frame[26:30] == socket.inet_aton(peer) for frame in frames)
    expect(0 < sent < len(frames), "both directions", sent, len(frames))


def test_the_list_has_xls_columns():
    where = machine()
    create(where, "echo", "echo", vif="['mac=00:16:3e:11:22:33']")
    address(where, "echo")
    result = where.run("network-list", "echo")
    expect_run(result, 0)
    head, row = result.stdout.splitlines()
    expect(head.split() == ["Idx", "BE", "Mac", "Addr.", "handle", "state", "evt-ch",
                            "tx-/rx-ring-ref", "BE-path"], "xl's header", head)
    expect(re.match(r"0   0  00:16:3e:11:22:33      0     4 +\d+ +\d+/\d+ +/local/domain/0/backend/vif/\d+/0",
                    row), "xl's row", row)
    destroy(where, "echo")


def test_a_guest_that_waits_costs_nothing():
    where = machine()
    create(where, "echo", "echo")
    address(where, "echo")
    time.sleep(1)

    def used():
        listed = json.loads(where.run("list", "--json").stdout)
        rows = listed["domains"] if isinstance(listed, dict) else listed
        return [row["cpu_time_ns"] for row in rows if row["name"] == "echo"][0] / 1e9

    before = used()
    time.sleep(5)
    expect(used() - before < 0.05, "less than 1 % of a processor", used() - before)
    destroy(where, "echo")


def test_refusals_say_what_is_wrong():
    where = machine()
    create(where, "plain", "echo", vif="[]", on_poweroff='"preserve"')
    expect_run(where.run("forward", "nobody", "8080:80"), 3, stderr="nobody")
    expect_run(where.run("forward", "plain", "8080"), 2, stderr="no pair of ports")
    expect_run(where.run("forward", "plain", "8080:80"), 6, stderr="no network interface")
    expect_run(where.run("network-attach", "plain", "mac=1"), 2, stderr="mac")
    expect_run(where.run("network-detach", "plain", "5"), 2, stderr="no network interface '5'")
    create(where, "echo", "echo")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        expect_run(where.run("forward", "echo", f"{port}:7"), 6, stderr="cannot be forwarded")
    destroy(where, "echo", "plain")


if __name__ == "__main__":
    tests = [value for name, value in list(globals().items()) if name.startswith("test_")]
    try:
        main("network", tests)
    finally:
        if shared is not None:
            shared.close()
