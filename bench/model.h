/* SPDX-License-Identifier: MIT
 *
 * model: how long a job takes, from what its team's hand-out costs.
 *
 *     T = fix + (n (w + item) + k chunk) / P + idle end,    k = ceil(n / c)
 *
 * The costs are fitted (core/fit.h) on CPU-bound cells of short tasks: in every block, which gives
 * their intervals, and to the middle of the blocks, for predicting.  There none is below 0, and
 * what a chunk costs depends on how long it is: pipes send short ones ahead, and workers that claim
 * too often get into each other's way.  The idle end is what the slowest worker has to do more than
 * the mean, if chunks go to whoever is free.  Tested on cells that were held out of the fit.
 */
#ifndef BENCH_MODEL_H
#define BENCH_MODEL_H

#include "../core/fit.h"
#include "derive.h"

/* A longer task's noise is more than what handing it out costs, ns. */
#define MODEL_LONGEST_NS 20000

/* What predicts. */
struct costs {
    int known;              /* 0: too few cells */
    double fix, item;       /* ns, 0 or more */
    double *length, *chunk; /* of cells: the work in a chunk, and what the chunk cost, ns */
    double *weight; /* of cells: the work in all chunks, for a short job's cost is its FIX */
    double *pairs;  /* room for 2 a cell */
    long cells;
};

/* |predicted / measured - 1| of cells that were held out. */
struct errors {
    double half, most; /* the median, and what nine in ten are within; NAN: COUNT is 0 */
    long count;
};

/* One series.  Costs are known for it where CELLS is at least MODEL_FEWEST. */
struct model {
    struct cell *const *cell; /* its cells, in the derivation's order, of any workload */
    long cells;
    long first; /* of them in the derivation's order */
    double workers;
    int hands_out; /* 0: static: a chunk costs nothing */
    long fitted;   /* cells that the costs come from */
    /* The costs by block of the derivation, NAN where not known: of all cells [0], and of those
     * that nothing disturbed in it [1]. */
    struct overheads *block[2];
    struct costs middle; /* by the middle of the blocks */
    struct costs tested; /* the same without the cells that were held out */
    char *held_out;      /* by cell: 1 if it was */
    /* The CPU-bound cells it may speak about. */
    double shortest, longest, fewest, most, smallest, largest; /* task ns, tasks, chunk */
    double least_bytes, most_bytes;                            /* payloads; NAN: none measured */
    struct center byte; /* what a byte of payload costs, ns */
    struct errors errors;
};

enum { MODEL_FEWEST = 3 };

/* The loop that a time is wanted for. */
struct loop {
    double tasks, chunk, work; /* WORK: of one task, with all workers busy, ns */
};

/* Time of LOOP by the costs C, which are known, ns. */
double model_wall(const struct model *m, const struct costs *c, const struct loop *loop);

/* What a chunk of WORK ns costs, CPU time, ns. */
double model_chunk_cost(const struct costs *c, double work);

/* Can the model say anything of its cell I?  Not of what its own work is measured by. */
int model_covers(const struct derivation *d, const struct model *m, long i);

/* The median of N errors, without signs and sorted in place, and what nine in ten are within. */
struct errors model_spread(double *errors, long n);

/* What the model, fitted without the cells that were held out, says of its cell I, ns. */
double model_prediction(struct derivation *d, const struct model *m, long i);

/* A cost in the middle of its blocks. */
enum cost { COST_FIX, COST_CHUNK, COST_ITEM };
struct center model_cost(struct derivation *d, const struct model *m, enum cost cost);

/* OPEN or CLOSE of the team: in a block the median of its cells, for a workload may make workers
 * touch their memory first. */
struct center model_team(struct derivation *d, const struct model *m, enum metric metric);

/* Of all series together. */
struct errors models_errors(struct derivation *d);

/* Fit all series of D.  Returns 0 or -ENOMEM; either way models_close frees. */
int models_open(struct derivation *d);
void models_close(struct derivation *d);

#endif
