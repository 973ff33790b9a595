#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hours of a guest's network in which nothing happens, in virtual time: what they cost (TM1)."""
import json
from harness import BUILD, Skip, expect, main
from machine import ON_XEN
from test_dom0_script import run

EXACT = ("-cpu", "max,-smap,-erms", "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01,clock=vm",
         "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,disable-legacy=on,romfile=")


def config(name, words):
    return f'name = "{name}"\nkernel = "/echo.elf"\nmemory = 16\nvif = [""]\nextra = "{words}"\n'.encode()


def times(text):
    """Nanoseconds that each domain has run, at each `list --json`."""
    decoder, found = json.JSONDecoder(), []
    while (begin := text.find('{"schema"')) >= 0:
        listed, size = decoder.raw_decode(text[begin:])
        found.append({row["name"]: row["cpu_time_ns"] for row in listed["domains"]})
        text = text[begin + size:]
    return found


def test_an_hour_with_an_open_connection_costs_nothing():
    if ON_XEN:
        raise Skip("virtual hours need an emulated clock that Xen does not accept")
    files = {"echo.elf": (BUILD / "guest/echo.elf").read_bytes(), "echo.cfg": config("echo", ""),
             "hold.cfg": config("hold", "hold 10.0.2.15")}
    status, text = run("create /echo.cfg\nsleep 2\ncreate /hold.cfg\nsleep 200\nlogs hold\nlist --json\nsleep 3600\n"
                       "list --json\nlogs hold\n", 60, EXACT, files)
    expect(status == 0 and text.count("hold: connected") == 2, "a connection that stays", text[-3000:])
    before, after = times(text)
    cost = {name: (after[name] - before[name]) / 1000 for name in ("echo", "hold")}
    print(f"# a virtual hour of waiting, in microseconds: {cost}")
    # A timer that ticks once a second would cost 10,000.
    expect(all(microseconds < 500 for microseconds in cost.values()), "less than 500 us an hour", cost)


if __name__ == "__main__":
    main("network", [value for name, value in list(globals().items()) if name.startswith("test_")])
