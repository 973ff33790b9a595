#!/bin/sh
# SPDX-License-Identifier: MIT
# make demo-web: a guest serves a page from its disk over its network interface; curl on this host gets
# it. PORT=8080 is the host's port. Needs no input, leaves the machine up, works again while it is.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
pvctl=$build/bin/pvctl
port=${PORT:-8080}

show() {
    echo
    echo "\$ $*"
    "$@"
}

fetch() {
    if command -v curl >/dev/null 2>&1; then
        show curl -sS --max-time 10 "$1"
    else
        echo "open $1 in a browser (curl is not installed)"
    fi
}

if "$pvctl" domid web >/dev/null 2>&1; then
    echo "A guest from an earlier demo is still there; it makes room for a new one."
    show "$pvctl" destroy web
fi
PATH=$PATH:/usr/sbin:/sbin
rm -f "$build/web.img"
if command -v mke2fs >/dev/null 2>&1; then
    echo "The disk: examples/www as a file system, $build/web.img"
    dd if=/dev/null of="$build/web.img" bs=1024 seek=4096 2>/dev/null
    mke2fs -q -t ext2 -L web -d examples/www "$build/web.img"
else
    echo "The disk: examples/www as a cpio archive, $build/web.img (mke2fs is not installed)"
    (cd examples/www && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc) > "$build/web.img"
    dd if=/dev/null of="$build/web.img" bs=512 seek=$((($(wc -c < "$build/web.img") + 511) / 512)) 2>/dev/null
fi

show "$pvctl" create examples/web.cfg
show "$pvctl" forward web "$port:80"
show "$pvctl" network-list web
fetch "http://127.0.0.1:$port/"
fetch "http://127.0.0.1:$port/status"

cat <<END

The machine stays up: http://127.0.0.1:$port/ is in your browser, too. Try next:
  $pvctl logs web                                 what the guest said
  $pvctl device web                               both ends of its disk and interface
  $pvctl down                                     end the machine
END
