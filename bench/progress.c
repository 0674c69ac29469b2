/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "layout.h"

enum { BAR = 24, USUAL_WIDTH = 80 };

struct progress progress_begin(int quiet)
{
    return (struct progress){ .quiet = quiet,
                              .terminal = layout_is_terminal(stderr),
                              .last_tenth = -1 };
}

static void time_text(double seconds, char *text, size_t room)
{
    if (seconds >= 90)
        snprintf(text, room, "%d min %02d s", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(text, room, "%.0f s", seconds);
}

/* Columns that a line may have on the terminal: one that wraps cannot be written anew. */
static int line_width(void)
{
    struct winsize size;
    return (ioctl(2, TIOCGWINSZ, &size) || !size.ws_col ? USUAL_WIDTH : size.ws_col) - 1;
}

void progress_show(struct progress *p, double done, double total, int block, const char *what)
{
    char left[32];
    double share = total > 0 ? done / total : 0;
    if (p->quiet)
        return;
    share = share > 1 ? 1 : share < p->share ? p->share : share;
    p->share = share;
    time_text(total > done ? total - done : 0, left, sizeof left);
    if (p->terminal) {
        char bar[BAR + 1], line[160];
        for (int i = 0; i < BAR; i++)
            bar[i] = i < (int)(share * BAR) ? '#' : '.';
        bar[BAR] = 0;
        snprintf(line, sizeof line, "[%s] %3.0f %%  block %d  about %s left  %.40s", bar,
                 share * 100, block, left, what);
        fprintf(stderr, "\r\033[K%.*s", line_width(), line);
        fflush(stderr);
        p->drawn = 1;
    } else if ((int)(share * 10) > p->last_tenth) {
        p->last_tenth = (int)(share * 10);
        fprintf(stderr, "%3.0f %%  block %d  about %s left\n", share * 100, block, left);
    }
}

void progress_clear(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = 0;
}
