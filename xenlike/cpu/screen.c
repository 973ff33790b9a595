/* SPDX-License-Identifier: MIT */
/*
 * Characters and colours in memory at 0xb8000, the cursor in two registers of the 6845. In a picture each cell is 8 dots by 16,
 * and those that changed are drawn after each write.
 */
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

#define CELL_WIDTH  8u
#define CELL_HEIGHT 16u
#define LIGHT       0xaa

static volatile uint16_t *cells;
static uint16_t written[CELLS], drawn[CELLS]; /* of a picture */
static struct screen_pixels picture;
static volatile uint8_t *dots; /* NULL: not mapped */
static uint32_t cursor;        /* < CELLS */
static bool in_sequence;       /* behind an escape, before the letter that ends it */
static uint32_t number;        /* the digits in that sequence */

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

static void draw(uint32_t cell)
{
    uint32_t bytes = picture.bits / 8, c = (written[cell] & 0xff) - ' ';
    uint64_t glyph = c < ARRAY_SIZE(screen_font) ? screen_font[c] : 0;
    volatile uint8_t *at = dots + (uint64_t)(cell / COLUMNS) * CELL_HEIGHT * picture.pitch +
                           cell % COLUMNS * CELL_WIDTH * bytes;

    for (uint32_t y = 0; y < CELL_HEIGHT; y++) {
        uint64_t row = glyph >> (5 * (y / 2)) & 31;

        for (uint32_t i = 0; i < CELL_WIDTH * bytes; i++) {
            at[y * picture.pitch + i] = (row >> (i / bytes) & 1) != 0 ? LIGHT : 0;
        }
    }
    drawn[cell] = written[cell];
}

static void draw_changed(void)
{
    for (uint32_t cell = 0; dots != NULL && cell < CELLS; cell++) {
        if (drawn[cell] != written[cell]) {
            draw(cell);
        }
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
    if (cells == written) {
        draw_changed();
        return;
    }
    port_out8(CRT_INDEX, CURSOR_HIGH);
    port_out8(CRT_DATA, (uint8_t)(cursor >> 8));
    port_out8(CRT_INDEX, CURSOR_LOW);
    port_out8(CRT_DATA, (uint8_t)cursor);
}

void screen_init(const struct screen_pixels *pixels)
{
    picture = *pixels;
    cells = picture.address != 0 ? written : machine_ram(MADDR(TEXT_MEMORY));
    fill(0, CELLS);
}

void screen_open_pixels(void)
{
    uint32_t size = ROWS * CELL_HEIGHT * picture.pitch;

    if (cells == written && picture.width >= COLUMNS * CELL_WIDTH &&
        picture.height >= ROWS * CELL_HEIGHT && (picture.bits == 24 || picture.bits == 32) &&
        picture.pitch <= picture.width * 8) {
        dots = machine_map_device(MADDR(picture.address), (size >> PAGE_SHIFT) + 2);
        draw_changed();
    }
}
