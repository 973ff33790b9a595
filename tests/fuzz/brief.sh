#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each fuzzer named for a few seconds (FUZZ_BRIEF); one line of TAP each. What it finds stays beside the program as crash-*.
bad=0
for program; do
    name=$(basename "$program")
    if [ ! -x "$program" ]; then
        echo "ok - fuzz: $name # SKIP not built: clang is not installed"
    elif "$program" -max_total_time="${FUZZ_BRIEF:-5}" -max_len=800 -verbosity=0 -close_fd_mask=1 \
        -artifact_prefix="$(dirname "$program")/" >"$program.log" 2>&1; then
        echo "ok - fuzz: $name finds nothing in ${FUZZ_BRIEF:-5} s"
    else
        tail -n 20 "$program.log" | sed 's/^/# /'
        echo "not ok - fuzz: $name"
        bad=1
    fi
done
exit $bad
