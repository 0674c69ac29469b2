/* SPDX-License-Identifier: MIT
 *
 * plan: which cells to measure.  A profile lays out sweeps for this machine; the budget decides how
 * many of their middle points stay.  A plan is text, a cell a line, and can be written by hand.  It
 * measures nothing.
 */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include <stdio.h>

#include "../core/csv.h"
#include "../core/topology.h"
#include "record.h"

struct profile {
    const char *name, *summary;
    double budget_s;               /* of measuring, start to end; see PLAN_OVERTIME */
    int blocks_least, blocks_most; /* points are dropped before blocks fall below the first */
    int samples;                   /* per cell and block */
    double sample_s;               /* how long a sample should last */
    int64_t lesson_ns;             /* the sleep of the lesson's tasks */
    int lesson_blocks;             /* the lesson is long and steady: in this many blocks at most */
    int fine;                      /* 1: more points on every axis */
    double width;                  /* a group whose intervals are so narrow (settle.h) is done */
};

/* Ends with a NULL name. */
extern const struct profile profiles[];
enum { PROFILE_SMOKE, PROFILE_QUICK, PROFILE_DEFAULT, PROFILE_FULL, PROFILES };

/* The profile called NAME, or NULL. */
const struct profile *profile_find(const char *name);

/* How much of a budget is planned for; the rest is for what takes longer than foreseen. */
#define PLAN_FILL 0.9

/* The least number of blocks goes before a profile's budget, by so much at most: on a busy machine
 * all takes longer, and fewer blocks give no answer at all. */
#define PLAN_OVERTIME 1.5

struct plan_cell {
    struct record record;
    double seconds;  /* what one block of it should take, launch and all */
    int group;       /* cells of one work: measured next to each other */
    int optional;    /* 1: it may be missing where its runner or workload is not there */
    int dropped;     /* 1: left out: to keep the budget, because it is known well enough, or: */
    const char *why; /* there is no room for it, and for what of it; NULL: there is */
};

struct plan {
    struct plan_cell *cells;
    int count, room;
    char **texts; /* what the records' texts point into; ours */
    int text_count, text_room;
};

/* Lay out PROFILE for the machine T.  PEERS: the Python runners (listing.h) to be measured, too;
 * NULL: none.  Owns: the caller, plan_free. */
void plan_sweeps(struct plan *p, const struct profile *profile, const struct topology *t,
                 const struct csv *peers);

/* The same with what is here beside that, if the profile has time for it and T is this machine: the
 * Python runners, Python inside of the cell program, a second OpenMP runtime, and MPI where its
 * launcher is named (launcher.h). */
void plan_profile(struct plan *p, const struct profile *profile, const struct topology *t);

/* Is one of its runners a Python runner? */
int plan_has_peers(const struct plan *p);

/* Every combination of WORDS, "field=v1,v2,...", the other fields at their defaults; `cpus` by
 * `place` (close, if not given).  Returns 0 or -EINVAL with WHY. */
int plan_product(struct plan *p, char **words, int count, const struct topology *t, struct why *w);

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

void plan_print(const struct plan *p, FILE *f);
void plan_free(struct plan *p);

#endif
