# SPDX-License-Identifier: MIT
"""What students get wrong in lab 1: a change to the solution, the tests it must lose, and words of the message it must get."""

CALL = "xenlike/course/hc_checksum.c"
VERSION = "xenlike/hypercall/hc_xen_version.c"

WRONG_ANSWERS = [
    {"name": "no bounds check", "file": CALL,
     "was": "    if (asked.length > CHECKSUM_LENGTH_MAX) {\n        return -XEN_E2BIG;\n    }\n", "is": "",
     "loses": {"checksum_limits", "random_calls"}, "says": r"a length of 4097: -E2BIG \(-7\)"},
    {"name": "the request is fetched twice", "file": CALL,
     "was": "    for (uint32_t done = 0, size;",
     "is": "    if (guest_access_read(&asked, GVA(request), sizeof(asked)) != 0) {\n        return -XEN_EFAULT;\n    }\n"
           "    for (uint32_t done = 0, size;",
     "loses": {"checksum_fetched_once"}, "says": "was read 2 times"},
    {"name": "the wrong errno", "file": CALL,
     "was": "GVA(asked.buffer + done), size) != 0) {\n            return -XEN_EFAULT;",
     "is": "GVA(asked.buffer + done), size) != 0) {\n            return -XEN_EINVAL;",
     "loses": {"checksum_faults", "checksum_each_copy", "checksum_hypervisor_pointers", "random_calls"},
     "says": r"seen -EINVAL \(-22\)"},
    {"name": "a pointer into the hypervisor is trusted", "file": CALL,
     "was": "guest_access_read(piece, GVA(asked.buffer + done), size)",
     "is": "machine_copy_from_guest(piece, GVA(asked.buffer + done), size)",
     "loses": {"checksum_hypervisor_pointers", "random_calls"}, "says": "a buffer at 0xffff800000000000: -EFAULT"},
    {"name": "bytes of the stack go out", "file": CALL, "was": "    memset(&result, 0, sizeof(result));\n", "is": "",
     "loses": {"checksum_leaks_nothing"}, "says": "what lay on the hypervisor's stack"},
    {"name": "a text without the zeros behind it", "file": VERSION,
     "was": 'ANSWER(extra, answer_text(arg, ".0-xenlike", sizeof(xen_extraversion_t)))',
     "is": 'ANSWER(extra, guest_access_write(arg, ".0-xenlike", sizeof(".0-xenlike")))',
     "loses": {"version_texts"}, "says": "zeros behind the text"},
]
