# SPDX-License-Identifier: MIT
# Turns `nm -n` of the first link into the table that panic.c searches: struct symbol {offset, name}
# from image_start, which is 0x100000 in guest.lds.
function number(text,    i, value) {
    value = 0
    for (i = 1; i <= length(text); i++) {
        value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
    }
    return value
}
BEGIN {
    print "    .section .symbols, \"a\""
    print "    .balign 4\n    .globl symbols_table\nsymbols_table:"
    count = 0
    offset = 0
    names = ""
}
$2 ~ /^[tTwW]$/ && $3 != "image_start" && $3 !~ /^[.$]/ {
    address = number($1) - 1048576
    if (address < 0 || address == last) next
    last = address
    printf "    .long %d, %d\n", address, offset
    name[count++] = $3
    offset += length($3) + 1
}
END {
    printf "    .globl symbols_count\nsymbols_count: .long %d\n", count
    print "    .globl symbols_names\nsymbols_names:"
    for (i = 0; i < count; i++) printf "    .asciz \"%s\"\n", name[i]
    print "    .section .note.GNU-stack, \"\", @progbits"
}
