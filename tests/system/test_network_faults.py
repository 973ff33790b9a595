#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ends of a network interface that fail, lie, go away and come back; beside each, a connection that has to stay."""
import json, re, shutil
from harness import BUILD, expect, expect_run, main, wait_until
from machine import domains, real, wait_for_log, write_config

shared = None


def machine():
    """One machine for all tests, with a server and a client whose connection is never to break."""
    global shared
    if shared is None:
        candidate = real()
        shutil.copy(BUILD / "guest/echo.elf", candidate.work / "echo.elf")
        try:
            expect_run(candidate.run("up", timeout=90), 0, stderr="the machine is up")
            create(candidate, "server", "")
            server = address(candidate, "server")
            create(candidate, "witness", f"trickle {server}")
        except Exception:
            candidate.close()
            raise
        candidate.server = server
        shared = candidate
    return shared


def create(where, name, words, *options, **keys):
    write_config(where, name, kernel='"echo.elf"', memory="24",
                 **{"vif": f"['mac=00:16:3e:44:00:{sum(map(ord, name)) % 256:02x}']", "extra": f'"{words}"',
                    "on_poweroff": '"preserve"', "on_crash": '"preserve"', **keys})
    expect_run(where.run("create", *options, f"{name}.cfg"), 0)


def log(where, name):
    return where.run("logs", name).stdout


def address(where, name):
    wait_for_log(where, name, "echo: at ")
    return re.search(r"echo: at ([0-9.]+)", log(where, name)).group(1)


def came_back(where):
    """How many of the witness's messages."""
    found = re.findall(r"trickle: (\d+) came back", log(where, "witness"))
    return int(found[-1]) if found else 0


def witness_goes_on(where):
    before = came_back(where)
    wait_until(lambda: came_back(where) > before, 30, "the witness goes on")
    expect("lost" not in log(where, "witness"), "its connection stays")


def states(where, name):
    result = where.run("network-list", "--json", name)
    return [(row["front_state"], row["back_state"]) for row in json.loads(result.stdout)["interfaces"]]


def test_connections_live_on_when_a_back_end_is_begun_anew():
    where = machine()
    create(where, "test", f"test {where.server}")
    for _ in range(10):
        for name in ("server", "witness"):
            expect_run(where.run("network-restart", name, "0"), 0)
    witness_goes_on(where)
    wait_until(lambda: "echo:" in log(where, "test").split("echo: at", 1)[-1], 60, "the test ends")
    expect("came back unchanged" in log(where, "test"), "every byte", log(where, "test"))
    shown = where.run("device", "server").stdout
    expect("begun anew 10 times" in shown and "Connected, back end Connected" in shown, "device says so", shown)
    expect(re.search(r"tx ring: req_prod \d+, req_cons \d+, rsp_prod \d+", shown), "ring indices", shown)
    expect(re.search(r"received: frames \d+, bytes \d+, dropped 0", shown), "counters", shown)
    expect_run(where.run("destroy", "test"), 0)


# The fault, and what the guest's side of it is afterwards: "works", "loses" frames,
# "closes", "hangs" until it is destroyed; "ends": a duplicate may take a buffer that was given again meanwhile.
FAULTS = (("slow=3", "works"), ("reorder=8", "works"), ("error=40", "loses"), ("short=40", "loses"),
          ("beyond=40", "loses"), ("duplicate=40", "ends"), ("wrong-id=40", "closes"), ("overrun=40", "closes"),
          ("reset=40", "closes"), ("hang=40", "hangs"), ("slow=1 reorder=4 error=100", "loses"))


def one_fault(where, fault, fate):
    create(where, "victim", f"test {where.server}", "-p")
    number = where.run("domid", "victim").stdout.strip()
    expect_run(where.run("xenstore", "write", f"/local/domain/0/backend/vif/{number}/0/fault", fault), 0)
    expect_run(where.run("unpause", "victim"), 0)
    if fate in ("works", "loses"):
        wait_until(lambda: re.search("echo: (\\d+ messages|TCP|UDP|cannot)", log(where, "victim")), 120, f"{fault}: the test ends")
        if fate == "works":
            expect("came back unchanged" in log(where, "victim"), fault, log(where, "victim"))
        expect(states(where, "victim") in ([(4, 4)], []), "the interface stays", fault, states(where, "victim"))
    elif fate == "ends":
        wait_until(lambda: re.search("echo: (\\d+ messages|TCP|UDP|cannot)", log(where, "victim")) or
                   states(where, "victim") == [(6, 6)], 120, f"{fault}: the test ends")
    elif fate == "closes":
        wait_until(lambda: states(where, "victim") in ([(6, 6)], [(6, 5)]), 40, f"{fault}: both ends close")
        expect("says:" in where.run("device", "victim").stdout, "device says why", fault)
    else:
        wait_until(lambda: re.search("echo: (TCP|UDP|cannot|no address)", log(where, "victim")), 120, f"{fault}: the guest gives up")
    expect("panic" not in log(where, "victim") and "fault at" not in log(where, "victim"), fault, log(where, "victim"))
    expect_run(where.run("destroy", "victim"), 0)


def test_a_back_end_that_misbehaves_harms_nobody_else():
    where = machine()
    for fault, fate in FAULTS:
        one_fault(where, fault, fate)
        witness_goes_on(where)


def test_a_front_end_that_lies_loses_its_interface_only():
    where = machine()
    create(where, "liar", "lie")
    wait_for_log(where, "liar", "lie: the overrun ring cost the interface", 60)
    expect("every lie was refused" in log(where, "liar"), "refusals", log(where, "liar"))
    expect("more packets are announced" in where.run("device", "liar").stdout, "device says why")
    witness_goes_on(where)
    expect_run(where.run("destroy", "liar"), 0)


def test_a_peer_that_vanishes_in_mid_transfer_costs_its_connections_only():
    where = machine()
    create(where, "peer", "")
    peer = address(where, "peer")
    create(where, "sender", f"speed {peer}")
    create(where, "receiver", f"trickle {peer}")
    wait_for_log(where, "receiver", "came back")
    expect_run(where.run("destroy", "peer"), 0)
    witness_goes_on(where)
    create(where, "peer", "")  # at the same address: it knows nothing of these connections
    wait_for_log(where, "receiver", "trickle: the connection is lost", 60)
    wait_until(lambda: re.search("speed: (the connection is lost|64 MiB in)", log(where, "sender")), 60, "the sender ends")
    for name in ("sender", "receiver", "peer"):
        expect_run(where.run("destroy", name), 0)
    witness_goes_on(where)
    wait_until(lambda: where.run("xenstore", "ls", "/local/domain/0/backend/vif").stdout.count("handle = ") == 2, 10,
               "only the two interfaces of server and witness are left in the store")


def test_pages_read_through_grant_maps_arrive_whole():
    where = machine()
    create(where, "mapped", f"test {where.server}", "-p")
    number = where.run("domid", "mapped").stdout.strip()
    expect_run(where.run("xenstore", "write", f"/local/domain/0/backend/vif/{number}/0/tx-by", "map"), 0)
    expect_run(where.run("unpause", "mapped"), 0)
    wait_for_log(where, "mapped", "came back unchanged", 90)
    shown = where.run("device", "mapped").stdout
    expect(int(re.search(r"mapped grants (\d+)", shown).group(1)) > 100, "by mapping", shown)
    expect_run(where.run("destroy", "mapped"), 0)


if __name__ == "__main__":
    tests = [value for name, value in list(globals().items()) if name.startswith("test_")]
    try:
        main("network faults", tests)
    finally:
        if shared is not None:
            shared.close()
