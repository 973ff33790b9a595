/* SPDX-License-Identifier: MIT */
/* disk_speed.h: the builtin `disk-speed`. */
#ifndef DOM0_DISK_SPEED_H
#define DOM0_DISK_SPEED_H

int disk_speed(int argc, char **argv);

#endif
