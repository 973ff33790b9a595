/* SPDX-License-Identifier: MIT */
/* net_speed.h: the builtin `net-speed`. */
#ifndef DOM0_NET_SPEED_H
#define DOM0_NET_SPEED_H

int net_speed(int argc, char **argv);

#endif
