/* SPDX-License-Identifier: MIT
 *
 * sketch: what the figures of a run share: who is who and in which look, the cells of a sweep
 * gathered into a table, the words that all use, and ranges around values.  The figures themselves
 * are made in figures_*.c, a room per section of the page.  Knows nothing of files.
 */
#ifndef BENCH_SKETCH_H
#define BENCH_SKETCH_H

#include "figure.h"
#include "figures.h"

/* Pixels.  The right margin holds the labels at the lines' ends. */
enum {
    SKETCH_WIDTH = 480,
    SKETCH_HEIGHT = 330,
    SKETCH_LEFT = 68,
    SKETCH_RIGHT = 396,
    SKETCH_BOTTOM = 53,
    SKETCH_TOP = 300
};

/* A series, and the cells that it is made of.  START NULL: any. */
struct who {
    struct figure_series series;
    const char *backend, *schedule, *start;
};

extern const struct who who_threads, who_processes, who_stealing, who_pipes;

/* Where a cell stands, and what it shows. */
typedef double sketch_x(const struct cell_row *c);
typedef struct estimate sketch_y(const struct cell_row *c);
double by_workers(const struct cell_row *c);
double by_chunk(const struct cell_row *c);
double by_payload(const struct cell_row *c);
double by_ballast(const struct cell_row *c);
struct estimate the_speedup(const struct cell_row *c);
struct estimate the_opening(const struct cell_row *c);
struct estimate per_task(const struct cell_row *c);

/* A column, without values yet.  Returns its index. */
int sketch_series(struct figure *f, const struct figure_series *series);

/* A column for WHO with what Y says of the cells of WANT at X; the first cell at an x counts.
 * Returns 0 or -ENOMEM. */
int sketch_gather(struct figure *f, const struct reading *r, const struct who *who,
                  struct want want, sketch_x *x, sketch_y *y);

/* A cell of a sweep to tell the conditions by: of the threads, or else of the first who took part.
 * NULL: nobody did. */
const struct cell_row *sketch_first(const struct reading *r, struct want want);

/* Why a sweep gave nothing: not planned, left out, or failed, and then the cells' own reason. */
void sketch_absent(struct figure *f, const struct reading *r, const char *sweep);

/* Was a cell of SWEEP in the plan, and left out to keep the budget? */
int sketch_was_dropped(const struct reading *r, const char *sweep);

/* Have the two intervals nothing in common?  0 where one of them is not there. */
int sketch_apart(const struct estimate *a, const struct estimate *b);

/* Does any value have an interval? */
int sketch_has_intervals(const struct figure *f);

/* End the subtitle with what SHAPE ("Bands", "Bars") shows, or that there are none. */
void sketch_end_subtitle(struct figure *f, const char *shape);

/* Say more below the drawing. */
void sketch_note(struct figure *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The y axis has its name above it, where nobody needs to turn the head. */
void sketch_name_y(struct figure *f, const char *name);

void sketch_frame(struct figure *f, int log_x, int log_y);

/* A frame for N rows that have names on the left: LEFT pixels for these, 19 for each row. */
void sketch_rows_frame(struct figure *f, double left, double last_row);

/* A range around all x, in steps where the axis is linear and in factors where it is not. */
void sketch_x_range(struct figure *f, double room);

/* A logarithmic range around all values, never less than a factor of five high. */
void sketch_log_y_range(struct figure *f);

/* Workers run along x: shade where they are more than there are cores, and, if NAMED, say so. */
void sketch_shade_siblings(struct figure *f, const struct reading *r, int named);

/* Names left of the axis, a heading over each group. */
void sketch_label_rows(struct figure *f);

/* Number the rows from 1, with a free one before each group for its heading. */
void sketch_close_up(struct figure *f);

/* The task lengths that occur in a sweep, ascending, the shortest MOST.  Returns how many. */
int sketch_lengths(const struct reading *r, const char *sweep, double *out, int most);

/* NAME_LENGTH as a file may be called: "chunk_10us". */
void sketch_name(struct figure *f, const char *name, double task_ns);

/* The figures of each room (the timeline is in figures.h).  Each returns 0 or -ENOMEM; the figure
 * says why if it is not there. */
int speedup_figure(struct figure *f, const struct reading *r, const struct answer *v);
int length_figure(struct figure *f, const struct reading *r, const struct answer *v);
int chunk_figure(struct figure *f, const struct reading *r, double task_ns);
int startup_figure(struct figure *f, const struct reading *r, const struct answer *v);
int launch_figure(struct figure *f, const struct reading *r);
int matrix_figure(struct figure *f, const struct reading *r);
int contention_figure(struct figure *f, const struct reading *r);
int payload_figure(struct figure *f, const struct reading *r, double task_ns);
int map_figure(struct figure *f, const struct reading *r, const struct who *who);
int where_figure(struct figure *f, const struct reading *r);
int samples_figure(struct figure *f, const struct reading *r, const struct answer *v);
int schedules_figure(struct figure *f, const struct reading *r);
int lesson_figure(struct figure *f, const struct reading *r);
int lock_figure(struct figure *f, const struct reading *r);
int nap_figure(struct figure *f, const struct reading *r);
int answer_figure(struct figure *f, const struct reading *r);
int interval_figure(struct figure *f, const struct reading *r);
int held_figure(struct figure *f, const struct reading *r);
int peers_figure(struct figure *f, const struct reading *r);

#endif
