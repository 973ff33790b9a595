#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kernels as people write them by hand (tests/kernels/small): by each form of notes, through the old doors. XEN=1: on
real Xen."""
import shutil
import test_kernels as kernels
from harness import BUILD, Skip, expect_run, main
from machine import write_config
from test_kernels import Guest, machine


def have_small(style):
    source = BUILD / "tests/kernels" / f"{style}.elf"
    if not source.exists():
        raise Skip(f"{source} is not built: make test-programs")
    shutil.copy(source, machine().work / source.name)


def small(style):
    have_small(style)
    with Guest(style, kernel=f'"{style}.elf"', memory="16") as guest:
        guest.console.expect_exact(f"small: {style}")
        guest.console.expect("small: [^\r]*is [^\r]*")
        said = guest.console.before + guest.console.after
        kernels.expect("small: all is well" in said, "it found nothing wrong", said)
        guest.console.expect("ended: poweroff")


def test_notes_in_a_section_alone_and_a_hypercall_page_as_in_mini_os():
    small("mini-os")


def test_control_registers_before_the_trap_table_as_in_unikraft():
    small("unikraft")


def test_the_old_text_and_a_base_of_its_own_as_in_gnu_mach():
    small("legacy")


def test_no_hypercall_page_and_a_high_base_as_in_linux():
    small("direct")


def test_a_32_bit_kernel_is_refused_with_its_reason():
    have_small("elf32")
    write_config(machine(), "elf32", kernel='"elf32.elf"', memory="16")
    expect_run(machine().run("create", "elf32.cfg"), 4, stderr=["32-bit"])


if __name__ == "__main__":
    try:
        main("small", [value for name, value in list(globals().items()) if name.startswith("test_")])
    finally:
        if kernels.shared is not None:
            kernels.shared.close()
