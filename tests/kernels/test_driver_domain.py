#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our front ends on back ends that nobody here wrote: Linux's xen-blkback and xen-netback, in a domain of their own (a
driver domain), which serves its own disk on, and routes between its interfaces. XEN=1: with real Xen below. The way
of a block is then our front end, Linux's back end, Linux's front end, our back end, a file."""
import gzip, re, shutil
import test_kernels as kernels
from harness import BUILD, Skip, expect, expect_run, main, wait_until
from machine import domains, wait_for_log, write_config
from test_disks import image, newc
from test_kernels import CACHE, PROMPT, Guest, have, machine


def initrd_with_drivers():
    """The installer's initrd, with the cloud kernel's drivers."""
    have("initrd.gz", "linux-cloud")
    drivers = b""
    for name in ("block/xen-blkfront.ko", "block/xen-blkback/xen-blkback.ko", "net/xen-netback/xen-netback.ko"):
        found = sorted((CACHE / "kernels/packages").glob("linux-image-*-cloud-amd64/unpacked/lib/modules/*/kernel/"
                                                         f"drivers/{name}"))
        if not found:
            raise Skip("the cloud kernel's modules are not there: tests/kernels/fetch.sh gets them")
        drivers += gzip.compress(newc(name.split("/")[-1], found[-1].read_bytes()), 1)
    target = machine().work / "initrd-driver.gz"
    target.write_bytes((machine().work / "initrd.gz").read_bytes() + drivers)
    return target.name


def run_disk(task):
    """The log of the guest `disk` with a disk of the driver domain's."""
    shutil.copy(BUILD / "guest/disk.elf", machine().work / "disk.elf")
    write_config(machine(), "front", kernel='"disk.elf"', memory="16", extra=f'"{task}"',
                 device="['vbd,backend=driver,devid=51712,physical-device=ca:0,mode=w,device-type=disk,dev=xvda,"
                        "params=/dev/xvda,front.virtual-device=51712,front.device-type=disk']")
    expect_run(machine().run("create", "front.cfg"), 0)
    wait_until(lambda: "front" not in domains(machine()), 120, "it ends")
    return machine().run("logs", "front").stdout


def test_our_front_end_is_served_by_linuxs_back_end():
    initrd = initrd_with_drivers()
    path, data = image("driver.img", 4, 3)
    with Guest("driver", kernel='"linux-cloud"', ramdisk=f'"{initrd}"', memory="512", vcpus="1",
               extra='"rdinit=/bin/sh console=hvc0"', disk='["driver.img,raw,xvda,w"]') as guest:
        guest.console.expect_exact(PROMPT)
        guest.console.send("\x1b[1;1R")  # the shell asked for the cursor's place
        guest.say("mount -t proc p /proc; mount -t devtmpfs d /dev; insmod /xen-blkfront.ko; insmod /xen-blkback.ko; "
                  "echo in-$((40+2))", "in-42")
        guest.say("while ! [ -e /dev/xvda ]; do sleep 1; done; echo there-$((40+2))", "there-42")
        log = run_disk("info verify")
        expect("8192 sectors of 512 bytes, writable" in log, "what our front end sees", log)
        expect("at depth 1 to 32: all as expected" in log, "integrity through both", log)
        expect(path.read_bytes() != data, "it reached the file")
        # And again: the back end's directory goes with its guest, and a new guest has a new one.
        expect("all as expected" in run_disk("verify seed=2"), "a second guest")
        guest.say("poweroff -f", "ended: poweroff")


def on_driver(name, number, task):
    """Starts our guest `echo` with an interface of the driver domain's, in a network of its own; its domain's id."""
    shutil.copy(BUILD / "guest/echo.elf", machine().work / "echo.elf")
    mac = f"00:16:3e:09:00:0{number}"
    write_config(machine(), name, kernel='"echo.elf"', memory="32", on_poweroff='"preserve"',
                 extra=f'"ip=10.9.{number}.2/24,10.9.{number}.1 {task}"',
                 device=f"['vif,backend=driver,devid=0,mac={mac},script=none,hotplug-status=connected,"
                        f"front.mac={mac}']")
    expect_run(machine().run("create", f"{name}.cfg"), 0)
    return machine().run("domid", name).stdout.strip()


def test_our_network_front_end_is_served_by_linuxs_back_end():
    with Guest("driver", kernel='"linux-cloud"', ramdisk=f'"{initrd_with_drivers()}"', memory="512", vcpus="1",
               extra='"rdinit=/bin/sh console=hvc0"') as guest:
        guest.console.expect_exact(PROMPT)
        guest.console.send("\x1b[1;1R")
        guest.say("mount -t proc p /proc; mount -t sysfs s /sys; insmod /xen-netback.ko; "
                  "echo 1 > /proc/sys/net/ipv4/ip_forward; echo in-$((40+2))", "in-42")
        for name, number, task in (("server", 1, ""), ("client", 2, "test 10.9.1.2")):
            vif = f"vif{on_driver(name, number, task)}.0"
            guest.say(f"for i in 1 2 3 4 5 6 7 8 9; do [ -e /sys/class/net/{vif} ] || sleep 1; done; "
                      f"ip addr add 10.9.{number}.1/24 dev {vif}; ip link set {vif} up; "
                      f"echo there-$((40+{number}))", f"there-{40 + number}")
        wait_for_log(machine(), "client", "messages of 57 B to 64 KiB came back unchanged", 120)
        for name in ("client", "server"):
            expect_run(machine().run("destroy", name), 0)
        guest.say("poweroff -f", "ended: poweroff")


if __name__ == "__main__":
    kernels.subprocess.run([str(kernels.TOP / "tests/kernels/fetch.sh")], check=False)
    try:
        main("driver domain", [value for name, value in list(globals().items()) if name.startswith("test_")])
    finally:
        if kernels.shared is not None:
            kernels.shared.close()
