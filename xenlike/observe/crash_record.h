/* SPDX-License-Identifier: MIT */
/*
 * The last words of a hypervisor that panicked, where a reset leaves them: two pages that the heap never gets. Shown by the debug key 'c' (machine_print_crash_record), whose lines `pvctl crashlog` prints.
 * Invariant: CR1 a record counts only with its magic and its sum. Read next: crash_record.c, panic.c.
 */
#pragma once

/* Where neither firmware nor QEMU's loader writes: SeaBIOS uses what is below 1 MiB and the end of RAM. */
#define CRASH_RECORD_ADDRESS UINT64_C(0xffe000)
#define CRASH_RECORD_SIZE    8192

/* Its pages are kept from the heap; without this call there is no record. */
void crash_record_found(void);
/* The end of the log becomes the record. From a panic: takes no lock. */
void crash_record_save(void);
