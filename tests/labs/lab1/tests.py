# SPDX-License-Identifier: MIT
"""Lab 1: hypercalls. What xen_version and checksum must answer; exam.c and fake_exam.c print what they did."""
import json, struct, subprocess, zlib
from judge import Test, Wrong, expect, named, xorshift

CALL = "docs/labs/1-hypercalls/checksum.md"
THEORY = "docs/labs/1-hypercalls/README.md"
VERSION = "docs/abi/xen_version.md"
MEMORY = "docs/labs/1-hypercalls/README.md#a-pointer-is-only-a-number"
EFAULT, EINVAL, E2BIG = -14, -22, -7
MAXIMUM = 4096
FILL = "aa" * 16
START = 0xffff800000000000


def examiner_random(seed):
    return xorshift((seed * 2654435761 + 88172645463325252) % (1 << 64))


def buffer_of(seed):
    """The examiner's two pages, and its generator after them."""
    numbers = examiner_random(seed)
    return bytes(next(numbers) & 255 for _ in range(2 * 4096)), numbers


def answer_bytes(data):
    return struct.pack("<B3xIQ", 1, zlib.adler32(data), len(data)).hex()


def text_is(name, wanted, size):
    def judge(world):
        result, dirty, beyond, *text = world.one(name)
        expect(result, 0, f"{name} answers")
        seen = bytes.fromhex(text[0] if text else "").decode("ascii", "replace")
        if seen != wanted:
            raise Wrong(f"the text '{wanted}'", f"'{seen}'")
        if int(dirty):
            raise Wrong(f"zeros behind the text, up to {size} bytes: the answer is a whole array",
                        f"{dirty} bytes that are not 0")
        if int(beyond):
            raise Wrong(f"{size} bytes written", f"{beyond} bytes written behind them, in memory that is the guest's")
    return judge


def pagesize(world):
    without, pointer = world.one("pagesize")
    expect(without, 4096, "pagesize with a NULL pointer")
    expect(pointer, EINVAL, "pagesize with a pointer")


def handle(world):
    result, seen = world.one("handle")
    expect(result, 0, "guest_handle answers")
    domains = json.loads(world.output("list --json"))["domains"]
    wanted = [d["uuid"].replace("-", "") for d in domains if d["name"] == "exam"][0]
    if seen != wanted:
        raise Wrong(f"the uuid that `pvctl list` shows, {wanted}", seen)


def commandline(world):
    text_is("commandline", "<denied>", 1024)(world)
    seen = world.output("info xen_commandline").strip()
    if not seen or seen == "<denied>" or "xen_commandline" in seen:
        raise Wrong("dom0, which is privileged, to read the hypervisor's own command line", f"'{seen}'")


def version_faults(world):
    for where, result in zip(("an unmapped address", "an address of the hypervisor's", "the end of the guest's half"),
                             world.one("version_faults")):
        expect(result, EFAULT, f"an answer that should go to {where}")


def value(world):
    data, _ = buffer_of(world.seed)
    for i, length in enumerate((0, 1, 16, 255, 256, 257, 1000, 4095, 4096)):
        result, seen = world.one(f"value_{length}")
        expect(result, 0, f"{length} bytes")
        wanted = answer_bytes(data[i:i + length])
        if (seen[:2], seen[8:]) != (wanted[:2], wanted[8:]):
            raise Wrong(f"for {length} bytes, algorithm, sum and length {wanted[:2]} {wanted[8:16]} {wanted[16:]} (as stored, "
                        "low byte first)", f"{seen[:2]} {seen[8:16]} {seen[16:]}")


def refused(world, name, error, why):
    result, seen = world.one(name)
    expect(result, error, why)
    if seen != FILL:
        raise Wrong(f"{why}: nothing written to the result", f"the bytes {seen}")


def limits(world):
    refused(world, "length_4097", E2BIG, "a length of 4097")
    refused(world, "length_2_31", E2BIG, "a length of 2^31")
    refused(world, "length_2_32_less_1", E2BIG, "a length of 2^32 - 1")
    refused(world, "flags_1", EINVAL, "flags that are not 0")


def faults(world):
    for where, result in zip(("at an unmapped address", "at address 8"), world.one("request_faults")):
        expect(result, EFAULT, f"a request {where}")
    refused(world, "buffer_faults", EFAULT, "a buffer at an unmapped address")
    refused(world, "buffer_ends_early", EFAULT, "a buffer whose second half is not mapped")
    result, is_kept = world.one("result_read_only")
    expect(result, EFAULT, "a result in a page that is mapped read-only")
    if is_kept != "1":
        raise Wrong("a page that the guest may not write stays as it was", "it was written")


def hypervisor_pointers(world):
    lines = world.exam("request_and_result_at")
    for at in ("ffff800000000000", "ffff800000001000", "ffff87fffffffff8", "7ffffffffff8", "800000000000",
               "fffffffffffffff0"):
        refused(world, f"buffer_at_{at}", EFAULT, f"a buffer at 0x{at}")
        found = [words for words in lines if words[0] == at]
        if not found:
            world.one("request_and_result_at_" + at)
        expect(found[0][1], EFAULT, f"a request at 0x{at}")
        expect(found[0][2], EFAULT, f"a result at 0x{at}")
    world.one("end")


def fetched_once(world):
    result, seen, reads = world.one("fetched_once")
    expect(result, 0, "a request that another processor changes meanwhile")
    length = int.from_bytes(bytes.fromhex(seen)[8:16], "little")
    if int(reads) != 1 or length != 64:
        raise Wrong("the request is read once, and what was checked is what is used: length 64",
                    f"its length was read {reads} times, and the answer says {length}")


def nothing_leaks(world):
    result, seen = world.one("nothing_leaks")
    expect(result, 0, "a good request")
    if seen[2:8] != "000000":
        raise Wrong("zeros in the three bytes between `algorithm` and `sum`",
                    f"{seen[2:8]}: " + ("what lay on the hypervisor's stack" if seen[2:8] != "aaaaaa" else "not written"))


def each_copy_fails(world):
    seen = world.one("each_copy_fails")
    if seen[-1:] != ["end"] or len(seen) < 4:
        raise Wrong("a call that reads a request and its bytes, and writes a result", " ".join(seen) or "nothing")
    for number, result in enumerate(seen[:-1], 1):
        expect(result, EFAULT, f"when copy {number} of the call fails")


def random_calls(world):
    data, numbers = buffer_of(world.seed)
    digest = 14695981039346656037
    for _ in range(10000):
        dice = next(numbers)
        length, offset, kind = dice % 97, dice >> 8 & 4095, dice >> 24 & 7
        status = {0: EFAULT, 1: E2BIG, 2: EINVAL}.get(kind, 0)
        for part in (status % (1 << 64), zlib.adler32(data[offset:offset + length]) if status == 0 else 0):
            digest = (digest ^ part) * 1099511628211 % (1 << 64)
    count, seen = world.one("random_calls")
    if seen != f"{digest:x}":
        raise Wrong(f"the results of 10,000 calls made from your seed, {digest:x} when summed up", seen)
    if world.death():
        raise Wrong("the hypervisor alive afterwards", world.death())


TESTS = [
    Test("version_texts", 8, VERSION, lambda w: (text_is("extraversion", ".0-xenlike", 16)(w),
                                                 text_is("capabilities", "xen-3.0-x86_64 ", 1024)(w)),
         ["The answer is an array of fixed size; see its type in include/public/version.h.",
          "What is behind the text must be zeros: the guest may have had anything there.",
          "hc_xen_version.c has a helper that other answers use: answer_text."]),
    Test("version_pagesize", 6, VERSION, pagesize,
         ["Not every answer goes through the pointer.", "The result itself is the answer; a pointer is then an error.",
          "PAGE_SIZE when arg.v is 0, else -XEN_EINVAL."]),
    Test("version_handle", 6, VERSION, handle,
         ["Sixteen bytes name a domain for ever.", "current_domain() is the one that asks.",
          "guest_access_write(arg, current_domain()->handle, sizeof(xen_domain_handle_t))."]),
    Test("version_commandline", 8, VERSION, commandline,
         ["Who may read the hypervisor's command line?", "struct domain knows whether it is privileged.",
          "A domain that is not gets the text <denied>, not an error: Linux prints it."]),
    Test("version_faults", 6, MEMORY, version_faults,
         ["The guest's pointer may be anything.", "guest_access_write refuses what it must; use its result.",
          "Return -XEN_EFAULT when guest_access_write does not return 0."]),
    Test("checksum_value", 14, CALL, value,
         ["Sum 0 bytes first, then 1: RFC 1950 says what a and b begin with.",
          "256 right and 257 wrong? Then the second piece begins at the wrong address.",
          "a starts as 1, b as 0; b adds the new a; both modulo 65521; the sum is b << 16 | a."]),
    Test("checksum_limits", 10, CALL, limits,
         ["What if the length is larger than any buffer?", "Compare before anything is read or written, unsigned.",
          "length > CHECKSUM_LENGTH_MAX is -XEN_E2BIG; then flags != 0 is -XEN_EINVAL."]),
    Test("checksum_faults", 10, MEMORY, faults,
         ["Each copy can fail, and each has a result.", "-EFAULT, not -EINVAL; and nothing goes out before all went well.",
          "Check guest_access_read and guest_access_write, return -XEN_EFAULT."]),
    Test("checksum_each_copy", 6, MEMORY, each_copy_fails,
         ["The page may vanish between two pieces.", "Look at the result of every guest_access_ call.",
          "The write of the result is a copy, too: return what it returns."]),
    Test("checksum_hypervisor_pointers", 10, MEMORY, hypervisor_pointers,
         ["The guest may name an address that only you can read.", "In ring 0 a pointer into ring 0's half works.",
          "Never dereference, never machine_copy_...: only guest_access_ looks at the range."]),
    Test("checksum_fetched_once", 6, MEMORY, fetched_once,
         ["Another processor of the guest writes while you read.", "What you checked must be what you use.",
          "Read the whole struct into a local once; afterwards look only at the local."]),
    Test("checksum_leaks_nothing", 5, CALL, nothing_leaks,
         ["sizeof(struct checksum_result) is more than the sum of its members.", "What is between them comes from your stack.",
          "memset the whole struct, then set the members, then write it."]),
    Test("random_calls", 5, THEORY, random_calls,
         ["The other tests first.", "One of 10,000 calls differs: an edge of length or offset.",
          "Lengths up to 96 at any offset of a page, good and bad; nothing new is asked."]),
]
SCRIPT = """create -p exam.cfg
list --json
-info xen_commandline
unpause exam
-console exam
logs exam
"""


def examine(world, exact_run):
    config = f'name = "exam"\nkernel = "exam.elf"\nmemory = 6\nextra = "token={world.token} seed={world.seed}"\n'
    world.outputs, world.printed = exact_run(world.build, world.seed, SCRIPT, {
        "exam.cfg": config.encode(), "exam.elf": (world.build / "labs/lab1/exam.elf").read_bytes()})
    fake = subprocess.run([world.build / "labs/lab1/fake_exam", world.token, str(world.seed)], capture_output=True,
                          text=True, timeout=20)
    world.observed = world.output("logs exam") + fake.stdout
