#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a frame costs from one guest through the bridge to another, in ticks (emulated instructions, TCG with
-icount), and whose they are; and TCP on top. An exact run: the same figures each time."""
import json, os, pathlib, re, sys
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from harness import BUILD
from test_dom0_script import run
from test_network_idle import EXACT

MAC = "00:16:3e:00:00:99"
FRAMES = int(os.environ.get("BENCH_FRAMES", "6400"))
SIZES = (64, 1500, 16384)


def config(name, words, vif="[\"\"]"):
    return (f'name = "{name}"\nkernel = "/echo.elf"\nmemory = 24\nvif = {vif}\non_poweroff = "preserve"\n'
            f'extra = "{words}"\n').encode()


def cpu_times(text):
    decoder, found = json.JSONDecoder(), []
    while (begin := text.find('{"schema"')) >= 0:
        listed, size = decoder.raw_decode(text[begin:])
        found.append({row["name"]: row["cpu_time_ns"] for row in listed["domains"]})
        text = text[begin + size:]
    return found


def frames(mode):
    """One row for each size. mode: "copy", "map" (how dom0 reads), "out" (to the card)."""
    files = {"echo.elf": (BUILD / "guest/echo.elf").read_bytes(), "sink.cfg": config("sink", "sink", f'["mac={MAC}"]')}
    sizes = [size for size in SIZES if mode != "out" or size <= 1500]
    script, domid = "create /sink.cfg\nsleep 2\n", 2
    for size in sizes:
        for count in (0, FRAMES):
            name = f"blast{size}-{count}"
            words = f"blast ff:ff:ff:ff:ff:ff {size} {count} out" if mode == "out" else f"blast {MAC} {size} {count}"
            files[f"{name}.cfg"] = config("blast", words)
            script += f"create -p /{name}.cfg\n"
            if mode == "map":
                script += f"xenstore write /local/domain/0/backend/vif/{domid}/0/tx-by map\n"
            script += "list --json\nunpause blast\nsleep 3\nlist --json\nlogs blast\ndestroy blast\n"
            domid += 1
    if mode == "out":
        script = script.replace("create /sink.cfg\n", "")
    status, text = run(script, 300, EXACT, files)
    if status != 0:
        sys.exit(f"bench: the script ended with {status}:\n{text[-2000:]}")
    lists, sent = cpu_times(text), [int(number) for number in re.findall(r"blast: (\d+) frames", text)]
    for i, size in enumerate(sizes):
        base, full = ({name: lists[4 * i + 2 * k + 1].get(name, 0) - lists[4 * i + 2 * k].get(name, 0)
                       for name in ("blast", "Domain-0", "sink")} for k in (0, 1))
        yield size, [(full[name] - base[name]) / sent[2 * i + 1] for name in ("blast", "Domain-0", "sink")]


def card_alone():
    """Ticks that dom0 takes to send a frame of each size itself."""
    _, text = run("net-speed\n", 60, EXACT, {}, "network=off")
    return re.findall(r"frames of (\d+) bytes: (\d+) ns each", text)


def tcp():
    files = {"echo.elf": (BUILD / "guest/echo.elf").read_bytes(), "echo.cfg": config("echo", ""),
             "speed.cfg": config("speed", "speed 10.0.2.15")}
    _, text = run("create /echo.cfg\nsleep 3\ncreate /speed.cfg\nsleep 20\nlogs speed\n", 300, EXACT, files)
    return re.search(r"speed: (\d+) MiB in (\d+) ms", text)


def main():
    print(f"{'frame':>8} {'ticks':>8} {'sender':>8} {'dom0':>8} {'receiver':>8} {'ticks/byte':>10}  way")
    ways = (("copy", "to a guest, read by grant copy"), ("map", "to a guest, read by grant map"), ("out", "to the card"))
    for mode, way in ways:
        for size, parts in frames(mode):
            print(f"{size:>8} {sum(parts):>8.0f} " + " ".join(f"{part:>8.0f}" for part in parts) +
                  f" {sum(parts) / size:>10.2f}  {way}")
    for size, ticks in card_alone():
        print(f"{size:>8} {ticks:>8} {'-':>8} {ticks:>8} {'-':>8} {int(ticks) / int(size):>10.2f}  dom0 itself to the card")
    match = tcp()
    if match:
        mib, ms = int(match[1]), int(match[2])
        print(f"TCP, guest to guest: {mib} MiB in {ms} ms of 1 GHz, {ms * 1e6 / (mib << 20):.2f} ticks/byte, "
              f"{(mib << 23) / ms / 1000:.0f} Mbit/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
