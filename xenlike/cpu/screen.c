/* SPDX-License-Identifier: MIT */
/* Characters and colours in memory at 0xb8000; the cursor in two registers of the 6845. */
#include "screen.h"

#include "machine.h"
#include "registers.h"

#define TEXT_MEMORY 0xb8000
#define ROWS        25u
#define COLUMNS     80u
#define CELLS       (ROWS * COLUMNS)
#define GREY        0x0700u
#define ESCAPE      0x1b
#define CRT_INDEX   0x3d4
#define CRT_DATA    0x3d5
#define CURSOR_HIGH 0x0e
#define CURSOR_LOW  0x0f

static volatile uint16_t *cells;
static uint32_t cursor;  /* < CELLS */
static bool in_sequence; /* behind an escape, before the letter that ends it */
static uint32_t number;  /* the digits in that sequence */

static void fill(uint32_t from, uint32_t to)
{
    while (from < to) {
        cells[from++] = GREY | ' ';
    }
}

static void put(char byte)
{
    uint32_t line_end = cursor - cursor % COLUMNS + COLUMNS;

    if (byte == ESCAPE || in_sequence) {
        in_sequence = (byte | 0x20) < 'a' || (byte | 0x20) > 'z';
        number = byte >= '0' && byte <= '9' ? number * 10 + (uint32_t)(byte - '0')
                 : in_sequence              ? 0
                                            : number;
        if (byte == 'K') {
            fill(cursor, line_end);
        } else if (byte == 'J') {
            fill(0, CELLS);
            cursor = 0;
        } else if (byte == 'D' && number <= cursor % COLUMNS) {
            cursor -= number;
        }
    } else if (byte == '\n') {
        cursor = line_end;
    } else if (byte == '\r') {
        cursor = line_end - COLUMNS;
    } else if (byte == '\b') {
        cursor -= cursor % COLUMNS != 0;
    } else {
        cells[cursor++] = (uint16_t)(GREY | (uint8_t)byte);
    }
    if (cursor == CELLS) {
        for (uint32_t i = 0; i < CELLS - COLUMNS; i++) {
            cells[i] = cells[i + COLUMNS];
        }
        cursor -= COLUMNS;
        fill(cursor, CELLS);
    }
}

void screen_write(const char *text, size_t size)
{
    if (cells == NULL) {
        return;
    }
    for (size_t i = 0; i < size; i++) {
        put(text[i]);
    }
    port_out8(CRT_INDEX, CURSOR_HIGH);
    port_out8(CRT_DATA, (uint8_t)(cursor >> 8));
    port_out8(CRT_INDEX, CURSOR_LOW);
    port_out8(CRT_DATA, (uint8_t)cursor);
}

void screen_init(void)
{
    cells = machine_ram(MADDR(TEXT_MEMORY));
    fill(0, CELLS);
}
