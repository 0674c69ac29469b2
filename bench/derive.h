/* SPDX-License-Identifier: MIT
 *
 * derive: what the tables beyond cells and pairs share.  Cells sorted into series (one team: the
 * same backend, start, schedule, wait, workers and CPUs), the blocks of a run, and in every block
 * what a task takes when nothing is handed out.  A figure is computed once a block, and its
 * interval is that of the median over blocks: of those that nothing disturbed, if that leaves
 * enough for an interval, else of all.  results/README.md says what the tables hold.
 */
#ifndef BENCH_DERIVE_H
#define BENCH_DERIVE_H

#include <stdio.h>

#include "../core/stats.h"
#include "blocks.h"
#include "view.h"

#define DERIVE_ALPHA 0.05 /* intervals are 95 % */

struct model;

struct derivation {
    const struct measured *record;
    double margin;             /* of the run's verdicts */
    struct view series, work;  /* what a series is; what a task is */
    struct view place;         /* where, and how workers wait */
    int64_t *number;           /* of every block, ascending */
    long blocks;               /* how many */
    struct cell **sorted;      /* of teams: by series, then task, then length, chunk, tasks */
    long count;                /* how many */
    struct cell **pick;        /* room for as many */
    const struct cell **corun; /* for every cell of the record: see derive_work; or NULL */
    double *value;             /* room for a value a block */
    int quiet;                 /* 1: for now, a disturbed block of a cell has no values */
    struct model *models;      /* one a series, in the order of sorted */
    long model_count;
};

/* R is what blocks_read read, its cells sorted and measured, and outlives D.  Returns 0 or -ENOMEM;
 * either way derive_close frees. */
int derive_open(struct derivation *d, const struct measured *r, double margin);
void derive_close(struct derivation *d);

/* Where the cells alike with sorted[FIRST] in V end. */
long derive_end(const struct derivation *d, long first, const struct view *v);

/* Into pick: of sorted[FIRST .. END-1] the cells of WORKLOAD (NULL: any) and SWEEP (NULL: any), in
 * their order.  Returns how many. */
long derive_pick(struct derivation *d, long first, long end, const char *workload,
                 const char *sweep);

/* Of the COUNT cells of pick, one for every task length: that of the smallest chunk. */
long derive_one_a_length(struct derivation *d, long count);

/* A metric of C in block NUMBER; NAN: not known. */
double derive_value(const struct derivation *d, const struct cell *c, enum metric m,
                    int64_t number);

/* Wall time per task, ns. */
double derive_task(const struct derivation *d, const struct cell *c, int64_t number);

/* What a task of C takes in block NUMBER when all workers are busy and nothing is handed out: the
 * workers' time per task of the cell that is C's work in one block a worker (`omp static`); where
 * there is none, time per task of the serial cell.  NAN: neither. */
double derive_work(const struct derivation *d, const struct cell *c, int64_t number);

/* Of the time of the workers of a cell, SELF, how much is work in one BLOCK: a derive_figure. */
double derive_efficiency(const struct derivation *d, const void *self, long block);

/* A cell in the middle of its blocks: time of the job, and the work of a task, ns; both of quiet
 * blocks or both of all, for a quiet reference makes a disturbed cell look slow.  NAN: not known.
 */
struct middle {
    double wall, work;
};
struct middle derive_middle(struct derivation *d, const struct cell *c);

/* The cell of C's runner, of BACKEND and SCHEDULE, that does C's work in chunks of CHUNK, on the
 * same CPUs; of several that whose number of tasks is nearest.  NULL: there is none. */
const struct cell *derive_mate(const struct derivation *d, const struct cell *c,
                               const char *backend, const char *schedule, double chunk);

/* "co-run", "serial" or "none": which of them it is. */
const char *derive_reference(const struct derivation *d, const struct cell *c);

/* The same of several cells; "mixed": not the same for all. */
const char *derive_references(const struct derivation *d, struct cell *const *cells, long count);

/* The cell whose busy workers are the reference of C, or NULL. */
const struct cell *derive_corun(const struct derivation *d, const struct cell *c);

/* A figure in one block (0 and up) of what SELF is; NAN: it has none there. */
typedef double derive_figure(const struct derivation *d, const void *self, long block);

/* F of every block put together: of quiet blocks if these have an interval, else of all. */
struct center derive_center(struct derivation *d, derive_figure *f, const void *self);

/* Is the field NAME of C this text? */
int derive_is(const struct derivation *d, const struct cell *c, const char *name, const char *text);

/* "runner,backend,...": the columns that name a series, and those of C. */
void derive_put_series_names(FILE *f);
void derive_put_series(const struct derivation *d, const struct cell *c, FILE *f);

/* The same with another number of WORKERS, wherever they sit; 0: those of C. */
void derive_put_team(const struct derivation *d, const struct cell *c, double workers, FILE *f);

/* A comma and a number; nothing behind the comma if it is not finite. */
void derive_put(FILE *f, double value);

/* The middle and both ends. */
void derive_put_center(FILE *f, const struct center *c);

/* Of a point on the axis of task lengths: "at", "below" (the shortest that was measured),
 * "not_reached" (by the longest), "unclear" (now this, now that), "unknown". */
const char *derive_status(const struct center *c);

/* Did C's workers work under one lock?  Its samples say so, whatever its backend is called. */
int derive_is_locked(const struct cell *c);

/* The tables.  Each writes its header and its rows; 0 or -ENOMEM. */
int metg_put(struct derivation *d, FILE *f);
int map_put(struct derivation *d, FILE *f);
int crossover_put(struct derivation *d, FILE *f);
int costs_put(struct derivation *d, FILE *f);
int chunks_put(struct derivation *d, FILE *f);
int growth_put(struct derivation *d, FILE *f);
int prediction_put(struct derivation *d, FILE *f);
int shares_put(struct derivation *d, FILE *f);
int strip_put(struct derivation *d, FILE *f);
int lock_put(struct derivation *d, FILE *f);

#endif
