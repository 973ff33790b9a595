# SPDX-License-Identifier: MIT
"""Lab 0: the tools, and a first guest. What start-info printed, against what the hypervisor and the store know."""
import json, re, subprocess
from judge import Test, Wrong

PAGE = "docs/labs/0-first-guest/README.md"


def printed(world, key):
    """What the guest printed behind "key: "."""
    text = world.output("logs start-info")
    found = re.findall(rf"^{re.escape(key)}: (.*)$", text, re.M)
    if len(found) != 1:
        begin = " / ".join(text.split("\n")[:3]).strip() or "nothing"
        raise Wrong(f"one line '{key}: ...'", f"{len(found)} of them; the guest printed: {begin}")
    return found[0]


def line_is(key, wanted, why):
    def judge(world):
        seen, right = printed(world, key), wanted(world)
        if seen != right:
            raise Wrong(f"'{key}: {right}' ({why})", f"'{key}: {seen}'")
    return judge


def domain(world):
    return [d for d in json.loads(world.output("list --json"))["domains"] if d["name"] == "start-info"][0]


def store(world, *path):
    """A value of the guest's own directory in the store."""
    depth = [f"{' ' * i}{name} = " for i, name in enumerate(path)]
    text = world.output("xenstore ls /local/domain/1")
    for line in depth[:-1]:
        text = text[text.index(line):]
    return re.search(rf'^ *{path[-1]} = "(.*)"$', text, re.M).group(1)


def ring(name):
    return lambda world: f"frame {store(world, name, 'ring-ref')}, port {store(world, name, 'port')}"


def answer(key, wanted, why):
    def judge(world):
        path = world.top / "answers.txt"
        text = path.read_text() if path.exists() else ""
        found = re.search(rf"^{key}:[ \t]*(.*?)[ \t]*$", text, re.M)
        seen, right = found.group(1) if found else "", wanted(world)
        if seen.lower() != right.lower():
            raise Wrong(f"in answers.txt, {key}: {why}", f"'{seen}'" if seen else "no answer")
    return judge


def entry(world):
    text = subprocess.run(["readelf", "-hW", world.build / "guest/start-info.elf"], capture_output=True, text=True).stdout
    found = re.search(r"Entry point address:\s*(0x[0-9a-f]+)", text)
    return found.group(1) if found else "an image that is built"


TESTS = [
    Test("magic", 5, PAGE, line_is("magic", lambda w: "xen-3.0-x86_64", "the builder's name for the interface"),
         ["It is the first member.", "A text of at most 32 bytes, with its end.", 'printf("magic: %s\\n", start->magic)']),
    Test("nr_pages", 10, PAGE, line_is("nr_pages", lambda w: str(domain(w)["memory_kib"] // 4), "pages of 4 KiB, as `pvctl list` "
                                       "shows the memory"),
         ["Which unit?", "Pages, as the member says.", 'printf("nr_pages: %lu\\n", start->nr_pages)']),
    Test("shared_info", 15, PAGE, line_is("shared_info", lambda w: f"0x{domain(w)['shared_info_frame'] * 4096:x}",
                                          "a machine address, as the hypervisor has it"),
         ["Frame or address?", "A machine ADDRESS; print it in hexadecimal.", 'printf("shared_info: 0x%lx\\n", start->shared_info)']),
    Test("flags", 5, PAGE, line_is("flags", lambda w: "0x0", "an ordinary guest has no privileges"),
         ["In hexadecimal.", "SIF_ names its bits.", '0x%" PRIx32 "']),
    Test("store", 15, PAGE, line_is("store", ring("store"), "as the store's own node of the guest says"),
         ["A frame and a port.", "store_mfn, store_evtchn; both decimal.", '"store: frame %lu, port %" PRIu32']),
    Test("console", 15, PAGE, line_is("console", ring("console"), "as the store's node of the console says"),
         ["It is in a union: dom0 has something else there.", "An ordinary guest's is domU.",
          "start->console.domU.mfn and .evtchn; xen.h has short names for them."]),
    Test("command_line", 15, PAGE, line_is("command line", lambda w: f"seed={w.seed} course of {w.seed % 97} words",
                                           "the whole of `extra`"),
         ["All of it, blanks too.", "It ends at the first 0.", '"%s" and cmd_line']),
    Test("answer_start", 5, PAGE, answer("gdb_start", lambda w: "start", "the function where `make qemu-gdb` first stops"),
         ["`make qemu-gdb` prints it.", "(gdb) backtrace", "The hypervisor's first C function."]),
    Test("answer_handler", 5, PAGE, answer("gdb_handler", lambda w: "hc_xen_version", "the function that serves hypercall 17"),
         ["In `make qemu-gdb`: print the table.", "(gdb) print hypercall_table[17]", "Its name begins with hc_."]),
    Test("answer_entry", 5, PAGE, answer("gdb_entry", entry, "the address of your guest's first instruction, 0x..., as gdb shows "
                                         "it after `pvctl create -p`"),
         ["`pvctl create -p`, then `pvctl gdb`.", "(gdb) print/x $rip", "It is the ELF's entry point, too."]),
    Test("answer_paused", 5, PAGE, answer("list_paused", lambda w: "--p---", "the six state letters of a domain that was created "
                                          "with -p"),
         ["`pvctl list`", "Six characters, most of them -.", "The third one says it."]),
]
SCRIPT = """create -p start-info.cfg
list --json
xenstore ls /local/domain/1
unpause start-info
-console start-info
logs start-info
"""


def examine(world, exact_run):
    memory = 5 + world.seed % 59
    config = f'name = "start-info"\nkernel = "start-info.elf"\nmemory = {memory}\n' \
             f'extra = "seed={world.seed} course of {world.seed % 97} words"\n'
    world.outputs, world.printed = exact_run(world.build, world.seed, SCRIPT, {
        "start-info.cfg": config.encode(), "start-info.elf": (world.build / "guest/start-info.elf").read_bytes()})
