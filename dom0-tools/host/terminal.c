/* SPDX-License-Identifier: MIT */
/*
 * The user's terminal. See terminal.h.
 * Owns: `found`, the settings before the first change. Invariant: HT1.
 */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "terminal.h"

static struct termios found;
static bool is_saved;
static bool is_raw;

static void apply(void)
{
    struct termios wanted = found;

    if (is_raw) {
        wanted.c_iflag &= (tcflag_t) ~(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
        wanted.c_lflag &= (tcflag_t) ~(ECHO | ICANON | IEXTEN | ISIG);
        wanted.c_cflag = (wanted.c_cflag & (tcflag_t)~CSIZE) | CS8;
        wanted.c_cc[VMIN] = 1;
        wanted.c_cc[VTIME] = 0;
    }
    tcsetattr(STDIN_FILENO, TCSADRAIN, &wanted);
}

static void restore(void)
{
    if (is_raw) {
        is_raw = false;
        apply();
    }
}

void terminal_set_raw(bool raw)
{
    if (!is_saved) {
        if (!raw || tcgetattr(STDIN_FILENO, &found) != 0) {
            return;
        }
        is_saved = true;
        atexit(restore);
    }
    is_raw = raw;
    apply();
}

void terminal_resume(void)
{
    if (is_raw) {
        apply();
    }
}

void terminal_size(uint16_t *columns, uint16_t *rows)
{
#ifdef TIOCGWINSZ
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ||
        ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
        *columns = size.ws_col;
        *rows = size.ws_row;
        return;
    }
#endif
    *columns = 0;
    *rows = 0;
}
