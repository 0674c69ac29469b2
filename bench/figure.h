/* SPDX-License-Identifier: MIT
 *
 * figure: one small wide table to be drawn, the words around it, and where its labels go.  All that
 * needs thought is computed here, in C: ranges, shades, labels that stay clear of the lines.  The
 * script of plots/ only draws.  Knows nothing of what is measured; figures.c does.
 *
 * A figure has two files, or three.  NAME.csv: a row per x; per series its value, low, high; empty:
 * unknown. NAME-labels.csv: role,x,y,series,text: the frame and every text.  The roles canvas,
 * horizontal, vertical (left and right, bottom and top edge), start, middle, end (a text anchored
 * there) are in pixels from the bottom left; x, y (the ranges), shade (from x to y), drop (a line
 * down from x,y), level (a line at y), point (at x,y) and span (from x to y at the height that is
 * its text) are in the units of the table; of a flag (a pole at x) the height y is in pixels; log
 * has the bases of axes that are not linear in every figure of their kind.  NAME-boxes.csv, where
 * there are any: row,from_ns,to_ns,height,shade.
 */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include "../core/why.h"
#include "estimate.h"

enum { FIGURE_SERIES = 8, FIGURE_MARKS = 96 };

enum unit { UNIT_COUNT, UNIT_TIME, UNIT_FACTOR, UNIT_SHARE, UNIT_CHANGE };

struct figure_series {
    const char *key; /* the column, and the look: threads processes steal pipes serial ideal */
    const char
        *label; /* at the line's end; "": drawn, but neither labelled nor in the page's table */
};

struct figure_row {
    double x;
    char group[32], name[96]; /* where rows have names; else "" */
    struct estimate y[FIGURE_SERIES];
};

struct figure_mark {
    const char *role, *series; /* constants */
    double x, y;
    char text[96];
};

/* A span of time in the row at ROW, filled to HEIGHT (0 to 1) of it; SHADE 0 or 1. */
struct figure_box {
    double row, from_ns, to_ns, height;
    int shade;
};

/* Pixels of the plotting area, from the bottom left of the canvas, and the ranges shown in it. */
struct frame {
    double width, height, left, right, bottom, top;
    double x0, x1, y0, y1;
    int log_x, log_y;
};

struct figure {
    char name[40];      /* "chunk_10us": of the files */
    const char *script; /* "chunk" */
    char title[224];    /* the finding */
    char subtitle[280]; /* the conditions */
    char note[480];     /* what else is to be said of it, below the drawing; "": nothing */
    char absent[400];   /* not "": why there is no figure; then only name, title and script count */
    const char *x_column, *x_head;
    enum unit x_unit, y_unit;
    int series_count;
    struct figure_series series[FIGURE_SERIES];
    const enum unit *units; /* a series each; NULL: all have y_unit */
    long rows, room;
    struct figure_row *row; /* ascending by x */
    long boxes, box_room;
    struct figure_box *box;
    struct frame frame;
    int marks;
    struct figure_mark mark[FIGURE_MARKS];
};

/* The row at X; NULL: there is none. */
struct figure_row *figure_find(const struct figure *f, double x);

/* The row at X, made if need be, in its place.  Returns NULL when there is no memory. */
struct figure_row *figure_row(struct figure *f, double x);

/* Add a box.  Returns 0 or -ENOMEM. */
int figure_box(struct figure *f, struct figure_box box);

/* The unit of series S. */
enum unit figure_unit(const struct figure *f, int s);

/* Does series S have any value? */
int figure_has(const struct figure *f, int s);

/* The smallest and the largest value, intervals included.  Returns 0 where there is none. */
int figure_extent(const struct figure *f, double *low, double *high);

/* Add a mark; TEXT may be NULL.  One too many is dropped. */
void figure_mark(struct figure *f, const char *role, double x, double y, const char *series,
                 const char *text);

/* Put each series' label to the right of its last point, moved apart so that none overlap. */
void figure_label_ends(struct figure *f);

/* A place for a text to try: the role is its anchor, x and y are pixels. */
struct place {
    const char *role;
    double x, y;
};

/* Put TEXT at the first of N places where it hides no line and no text.  Returns 1, or 0: none. */
int figure_place(struct figure *f, const struct place *places, int n, const char *series,
                 const char *text);

/* From table units to pixels. */
double frame_x(const struct frame *f, double x);
double frame_y(const struct frame *f, double y);

/* Write its files into DIR.  A drawing of other numbers than these is removed.
 * Returns 0, or -errno with WHY. */
int figure_write(const struct figure *f, const char *dir, struct why *w);

void figure_free(struct figure *f);

#endif
