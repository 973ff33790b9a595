/* SPDX-License-Identifier: MIT */
/*
 * What newlib's <dirent.h> expects of the system.
 */
#ifndef _SYS_DIRENT_H
#define _SYS_DIRENT_H

#include <sys/types.h>

#define DT_UNKNOWN 0
#define DT_DIR     4
#define DT_REG     8

struct dirent {
    ino_t d_ino;
    unsigned char d_type;
    char d_name[256];
};

typedef struct directory_stream DIR;

DIR *opendir(const char *path);
struct dirent *readdir(DIR *stream);
void rewinddir(DIR *stream);
int closedir(DIR *stream);

#endif
