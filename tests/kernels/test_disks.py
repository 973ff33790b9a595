#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Front ends that nobody here wrote, on our block back end: Linux's (persistent grants, indirect requests) and
GRUB's (one page, grant copy). XEN=1: with real Xen below."""
import gzip, hashlib, random, re
import test_kernels as kernels
from harness import Skip, expect, expect_run, main, wait_until
from test_kernels import CACHE, PROMPT, Guest, have, machine


def newc(name, data):
    """A cpio archive (newc) with one file."""
    def entry(path, mode, bytes_):
        fields = [0, mode, 0, 0, 1, 0, len(bytes_), 0, 0, 0, 0, len(path) + 1, 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + path.encode() + b"\0"
        return head + bytes(-len(head) % 4) + bytes_ + bytes(-len(bytes_) % 4)
    return entry(name, 0o100644, data) + entry("TRAILER!!!", 0, b"")


def initrd_with_driver():
    """The installer's initrd, followed by the cloud kernel's own xen-blkfront."""
    have("initrd.gz", "linux-cloud")
    found = sorted((CACHE / "kernels/packages").glob("linux-image-*-cloud-amd64/unpacked/lib/modules/*/kernel/"
                                                     "drivers/block/xen-blkfront.ko"))
    if not found:
        raise Skip("the cloud kernel's modules are not there: tests/kernels/fetch.sh gets them")
    target = machine().work / "initrd-disk.gz"
    target.write_bytes((machine().work / "initrd.gz").read_bytes() +
                       gzip.compress(newc("xen-blkfront.ko", found[-1].read_bytes()), 1))
    return target.name


def image(name, mib, seed):
    data = random.Random(seed).randbytes(mib << 20)
    path = machine().work / name
    path.write_bytes(data)
    return path, data


def digest(data):
    return hashlib.md5(data).hexdigest()


def read_digest(guest, device, mib):
    guest.say("echo 3 > /proc/sys/vm/drop_caches; echo dropped-$((40+2))", "dropped-42")
    found = guest.say(f"echo sum-$(dd if=/dev/{device} bs=64k count={mib * 16} 2>/dev/null | md5sum)",
                      r"sum-([0-9a-f]{32})")
    return found.group(1)


def linux_reads_and_writes(grants):
    initrd = initrd_with_driver()
    first, data = image("linux.img", 8, 1)
    second, other = image("hot.img", 4, 2)
    with Guest("disks", kernel='"linux-cloud"', ramdisk=f'"{initrd}"', memory="512", vcpus="2",
               extra=f'"rdinit=/bin/sh console=hvc0 grant_table.version={grants}"', disk='["linux.img,raw,xvda,w"]') as guest:
        guest.console.expect_exact(PROMPT)
        guest.console.send("\x1b[1;1R")  # the shell asked for the cursor's place
        guest.say("mount -t proc p /proc; mount -t devtmpfs d /dev; insmod /xen-blkfront.ko; echo in-$((40+2))",
                  "in-42")
        guest.say("while ! [ -e /dev/xvda ]; do sleep 1; done; echo there-$((40+2))", "there-42")
        expect(read_digest(guest, "xvda", 8) == digest(data), "Linux reads what is in the file")
        guest.say("dd if=/dev/urandom of=/dev/xvda bs=64k count=128 conv=fsync; echo wrote-$((40+2))", "wrote-42")
        expect(digest(first.read_bytes()) == read_digest(guest, "xvda", 8), "the file has what Linux wrote")
        expect(digest(first.read_bytes()) != digest(data), "and that is something else")
        expect_run(machine().run("block-attach", "disks", "hot.img,raw,xvdb,r"), 0)
        guest.say("while ! [ -e /dev/xvdb ]; do sleep 1; done; echo there-$((41+2))", "there-43")
        expect(read_digest(guest, "xvdb", 4) == digest(other), "a disk that came while it ran")
        guest.say("dd if=/dev/zero of=/dev/xvdb count=1; echo wrote-$((41+2))", "wrote-43")
        expect(second.read_bytes() == other, "read-only")
        shown = machine().run("device", "disks").stdout
        expect(re.search(r"through mapped grants [1-9]\d+", shown), "persistent grants", shown)
        expect_run(machine().run("block-detach", "disks", "xvdb"), 0)
        wait_until(lambda: "51728" not in machine().run("block-list", "disks").stdout, 10, "it is gone")
        guest.say("poweroff -f", "ended: poweroff")


def test_linux_reads_writes_and_lets_go():
    linux_reads_and_writes(grants=1)


def test_linux_does_so_with_version_2_of_grant_tables():
    linux_reads_and_writes(grants=2)


def test_grub_reads_a_sector_through_grant_copy():
    have("grub")
    (machine().work / "grub.img").write_bytes(b"these words are on a disk\n".ljust(1 << 20, b"\0"))
    with Guest("grub", kernel='"grub"', memory="128", disk='["grub.img,raw,xvda,r"]') as guest:
        guest.console.expect("grub> ")
        guest.say("cat (xen/xvda)0+1", "these words are on a disk")
        shown = machine().run("device", "grub").stdout
        expect(re.search(r"through mapped grants 0, through grant copy [1-9]", shown), "grant copy", shown)
        guest.console.send("halt\r")
        guest.console.expect("ended: ")
        # It asks the hypervisor to print its grant table (GNTTABOP_dump_table) when it leaves.
        guest.said = kernels.warnings()


if __name__ == "__main__":
    kernels.subprocess.run([str(kernels.TOP / "tests/kernels/fetch.sh")], check=False)
    try:
        main("disks", [value for name, value in list(globals().items()) if name.startswith("test_")])
    finally:
        if kernels.shared is not None:
            kernels.shared.close()
