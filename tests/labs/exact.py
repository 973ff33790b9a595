# SPDX-License-Identifier: MIT
"""An exact run: everything that goes in is in the RAM disk, so that the same seed gives the same run."""
import os, re, shutil, subprocess, tempfile

ENDED = re.compile(r"the script ended with status (\d+)")


def archive(files):
    """A cpio archive (newc) of {name: bytes}."""
    out = b""
    for number, (name, data) in enumerate([*files.items(), ("TRAILER!!!", None)]):
        mode, data = (0, b"") if data is None else (0o100644, data)
        fields = [number + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        entry = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        entry += b"\0" * (-len(entry) % 4) + data
        out += entry + b"\0" * (-len(entry) % 4)
    return out


def run(build, script, files, seconds=60):
    """(console, hypervisor's log) of a machine whose dom0 runs the script."""
    qemu = os.environ.get("XENLIKE_QEMU") or shutil.which("qemu-system-x86_64")
    if not qemu:
        raise SystemExit("grade: QEMU is not installed: make setup")
    with tempfile.TemporaryDirectory() as directory:
        for name in ("xenlike/xenlike", "dom0-tools/dom0.elf"):
            os.symlink((build / name).resolve(), os.path.join(directory, os.path.basename(name)))
        with open(os.path.join(directory, "disk"), "wb") as disk:
            disk.write(archive({**files, "script": script.encode()}))
        command = [qemu, "-M", "pc", "-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", "max,-smap,-erms", "-m", "512",
                   "-nodefaults", "-display", "none", "-no-reboot", "-serial", "file:console", "-debugcon", "file:log",
                   "-kernel", "xenlike", "-append", "console=com1",
                   "-initrd", "dom0.elf script=/script share=off channel=off,disk"]
        try:
            subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=seconds)
        except subprocess.TimeoutExpired:
            pass
        texts = []
        for name in ("console", "log"):
            path = os.path.join(directory, name)
            texts.append(open(path, errors="replace").read().replace("\r", "") if os.path.exists(path) else "")
        return texts
