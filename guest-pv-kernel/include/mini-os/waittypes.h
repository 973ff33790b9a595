/* SPDX-License-Identifier: MIT */
/* The types of wait.h, by the name some include them by. */
#ifndef MINI_OS_WAITTYPES_H
#define MINI_OS_WAITTYPES_H

#include <mini-os/wait.h>

#endif
