/* SPDX-License-Identifier: MIT
 *
 * plan: which cells to measure: those that a profile lays out (profile.h), every combination of
 * some words, or lines that a person wrote; and which of them go so that a budget is kept.  A plan
 * is text, a cell a line.  It measures nothing.
 */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include <stdio.h>

#include "../core/csv.h"
#include "record.h"

/* How much of a budget is planned for; the rest is for what takes longer than foreseen. */
#define PLAN_FILL 0.9

struct plan_cell {
    struct record record;
    double seconds;  /* what one block of it should take, launch and all */
    int group;       /* cells of one work: measured next to each other */
    int optional;    /* 1: it is left out where its runner, backend or workload is not there */
    long line;       /* of the plan that was read; 0: laid out */
    int dropped;     /* 1: left out: to keep the budget, because it is known well enough, or: */
    const char *why; /* there is no room for it, and for what of it; NULL: there is */
};

struct plan {
    struct plan_cell *cells;
    int count, room;
    char **texts; /* what the records' texts point into; ours */
    int text_count, text_room;
};

/* Add the cell R; the same cell once more is measured once, and belongs to the sweeps of both.  R's
 * texts outlive P. */
void plan_add(struct plan *p, const struct record *r);

/* Keep TEXT, which was allocated, as long as the plan lives.  Returns it; NULL ends the program: no
 * memory. */
char *plan_keep(struct plan *p, char *text);

/* Is one of its runners a Python runner? */
int plan_has_peers(const struct plan *p);

/* Read plan lines from F; NAME stands in messages.  Empty lines and lines that start with # are
 * skipped; a ? before a line makes its cell optional.  Returns 0 or -errno with WHY, which names
 * the line. */
int plan_read(struct plan *p, FILE *f, const char *name, struct why *w);

/* Keep the cells whose line contains PATTERN (with * and ? as in file names). */
void plan_only(struct plan *p, const char *pattern);

/* Drop cell I for the reason WHY, which is copied. */
void plan_leave_out(struct plan *p, int i, const char *why);

/* Mark cells as dropped until the blocks after the first DONE, up to BLOCKS, fit into SECONDS: the
 * largest `drop` first, a whole point of a sweep at a time; end points (drop=0) stay.  Returns how
 * many were dropped. */
int plan_fit(struct plan *p, double seconds, int done, int blocks);

/* What BLOCKS blocks should take, without the dropped cells.  Units: seconds. */
double plan_seconds(const struct plan *p, int blocks);

/* What was dropped to keep a budget, by the first sweep of each cell, and which teams the sweep
 * over workers has lost: "workers 9 of 27, chunk 40 of 69; no team of 8, 32"; "": nothing was.  No
 * memory ends the program.  Owns: the caller, free. */
char *plan_say_dropped(const struct plan *p);

void plan_print(const struct plan *p, FILE *f);
void plan_free(struct plan *p);

#endif
