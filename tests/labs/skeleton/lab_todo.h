/* SPDX-License-Identifier: MIT */
/*
 * What stands where your code goes: says once which place was reached, and is -ENOSYS. The compiler's command line includes it everywhere.
 */
#ifndef LAB_TODO_H
#define LAB_TODO_H

#ifdef __XEN__
#define LAB_TODO_SAY print
void print(const char *format, ...) __attribute__((format(printf, 1, 2), visibility("hidden")));
#else
#define LAB_TODO_SAY printf
#include <stdio.h>
#endif

#define lab_todo(what)                                                                    \
    ({                                                                                    \
        static _Bool lab_todo_said;                                                       \
        if (!lab_todo_said) {                                                             \
            lab_todo_said = 1;                                                            \
            LAB_TODO_SAY("lab: %s:%d is yours to write: %s\n", __FILE__, __LINE__, what); \
        }                                                                                 \
        -38;                                                                              \
    })

#endif
