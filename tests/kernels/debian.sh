#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a Debian 12 on a disk: $XENLIKE_CACHE/kernels/debian/{root.img, vmlinuz-*, initrd-*}, from packages by
# mmdebstrap and mke2fs -d, with no root where the system has user namespaces (mmdebstrap --mode=unshare).
# It is made once for each content of this file. Its root's password: xenlike. With --where it only says where.
#
# Where neither root nor user namespaces are to be had, run it as root elsewhere (or `mmdebstrap --mode=fakechroot`
# by hand with the same options) and put the three kinds of files into that directory.
set -u
cache=${XENLIKE_CACHE:-$HOME/.cache/xenlike}/kernels
image=$cache/debian-$(cksum < "$0" | tr -d ' ')
[ "${1:-}" != --where ] || { echo "$image"; exit 0; }
[ ! -e "$image/root.img" ] || exit 0
[ "${OFFLINE:-0}" != 1 ] || { echo "debian: OFFLINE=1 forbids to make $image" >&2; exit 1; }
for tool in mmdebstrap mke2fs; do
    command -v $tool >/dev/null 2>&1 || { echo "debian: $tool is not installed: make setup installs it" >&2; exit 1; }
done
as_root=
[ "$(id -u)" = 0 ] || as_root=fakeroot
packages=systemd-sysv,udev,kmod,initramfs-tools,linux-image-cloud-amd64,linux-image-amd64,linux-image-rt-amd64

mkdir -p "$image"
work=$(mktemp -d "$image/make.XXXXXX")
trap 'rm -rf "$work"' EXIT
# What a virtual machine has no use for stays in the packages.
options=
for path in drivers/gpu drivers/media drivers/infiniband drivers/staging drivers/iio drivers/usb drivers/scsi \
    drivers/net/ethernet drivers/net/wireless drivers/hwmon drivers/input drivers/ata drivers/isdn sound net/bluetooth \
    fs/ceph fs/ocfs2 fs/xfs fs/btrfs drivers/md drivers/mmc drivers/nvme drivers/platform; do
    options="$options --dpkgopt=path-exclude=/lib/modules/*/kernel/$path/*"
done
for path in doc man locale info; do options="$options --dpkgopt=path-exclude=/usr/share/$path/*"; done
# The machine's own apt sources for Debian 12, whatever mirror they name.
sources=$(grep -ls bookworm /etc/apt/sources.list.d/debian*.sources /etc/apt/sources.list)
echo "debian: making $image (some minutes, once)" >&2
# shellcheck disable=SC2086  # words are meant
mmdebstrap --quiet --variant=minbase --include=$packages $options \
    --aptopt='Acquire::Languages "none"' \
    --customize-hook='echo root:xenlike | chroot "$1" chpasswd' \
    --customize-hook='rm -f "$1"/etc/*-' \
    --customize-hook='echo debian > "$1/etc/hostname"; rm -f "$1"/etc/apt/sources.list.d/* "$1/etc/apt/sources.list"' \
    --customize-hook='echo "/dev/xvda / ext4 errors=remount-ro 0 1" > "$1/etc/fstab"' \
    --customize-hook='printf "[Match]\nType=ether\n[Network]\nDHCP=ipv4\n" > "$1/etc/systemd/network/80-any.network"' \
    --customize-hook='chroot "$1" systemctl -q enable systemd-networkd' \
    --customize-hook='chroot "$1" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_reap.service systemd-networkd-wait-online.service' \
    bookworm "$work/root.tar" $sources || exit 1
$as_root sh -eu -c '
    mkdir "$1/root"
    tar -C "$1/root" --exclude="./dev/*" -xf "$1/root.tar"
    truncate -s 1536M "$1/root.img"
    mke2fs -q -F -t ext4 -L debian -d "$1/root" "$1/root.img"' sh "$work" || exit 1
for flavour in cloud-amd64 rt-amd64 amd64; do
    for file in vmlinuz initrd.img; do
        found=$(find "$work/root/boot" -name "$file-*[0-9]-$flavour" | sort | tail -n 1)
        [ -n "$found" ] && cp "$found" "$image/${file%.img}-$flavour"
    done
done
mv "$work/root.img" "$image/root.img"
