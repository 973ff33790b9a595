/* SPDX-License-Identifier: MIT */
/*
 * What a script of dom0's commands needs, as one RAM disk: dom0's own, the script, and each of the user's
 * files that a line of it names, so that the run takes no input from outside.
 * Owns: nothing. Invariant: SF1 the archive depends on the names and contents of those files, and on
 * nothing else: no date, no owner, no place. Read next: script_machine.h.
 */
#ifndef SCRIPT_FILES_H
#define SCRIPT_FILES_H

#include <stdint.h>

/* Where the script lies in the RAM disk. */
#define SCRIPT_FILES_SCRIPT ".run/script"

struct script_files_size {
    uint64_t archive; /* bytes of the RAM disk */
    uint64_t
        writable; /* bytes of the files in it that guests may write to, which are copied then */
};

/*
 * Writes the archive to `path`. `script` is a file, "-" for standard input; `base` is dom0's RAM disk. Relative
 * names start at the current directory, which is the root of the RAM disk. 0, or an exit status after a
 * message: a configuration is broken, a name leads above the current directory, a file cannot be read.
 */
int script_files_pack(const char *path, const char *base, const char *script, const char *seed,
                      struct script_files_size *size);

#endif
