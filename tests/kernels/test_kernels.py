#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kernels that nobody here wrote, started as their packages hold them. XEN=1: the same on real Xen.

After each guest the machine is as before: no domain, no memory lost, no word of the hypervisor but about the
guest's own console.
"""
import os, pathlib, re, shutil, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from harness import TOP, Skip, expect, expect_run, main, wait_until
from machine import ON_XEN, domains, free_memory, real, wait_for_log, write_config

CACHE = pathlib.Path(os.environ.get("XENLIKE_CACHE") or os.path.expanduser("~/.cache/xenlike"))
PROMPT = "~ # "
SECONDS = 400 if ON_XEN else 240
shared = None


def machine():
    """One machine for all tests of this file."""
    global shared
    if shared is None:
        candidate = real()
        try:
            expect_run(candidate.run("up", "--memory", "1200", timeout=90), 0)
        except Exception:
            candidate.close()
            raise
        shared = candidate
    return shared


def have(*names):
    """The files, in the machine's directory."""
    for name in names:
        source = CACHE / "kernels" / name
        if not source.exists():
            raise Skip(f"{source} is not there: tests/kernels/fetch.sh gets it")
        target = machine().work / name
        if not target.exists():
            shutil.copy(source, target)


def warnings():
    """The hypervisor's own lines; not those of a guest, (d5), of a debug key, or of dom0's console."""
    lines = machine().run("dmesg").stdout.splitlines()
    return [line for line in lines
            if re.match(r"\[ *[\d.]+\] (?!\(d\d+\)|frames: free |d\d+: |d\d+ vcpu )", line)]


def ledger():
    """What the hypervisor has given out: {"frames": ..., "d0: references": ...}; it counts frame by frame."""
    if ON_XEN:
        return {}
    expect_run(machine().run("debug-keys", "mqe"), 0)
    text = machine().run("dmesg").stdout.rpartition("frames: free")[2]
    found = {"free and the hypervisor's frames": sum(map(int, re.findall(r"^ (\d+), the hypervisor's (\d+)", text)[0]))}
    for number, count, what in re.findall(r"d(\d+): (\d+) (references|ports open)", text):
        found[f"d{number} {what}"] = int(count)
    for number, count in re.findall(r"d(\d+): .*, (\d+) grants mapped", text):
        found[f"d{number} grants mapped"] = int(count)
    for number, count in re.findall(r", d(\d+) (\d+)(?=[,\n])", text.splitlines()[0] + "\n"):
        found[f"d{number} frames"] = int(count)
    return found


class Guest:
    """A guest with its console at our hands; at the end everything is as it was."""

    def __init__(self, name, **keys):
        self.name = name
        try:
            import pexpect
        except ImportError:
            raise Skip("python3-pexpect is not installed")
        write_config(machine(), name, **keys)
        self.free, self.before, self.said = free_memory(machine()), ledger(), warnings()
        self.began = time.monotonic()
        self.attach("create", "-c", "--timing", f"{name}.cfg")

    def attach(self, *arguments):
        """Its console, of `create -c` or of what is given."""
        import pexpect
        command = machine().command(*(arguments or ("console", self.name)))
        self.console = pexpect.spawn(command[0], command[1:], env=machine().environment, timeout=SECONDS,
                                     cwd=str(machine().work), encoding="utf-8", codec_errors="replace")

    def __enter__(self):
        return self

    def say(self, line, answer):
        self.console.send(line + "\r")
        self.console.expect(answer)
        return self.console.match

    def __exit__(self, kind, *_):
        self.console.close(force=True)
        machine().run("destroy", self.name)
        if kind is None:
            wait_until(lambda: free_memory(machine()) == self.free, 10, "all memory came back")
            said = [line for line in warnings() if line not in self.said]
            expect(ON_XEN or not said, "the hypervisor said nothing", said)
            wait_until(lambda: ledger() == self.before, 10, "every frame, port and grant came back")


def linux(name, kernel, vcpus, grants=1):
    """To a shell, to all vCPUs at work, to the end: reboot, then power off through the store."""
    have(kernel, "initrd.gz")
    with Guest(name, kernel=f'"{kernel}"', ramdisk='"initrd.gz"', memory="512", vcpus=str(vcpus),
               extra=f'"rdinit=/bin/sh console=hvc0 grant_table.version={grants}"', on_reboot='"destroy"') as guest:
        guest.console.expect(r"image +[\d.]+ ms(?s:.*) load +[\d.]+ ms(?s:.*) total +[\d.]+ ms")
        guest.console.expect(r"\] Linux version 6")
        first_line = time.monotonic()
        guest.console.expect_exact(PROMPT)
        seconds = time.monotonic() - guest.began
        expect(time.monotonic() - first_line > 0.5, "the boot was shown as it happened")
        print(f"# {name}: a shell on {vcpus} vCPU(s) after {seconds:.1f} s", flush=True)
        guest.console.send("\x1b[1;1R")  # the shell asked for the cursor's place
        guest.say("mount -t proc proc /proc; echo mounted-$((40+2))", "mounted-42")
        found = guest.say("echo cpus-$(grep -c ^processor /proc/cpuinfo)-", r"cpus-(\d+)-")
        expect(found.group(1) == str(vcpus), "it sees its vCPUs", found.group(1))
        guest.say("dmesg | grep -c 'Using FIFO-based ABI' | sed 's/^/fifo-/'", "fifo-1")
        guest.say("dmesg | grep 'Grant tables' | tr a-z A-Z", f"USING VERSION {grants} LAYOUT")
        work = "n=0; while [ $n -lt 3000 ]; do n=$((n+1)); done"
        guest.say(f"for i in 1 2 3 4; do ({work}) & done; wait; echo all-$((40+2))", "all-42")
        found = guest.say("echo bad-$(dmesg | grep -c 'WARNING\\|BUG:\\|Oops\\|rcu.*stall')-",
                          r"bad-(\d+)-")
        expect(found.group(1) == "0", "Linux warns of nothing", found.group(1))
        guest.say("poweroff -f", "ended: poweroff")


def test_linux_from_an_xz_bzimage_boots_to_a_shell_and_powers_off():
    linux("one", "linux", 1)


def test_linux_works_on_two_vcpus():
    linux("two", "linux", 2)


def test_linux_works_on_four_vcpus():
    linux("four", "linux", 4)


def test_linux_works_with_version_2_of_grant_tables():
    linux("grants", "linux", 1, grants=2)


def test_the_cloud_kernel_boots_from_its_lz4_bzimage():
    linux("cloud", "linux-cloud", 2)


def test_a_linux_obeys_mem_set_vcpu_set_and_sysrq():
    have("linux-cloud", "initrd.gz")
    with Guest("obeys", kernel='"linux-cloud"', ramdisk='"initrd.gz"', memory="512", vcpus="2",
               extra='"rdinit=/bin/sh console=hvc0"') as guest:
        guest.console.expect_exact(PROMPT)
        guest.console.send("\x1b[1;1R")
        guest.say("mount -t proc proc /proc; mount -t sysfs sys /sys; echo mounted-$((40+2))", "mounted-42")
        for size in (300, 500):
            expect_run(machine().run("mem-set", "obeys", size), 0)
            wait_until(lambda: abs(domains(machine())["obeys"][1] - size) <= 1, 60, f"it has {size} MiB")
        expect_run(machine().run("mem-set", "obeys", "513"), 6, stderr="its bound is 512 MiB")
        expect_run(machine().run("mem-max", "obeys", "499"), 6, stderr=["it was told to have 500 MiB", "mem-set"])
        expect_run(machine().run("mem-max", "obeys", "505"), 0)
        expect_run(machine().run("mem-set", "obeys", "506"), 6, stderr="its bound is 505 MiB")
        expect_run(machine().run("mem-set", "obeys", "505"), 0)
        wait_until(lambda: abs(domains(machine())["obeys"][1] - 505) <= 1, 60, "it has all its bound")
        online = "/sys/devices/system/cpu/online"
        for count, shown in ((1, "0"), (2, "0-1"), (1, "0"), (2, "0-1")):
            expect_run(machine().run("vcpu-set", "obeys", count), 0)
            # Linux brings no vCPU up by itself: udev does, and here the shell.
            up = "echo 1 > /sys/devices/system/cpu/cpu1/online; " if count == 2 else ""
            guest.say(f"until [ $(cat {online}) = {shown} ]; do {up}sleep 1; done 2>/dev/null; "
                      f"echo now-$(cat {online})-", f"now-{shown}-")
        expect_run(machine().run("vcpu-set", "obeys", 3), 2, stderr="it was made for 1 to 2")
        expect_run(machine().run("sysrq", "obeys", "h"), 0)
        guest.console.expect("sysrq: HELP")
        guest.say("poweroff -f", "ended: poweroff")


def test_a_linux_that_panics_is_reported_with_its_registers():
    have("linux")
    with Guest("panics", kernel='"linux"', memory="256", extra='"console=hvc0 root=/dev/none"',
               on_crash='"preserve"') as guest:
        guest.console.expect("Kernel panic")
        wait_until(lambda: domains(machine())["panics"][3][4] == "c", SECONDS, "listed as crashed")
        if not ON_XEN:
            wait_for_log(machine(), "panics", "its kernel asked for the end")
            wait_for_log(machine(), "panics", " rip ffffffff8")
            guest.said = warnings()


def percent_of_cpu(name, seconds):
    """What its vCPUs took of the time that passed, by the hypervisor's account."""
    def used():
        return sum(float(line.split()[5]) for line in machine().run("vcpu-list", name).stdout.splitlines()[1:])
    begin, before = time.monotonic(), used()
    time.sleep(seconds)
    return 100 * (used() - before) / (time.monotonic() - begin)


def test_grub_shows_its_prompt_and_takes_keys():
    """It waits for keys without pause, which makes it a guest to put a cap on."""
    have("grub")
    with Guest("grub", kernel='"grub"', memory="128") as guest:
        guest.console.expect("grub> ")
        guest.say("echo 4${unset}2", "\n\r?\r?42")
        expect_run(machine().run("sched-credit2", "-d", "grub", "-c", "10"), 0)
        expect(percent_of_cpu("grub", 4) < 15, "a cap of 10 percent holds", percent_of_cpu("grub", 4))
        expect_run(machine().run("sched-credit2", "-d", "grub", "-c", "0"), 0)
        expect(percent_of_cpu("grub", 4) > 25, "and without it the guest has more", percent_of_cpu("grub", 4))
        guest.console.send("halt\r")
        guest.console.expect("ended: ")


def test_grub_reads_its_menu_from_a_disk_and_boots_linux_from_it():
    if not shutil.which("mke2fs"):
        raise Skip("mke2fs is not installed")
    have("grub", "linux", "initrd.gz")
    root = machine().work / "root"
    (root / "boot/grub").mkdir(parents=True)
    for name in ("linux", "initrd.gz"):
        shutil.copy(machine().work / name, root / "boot" / name)
    (root / "boot/grub/grub.cfg").write_text("""set timeout=1
menuentry "Linux from the disk" {
  linux /boot/linux rdinit=/bin/sh console=hvc0
  initrd /boot/initrd.gz
}
""")
    image = machine().work / "disk.img"
    image.touch()
    os.truncate(image, 96 << 20)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-d", str(root), str(image)], check=True)
    with Guest("disk", kernel='"grub"', memory="512", disk="['disk.img,raw,xvda,rw']") as guest:
        guest.console.expect("Linux from the disk")
        guest.console.expect_exact(PROMPT)
        guest.console.send("\x1b[1;1R")
        guest.say("poweroff -f", "ended: poweroff")


def test_gnu_mach_ends_as_it_does_on_xen():
    """It finds no boot script and shuts down with a reason of its own, 100, which has no name."""
    have("gnumach")
    with Guest("mach", kernel='"gnumach"', memory="64") as guest:
        guest.console.expect("ended: unknown")


if __name__ == "__main__":
    subprocess.run([str(TOP / "tests/kernels/fetch.sh")], check=False)
    try:
        main("kernels", [value for name, value in list(globals().items()) if name.startswith("test_")])
    finally:
        if shared is not None:
            shared.close()
