#!/bin/sh
# SPDX-License-Identifier: MIT
# The commands of pvctl that need no machine, by a pvctl of another processor: TAP.
#   offline-commands.sh EMULATOR [OPTIONS] PVCTL
set -u
status=0

# Its status and a word of its output.
try() {
    wanted=$1 word=$2
    shift 2
    output=$("$@" 2>&1)
    got=$?
    for name; do :; done # the last argument
    if [ $got -eq "$wanted" ] && printf '%s' "$output" | grep -q -e "$word"; then
        echo "ok - offline: $name"
    else
        printf '%s\n' "$output" | sed 's/^/# /'
        echo "not ok - offline: $name: status $got, wanted $wanted and '$word'"
        status=1
    fi
}

bad=$(mktemp)
trap 'rm -f "$bad"' EXIT
echo 'memory = "much"' > "$bad"
try 0 "usage: pvctl" "$@" help
try 0 "^pvctl " "$@" --version
try 0 "complete" "$@" completion bash
try 0 "no errors" "$@" check examples/hello.cfg
try 4 ":1:10: error" "$@" check "$bad"
try 0 "usage: pvctl create" "$@" create --help
exit $status
