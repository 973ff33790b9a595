#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Linux that nobody here built lives through crashes of dom0, in the middle of its writes to a disk (docs/restart.md)."""
import time
import test_kernels as kernels
from harness import Skip, expect, expect_run, main
from test_disks import digest, image, initrd_with_driver, read_digest
from test_kernels import ON_XEN, PROMPT, Guest, domains, machine

CRASHES = 3


def crash_under(guest):
    """Its console is a command of the old dom0's: it ends, and we attach anew."""
    time.sleep(1.1)
    expect_run(machine().run("crash-dom0", "--yes"), 1, stderr="dom0 was restarted while")
    guest.console.close(force=True)
    guest.attach()


def test_linux_and_its_disk_live_through_three_crashes_of_dom0():
    if ON_XEN:
        raise Skip("real Xen ends with its dom0")
    initrd = initrd_with_driver()
    path, data = image("over.img", 16, 3)
    with Guest("over", kernel='"linux-cloud"', ramdisk=f'"{initrd}"', memory="512", vcpus="2",
               extra='"rdinit=/bin/sh console=hvc0"', disk='["over.img,raw,xvda,w"]') as guest:
        guest.console.expect_exact(PROMPT)
        guest.console.send("\x1b[1;1R")  # the shell asked for the cursor's place
        guest.say("mount -t proc p /proc; mount -t devtmpfs d /dev; insmod /xen-blkfront.ko; echo in-$((40+2))",
                  "in-42")
        guest.say("while ! [ -e /dev/xvda ]; do sleep 1; done; echo there-$((40+2))", "there-42")
        before = domains(machine())
        guest.console.send("(for i in 1 2 3 4 5 6; do dd if=/dev/urandom of=/dev/xvda bs=64k count=256 "
                           "conv=fsync 2>/dev/null || echo bad-$i-; done; echo wrote-$((40+2))) &\r")
        for _ in range(CRASHES):
            crash_under(guest)
            now = domains(machine())
            expect(now.keys() == before.keys() and now["over"][:3] == before["over"][:3], "still listed",
                   now)
        guest.say("", PROMPT)
        guest.say("wait; echo all-$((40+3))", "all-43")
        expect(digest(path.read_bytes()) == read_digest(guest, "xvda", 16), "file and disk agree")
        expect(digest(path.read_bytes()) != digest(data), "and hold what was written")
        log = machine().run("logs", "over").stdout
        expect("wrote-42" in log and "bad-" not in log.replace("bad-$i-", ""), "no write failed", log)
        guest.say("echo errors-$(dmesg | grep -c 'I/O error\\|BUG:\\|WARNING')-", "errors-0-")
        guest.say("poweroff -f", "ended: poweroff")
        guest.said = kernels.warnings()  # of the crashes


if __name__ == "__main__":
    try:
        main("takeover", [value for name, value in list(globals().items()) if name.startswith("test_")])
    finally:
        if kernels.shared is not None:
            kernels.shared.close()
