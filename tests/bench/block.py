#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a disk's way through two drivers and a ring costs: dom0 reads and writes QEMU's virtio-blk device by
itself (disk-speed), then a guest does the same through it (the task `bench` of the guest `disk`), in the same
QEMU under -icount, where a nanosecond is an instruction. Only the time counts that a domain runs: while both
wait for the host nobody's clock goes on."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

QEMU = os.environ.get("QEMU", "qemu-system-x86_64")
ROW = re.compile(r"^(\w+ \d+ KiB [\w ]+?) +depth +(\d+) .*? ([\d.]+) of them busy(?: +bells ([\d.]+) \+ ([\d.]+))?", re.M)
RAN = re.compile(r"dom0 has run for (\d+) ns")
ROWS, MORE = 8, 5  # the difference of one and five rounds is free of the guest's beginning and end
COUNTS = [256] * 4 + [1000] * 4
CONFIG = """name = "bench"
kernel = "/disk.elf"
memory = 32
disk = ['phy:vda,xvda,w']
"""


def script():
    lines = ["disk-speed /dev/vda"]
    for row in range(ROWS):
        for times in (1, 1, MORE):
            lines += ["disk-speed", f"""create -F /bench.cfg 'extra="bench only={row + 1} times={times}"'"""]
        lines += ["disk-speed", "logs bench"]
    return "\n".join(lines) + "\n"


def pack(initrd, work, files):
    """dom0's initial RAM disk with more files in it."""
    tree = work / "tree"
    tree.mkdir()
    subprocess.run(["cpio", "-idm", "--quiet"], stdin=open(initrd, "rb"), cwd=tree, check=True)
    for name, content in files.items():
        (tree / name).write_bytes(content)
    names = "".join(f"{path.relative_to(tree)}\n" for path in sorted(tree.rglob("*")))
    archive = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], input=names.encode(), cwd=tree,
                             capture_output=True, check=True).stdout
    (work / "initrd.cpio").write_bytes(archive)


def run(build, work):
    """What the machine printed."""
    pack(build / "dom0-tools/initrd.cpio", work, {"script": script().encode(), "bench.cfg": CONFIG.encode(),
                                                  "disk.elf": (build / "guest/disk.elf").read_bytes()})
    for name, target in (("xenlike", build / "xenlike/xenlike"), ("dom0.elf", build / "dom0-tools/dom0.elf")):
        (work / name).symlink_to(target.resolve())
    with open(work / "disk.img", "wb") as file:
        file.write(os.urandom(8 << 20))
    command = [QEMU, "-M", "pc", "-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", "max,-smap,-erms", "-m", "512",
               "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-kernel", "xenlike",
               "-initrd", "dom0.elf script=/script channel=off network=off,initrd.cpio", "-debugcon", "stdio",
               "-drive", "if=none,id=disk,format=raw,file=disk.img", "-device",
               "virtio-blk-pci,drive=disk,disable-legacy=on"]
    process = subprocess.Popen(command, cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    timer = threading.Timer(120, process.kill)
    timer.start()
    text = process.communicate()[0].decode(errors="replace").replace("\r", "")
    timer.cancel()
    return text


def main():
    with tempfile.TemporaryDirectory() as directory:
        text = run(pathlib.Path(sys.argv[1]), pathlib.Path(directory))
    rows, ran = ROW.findall(text), [int(ns) for ns in RAN.findall(text)]
    if len(rows) != ROWS * (1 + MORE) or len(ran) != ROWS * 4:
        print(f"bench: the machine did not do its work:\n{text[-3000:]}", file=sys.stderr)
        return 1
    print(f"{'instructions a request':24}{'depth':>6}{'dom0 alone':>12}{'split: dom0':>13}{'+ guest':>9}{'the way':>9}"
          f"  bells: to dom0  to the guest")
    for row in range(ROWS):
        name, depth, alone, _, _ = rows[row]
        split = rows[ROWS + row * MORE:ROWS + (row + 1) * MORE]
        guest = sum(float(line[2]) for line in split) * 1000 / MORE
        _, one, five, end = ran[row * 4:row * 4 + 4]
        dom0 = ((end - five) - (five - one)) / ((MORE - 1) * COUNTS[row])
        alone = float(alone) * 1000
        print(f"{name:24}{depth:>6}{alone:>12,.0f}{dom0:>13,.0f}{guest:>9,.0f}{dom0 + guest - alone:>9,.0f}"
              f"{split[-1][3]:>16}{split[-1][4]:>14}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
