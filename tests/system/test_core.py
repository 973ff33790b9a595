#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Core files: of a living domain (dump-core) and of a crashed one (on_crash); GDB and the ELF tools read them."""
import re, shutil, struct, subprocess
from harness import Skip, expect, expect_run, main, wait_until
from machine import domains, real, wait_for_log, write_config

GREETING = "Hello from a paravirtual guest."
shared = None


def machine():
    global shared
    if shared is None:
        shared = real()
        expect_run(shared.run("up", timeout=90), 0, stderr="the machine is up")
    return shared


def start(name, **changes):
    write_config(machine(), name, **changes)
    expect_run(machine().run("create", f"{name}.cfg"), 0)
    wait_for_log(machine(), name, GREETING)


def crash(name):
    terminal = machine().start("console", name, stdin=-1)
    try:
        terminal.communicate("crash\n", timeout=3)
    except subprocess.TimeoutExpired:
        terminal.kill()
        terminal.communicate()


def tool(*words):
    if shutil.which(words[0]) is None:
        raise Skip(f"{words[0]} is not installed")
    result = subprocess.run([str(w) for w in words], capture_output=True, text=True, errors="replace",
                            cwd=machine().work, timeout=60)
    return result.stdout + result.stderr


def gdb(core, *commands):
    return tool("gdb", "-nx", "-batch", *(word for c in commands for word in ("-ex", c)), "hello.elf", core)


def test_a_living_domain_is_dumped_and_goes_on():
    start("alive")
    expect_run(machine().run("dump-core", "alive", "alive.core"), 0, stderr="4 MiB")
    expect(domains(machine())["alive"][3] == "-b----", "it goes on", domains(machine()))
    text = gdb("alive.core", "backtrace", "x/s 0x100000", "info threads")
    for words in ("event_idle (", "schedule ()", "thread_trampoline"):
        expect(words in text, "gdb says", words, text)
    text = tool("objdump", "-h", "alive.core")
    expect("load1 " in text and ".reg/1" in text, "objdump lists", text)
    text = tool("readelf", "-SW", "alive.core")
    for words in (".note.Xen", ".xen_prstatus", ".xen_shared_info", ".xen_p2m", ".xen_pages"):
        expect(words in text, "readelf lists", words, text)
    expect_run(machine().run("destroy", "alive"), 0)


def sections(data):
    """{name: (offset, size, entry size)}"""
    offset, = struct.unpack_from("<Q", data, 40)
    count, names = struct.unpack_from("<HH", data, 60)
    heads = [struct.unpack_from("<IIQQQQIIQQ", data, offset + 64 * i) for i in range(count)]
    text = data[heads[names][4]:]
    return {text[h[0]:text.index(b"\0", h[0])].decode(): (h[4], h[5], h[9]) for h in heads}


def test_the_sections_are_xens():
    start("plain")
    expect_run(machine().run("dump-core", "--xen", "plain", "plain.core"), 0)
    data = (machine().work / "plain.core").read_bytes()
    expect(struct.unpack_from("<H", data, 56)[0] == 0, "no program headers")
    found = sections(data)
    note, size, _ = found[".note.Xen"]
    kinds, at = [], note
    while at < note + size:
        name, length, kind = struct.unpack_from("<III", data, at)
        expect(name == 4 and data[at + 12:at + 16] == b"Xen\0", "a note of Xen's", data[at:at + 16])
        kinds.append(kind)
        if kind == 0x2000001:
            magic, vcpus, pages, page_size = struct.unpack_from("<QQQQ", data, at + 16)
        at += 16 + (length + 3) // 4 * 4
    expect(kinds == [0x2000000, 0x2000001, 0x2000002, 0x2000003], "the four notes", kinds)
    expect((magic, vcpus, page_size) == (0xf00febed, 1, 4096), "the header", magic, vcpus, page_size)
    expect(found[".xen_p2m"][1:] == (16 * pages, 16) and found[".xen_pages"][1:] == (4096 * pages, 4096) and
           found[".xen_pages"][0] % 4096 == 0, "a page for each line of the table", found)
    expect(found[".xen_prstatus"][1:] == (5168, 5168), "a vcpu_guest_context", found)
    p2m = [struct.unpack_from("<QQ", data, found[".xen_p2m"][0] + 16 * i) for i in range(pages)]
    expect(p2m == sorted(p2m) and len({mfn for _, mfn in p2m}) == pages, "ascending, each frame once")
    # hello's first instruction is where the image has it: pfn 0x100, when VIRT_BASE is 0.
    image = (machine().work / "hello.elf").read_bytes()
    index = [pfn for pfn, _ in p2m].index(0x100)
    page = data[found[".xen_pages"][0] + 4096 * index:][:256]
    expect(page in image, "the memory is the guest's", page[:32])
    expect_run(machine().run("destroy", "plain"), 0)


def context(name):
    """(flags, FXSAVE image) of its vCPU 0."""
    expect_run(machine().run("dump-core", "--xen", name, "context.core"), 0)
    data = (machine().work / "context.core").read_bytes()
    at = sections(data)[".xen_prstatus"][0]
    return struct.unpack_from("<Q", data, at + 512)[0], data[at:at + 512]


def test_the_fpu_is_in_a_context_and_survives_being_set():
    start("float")
    flags, image = context("float")
    expect(flags & 1, "VGCF_i387_valid", flags)
    expect(struct.unpack_from("<H", image)[0] == 0x37f and struct.unpack_from("<I", image, 24)[0] == 0x1f80,
           "control words", image[:32])
    expect(any(image[160:416]), "SSE registers in use", image[160:416])
    # GDB writes whole contexts back; then the guest runs on with what was written.
    text = machine().run("gdb", "float", timeout=60, input="set var $rbx = $rbx\ndetach\n",
                         HOME=str(machine().root / "home"))
    expect("Detaching" in text.stdout, "gdb ran", text)
    expect(context("float") == (flags, image), "the same FPU state", image, context("float")[1])
    expect_run(machine().run("destroy", "float"), 0)


def test_a_crash_leaves_a_core_where_create_was_called():
    start("dead", on_crash='"coredump-destroy"')
    crash("dead")
    wait_until(lambda: "dead" not in domains(machine()), 10, "it is destroyed")
    expect("core is in" in machine().run("logs", "dead").stdout, "the log says where",
           machine().run("logs", "dead").stdout[-600:])
    text = gdb("dead.core", "backtrace", "print $rip")
    for words in ("SIGSEGV", "shutdown_crash", "trap_handle", "crash ("):
        expect(words in text, "gdb says", words, text)


def test_coredump_restart_also_makes_it_again_and_again():
    start("again", on_crash='"coredump-restart"')
    core, numbers = machine().work / "again.core", [domains(machine())["again"][0]]
    for _ in range(2):
        crash("again")
        wait_until(lambda: domains(machine()).get("again", (numbers[-1],))[0] != numbers[-1], 15, "it came back")
        numbers.append(domains(machine())["again"][0])
        wait_for_log(machine(), "again", GREETING)
        expect(core.exists() and core.stat().st_size > 4 << 20, "its core")
        core.unlink()
    expect_run(machine().run("destroy", "again"), 0)


def test_what_cannot_be_dumped_is_said():
    expect_run(machine().run("dump-core", "nobody", "x.core"), 3, stderr="nobody")
    expect(not (machine().work / "x.core").exists(), "nothing is left")
    expect_run(machine().run("dump-core", "0", "x.core"), 6, stderr="domain 0")
    expect_run(machine().run("dump-core", "0", "none/x.core"), 4, stderr="none/x.core")
    expect(re.search("usage: pvctl dump-core", machine().run("dump-core", "--help").stdout), "help")


def run_all():
    try:
        main("core files", [f for name, f in list(globals().items()) if name.startswith("test_")])
    finally:
        if shared is not None:
            shared.close()


run_all()
