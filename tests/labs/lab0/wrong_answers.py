# SPDX-License-Identifier: MIT
"""What students get wrong in lab 0: a change to the solution, the tests it must lose, and words of the message it must get."""

GUEST = "guest-pv-kernel/apps/start-info/main.c"

WRONG_ANSWERS = [
    {"name": "memory in KiB", "file": GUEST, "was": "start->nr_pages);", "is": "start->nr_pages * 4);",
     "loses": {"nr_pages"}, "says": "pages of 4 KiB"},
    {"name": "a frame where an address is asked", "file": GUEST, "was": "start->shared_info);",
     "is": "start->shared_info >> 12);", "loses": {"shared_info"}, "says": "a machine address"},
    {"name": "the console of dom0's half of the union", "file": GUEST,
     "was": "start->console_mfn, start->console_evtchn);",
     "is": "(unsigned long)start->console.dom0.info_off, start->console.dom0.info_size);",
     "loses": {"console"}, "says": "the store's node of the console"},
    {"name": "the command line up to its first blank", "file": GUEST, "was": '    printf("command line: %s\\n", (const char *)start->cmd_line);',
     "is": '    printf("command line: ");\n    for (const char *c = (const char *)start->cmd_line; *c > \' \'; c++) {\n'
           "        putchar(*c);\n    }\n    putchar('\\n');",
     "loses": {"command_line"}, "says": "the whole of `extra`"},
    {"name": "another student's output, printed", "file": GUEST, "was": "    const struct start_info *start = start_information();\n",
     "is": '    static const struct start_info text = {.magic = "xen-3.0-x86_64", .nr_pages = 1024, .shared_info = 0x1ffb4000,\n'
           "        .store_mfn = 130694, .store_evtchn = 1, .console.domU = {130693, 2}, .cmd_line = \"seed=77\"};\n"
           "    const struct start_info *start = &text;\n",
     "loses": {"nr_pages", "shared_info", "store", "console", "command_line"}, "says": "as the store's own node of the guest says"},
    {"name": "another guest's entry point", "file": "answers.txt", "was": "gdb_entry: ", "is": "gdb_entry: 0x1234",
     "loses": {"answer_entry"}, "says": "first instruction"},
]
