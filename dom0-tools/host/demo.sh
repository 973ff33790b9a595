#!/bin/sh
# SPDX-License-Identifier: MIT
# make demo: from built images to a guest's first lines and `pvctl list`. Needs no input, leaves the
# machine up, works again while it is.
set -eu
cd "$(dirname "$0")/../.."
pvctl=${BUILD:-build}/bin/pvctl

show() {
    echo
    echo "\$ $*"
    "$@"
}

if "$pvctl" domid hello >/dev/null 2>&1; then
    echo "A guest from an earlier demo is still there; it makes room for a new one."
    show "$pvctl" destroy hello
fi
show "$pvctl" create examples/hello.cfg

# What the guest printed is kept from before its first instruction; it needs a moment to say it.
tries=0
until "$pvctl" logs hello 2>/dev/null | grep -q .; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "demo: the guest printed nothing within 10 s" >&2; exit 1; }
    sleep 0.1
done
sleep 0.2
show "$pvctl" logs hello
show "$pvctl" list

cat <<END

The machine stays up. Try next:
  $pvctl console hello      type to the guest; ^] leaves
  $pvctl info               the hypervisor about itself
  $pvctl destroy hello      end the guest
  $pvctl down               end the machine
END
