# SPDX-License-Identifier: MIT
# From `nm -n`: a table of {offset from HV_TEXT_START, offset of the name}, sorted by address, in assembly.
# It follows all code in the image, so that its size moves no address in it.
BEGIN {
    count = 0
}
$2 ~ /^[Tt]$/ && length($1) == 16 && substr($1, 1, 8) == "ffff82d0" {
    offset[count] = substr($1, 9, 8)
    name[count++] = $3
}
END {
    print ".section .symbols, \"a\""
    print ".globl symbol_table, symbol_table_count, symbol_names"
    print ".balign 4"
    print "symbol_table_count: .long " count
    print "symbol_table:"
    position = 0
    for (i = 0; i < count; i++) {
        print ".long 0x" offset[i] " - 0x80000000, " position
        position += length(name[i]) + 1
    }
    print "symbol_names:"
    for (i = 0; i < count; i++) {
        print ".string \"" name[i] "\""
    }
}
