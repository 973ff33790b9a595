/* SPDX-License-Identifier: MIT */
/* The PC's text screen, 80 by 25. Output only. */
#pragma once

#include "../lib/compiler.h"

/* console=vga: clears it. Before this screen_write does nothing. Nothing is seen after UEFI, which leaves no text mode. */
void screen_init(void);
/* Knows \n, \r, \b and the sequences that clear a line's rest, clear all, and go back; skips others. */
void screen_write(const char *text, size_t size);
