#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian 12 on a disk: its three kernels as packaged, systemd, a login on the console, the network by DHCP, apt.

The disk is made once by tests/kernels/debian.sh; each test works on a copy. Not on real Xen: docs/kernels.md says why.
KERNELS=all, as in `make test-guests`: also what takes minutes.
"""
import http.server, os, shutil, subprocess, sys, threading, time
import test_kernels as kernels
from harness import TOP, Skip, expect, expect_run, main, wait_until
from machine import ON_XEN, domains
from test_kernels import Guest, machine

MAKER = str(TOP / "tests/kernels/debian.sh")
SHELL = r"root@debian:~# "
disk = None


def long_test(function):
    """Takes minutes: `make test` leaves it out, unless it is named."""
    function.is_long = True
    return function


def have_debian(flavour):
    """A fresh copy of the disk, and this kernel with its initrd, in the machine's directory."""
    global disk
    if ON_XEN:
        raise Skip("on real Xen under QEMU's TCG systemd's processes lose their thread pointer (docs/kernels.md)")
    where = subprocess.run([MAKER, "--where"], capture_output=True, text=True, check=True).stdout.strip()
    files = [f"{where}/{name}" for name in (f"vmlinuz-{flavour}", f"initrd-{flavour}", "root.img")]
    for path in files:
        if not os.path.exists(path):
            raise Skip(f"{path} is not there: tests/kernels/debian.sh makes it")
        subprocess.run(["cp", "--sparse=always", path, str(machine().work)], check=True)
    disk = machine().work / "root.img"


def check_disk():
    """Whatever happened, the file system is as a clean shutdown leaves it."""
    result = subprocess.run(["e2fsck", "-fn", str(disk)], capture_output=True, text=True)
    expect(result.returncode == 0, "the file system is clean", result.stdout, result.stderr)


def debian(name, flavour, vcpus, **keys):
    """A guest with that disk; the test logs in and ends it."""
    have_debian(flavour)
    return Guest(name, kernel=f'"vmlinuz-{flavour}"', ramdisk=f'"initrd-{flavour}"', memory="512",
                 vcpus=str(vcpus), extra='"root=/dev/xvda ro console=hvc0"', disk='["root.img,raw,xvda,w"]', **keys)


def log_in(guest, flavour):
    guest.console.expect("debian login: ")
    seconds = time.monotonic() - guest.began
    guest.console.send("root\r")
    guest.console.expect("Password: ")
    guest.console.send("wrong\r")
    guest.console.expect("Login incorrect")
    guest.console.expect("debian login: ")
    guest.console.send("root\r")
    guest.console.expect("Password: ")
    guest.console.send("xenlike\r")
    guest.console.expect(SHELL)
    print(f"# {guest.name}: Debian's login ({flavour}) after {seconds:.1f} s", flush=True)
    guest.say("stty cols 200; export TERM=dumb; dmesg -n 3; echo quiet-$((40+2))", "quiet-42")


def healthy(guest, vcpus):
    """Its vCPUs are there, no unit failed, and its kernel has nothing to complain of."""
    found = guest.say("echo cpus-$(nproc)-$(systemctl --failed --no-legend | wc -l)-", r"cpus-(\d+)-(\d+)-").groups()
    expect(found == (str(vcpus), "0"), "its vCPUs, and no failed unit", found)
    found = guest.say("dmesg | grep 'WARNING\\|BUG:\\|Oops\\|rcu.*stall'; echo warned-$((40+2))", "(?s)(.*)warned-42").group(1)
    expect("] " not in found, "Linux warns of nothing", found)


class Repository:
    """A package and its index, served on the host's loopback, which a guest sees as 10.0.2.2."""

    def __enter__(self):
        root = machine().work / "repository"
        tree = machine().work / "package"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text("Package: from-the-host\nVersion: 1\nArchitecture: all\n"
                                             "Maintainer: nobody <nobody@localhost>\nDescription: a file\n")
        (tree / "from-the-host").write_text("these words came over the network\n")
        root.mkdir()
        deb = root / "from-the-host_1_all.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(deb)], check=True, capture_output=True)
        digest = subprocess.run(["sha256sum", str(deb)], capture_output=True, text=True, check=True).stdout.split()[0]
        control = (tree / "DEBIAN/control").read_text()
        (root / "Packages").write_text(f"{control}Filename: {deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n")

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=str(root))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.server.server_address[1]

    def __exit__(self, *_):
        self.server.shutdown()
        shutil.rmtree(machine().work / "repository")
        shutil.rmtree(machine().work / "package")


def use_the_network(guest):
    guest.say("until hostname -I | grep -q '[0-9]'; do sleep 1; done; echo address-$((40+2))", "address-42")
    with Repository() as port:
        guest.say(f"echo 'deb [trusted=yes] http://10.0.2.2:{port}/ ./' > /etc/apt/sources.list; "
                  "apt-get update && apt-get install -qq -y from-the-host; echo apt-$?-", "apt-0-")
    guest.say("cat /from-the-host", "these words came over the network")


def a_packaged_kernel(name, flavour, vcpus):
    with debian(name, flavour, vcpus, vif="['']") as guest:
        log_in(guest, flavour)
        healthy(guest, vcpus)
        use_the_network(guest)
        guest.say("poweroff", "ended: poweroff")
    check_disk()


def test_the_cloud_kernel_runs_debian_from_its_disk():
    a_packaged_kernel("cloud", "cloud-amd64", 1)


@long_test
def test_the_amd64_kernel_runs_debian_from_its_disk():
    a_packaged_kernel("amd64", "amd64", 1)


@long_test
def test_debian_reboots_and_keeps_its_disk():
    """pvctl sees the reboot and starts it again; what it wrote is there; a shutdown from outside ends it cleanly."""
    with debian("debian", "cloud-amd64", 2, on_reboot='"restart"') as guest:
        log_in(guest, "cloud-amd64")
        healthy(guest, 2)
        first = domains(machine())["debian"][0]
        guest.say("echo kept > /root/kept; reboot", "Restarting system")
        guest.began = time.monotonic()
        wait_until(lambda: domains(machine()).get("debian", [first])[0] != first, 60, "pvctl made it again")
        guest.console.close(force=True)
        guest.attach()
        log_in(guest, "cloud-amd64")
        guest.say("cat /root/kept", "kept\r")
        expect_run(machine().run("shutdown", "-w", "debian", timeout=150), 0)
        guest.console.expect("ended: poweroff")
    check_disk()


@long_test
def test_debian_obeys_mem_set_vcpu_set_and_sysrq():
    with debian("obeys", "cloud-amd64", 4) as guest:
        log_in(guest, "cloud-amd64")
        healthy(guest, 4)
        for size in (300, 512):
            expect_run(machine().run("mem-set", "obeys", size), 0)
            wait_until(lambda: abs(domains(machine())["obeys"][1] - size) <= 1, 60, f"it has {size} MiB")
        # Linux announces a vCPU that may come up; who wants it up at once tells udev so.
        guest.say("""echo 'SUBSYSTEM=="cpu", ACTION=="add", ATTR{online}="1"' > /etc/udev/rules.d/99-cpu.rules; """
                  "udevadm control --reload; echo rule-$((40+2))", "rule-42")
        for count, shown in ((1, "0"), (4, "0-3"), (2, "0-1")):
            expect_run(machine().run("vcpu-set", "obeys", count), 0)
            guest.say(f"until [ $(cat /sys/devices/system/cpu/online) = {shown} ]; do sleep 1; done; "
                      f"echo now-{shown}-$((40+2))", f"now-{shown}-42")
        expect_run(machine().run("trigger", "obeys", "nmi"), 0)
        guest.say("until dmesg | grep 'NMI received'; do sleep 1; done; echo nmi-$((40+2))", "nmi-42")
        guest.say("echo 1 > /proc/sys/kernel/sysrq; dmesg -n 7; echo loud-$((40+2))", "loud-42")
        expect_run(machine().run("sysrq", "obeys", "h"), 0)
        guest.console.expect("sysrq: HELP")
        guest.say("poweroff", "ended: poweroff")
    check_disk()


if __name__ == "__main__":
    if not ON_XEN:
        subprocess.run([MAKER], check=False)
    try:
        everything = os.environ.get("KERNELS") == "all" or sys.argv[1:]
        main("debian", [value for name, value in list(globals().items()) if name.startswith("test_") and
                        (everything or not getattr(value, "is_long", False))])
    finally:
        if kernels.shared is not None:
            kernels.shared.close()
