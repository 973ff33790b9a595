/* SPDX-License-Identifier: MIT */
/* The PC's text screen, 80 by 25, or the same drawn into a picture. Output only. */
#pragma once

#include "../lib/compiler.h"

/* Where the loader left a picture instead of a text mode (UEFI): red, green, blue, of 24 or 32 bits. */
struct screen_pixels {
    uint64_t address; /* 0: none */
    uint32_t pitch, width, height, bits;
};

/* console=vga: clears it. Before this screen_write does nothing. */
void screen_init(const struct screen_pixels *pixels);
/* When devices can be mapped: what was written since is drawn. */
void screen_open_pixels(void);
/* Knows \n, \r, \b and the sequences that clear a line's rest, clear all, and go back; skips others. */
void screen_write(const char *text, size_t size);

extern const uint64_t screen_font[95];
