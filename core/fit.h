/* SPDX-License-Identifier: MIT
 *
 * fit: curves through measured points, and what can be read off them: a robust line, efficiency
 * over task length, the costs that a job's time is made of, the best chunk.  Pure functions;
 * nothing is allocated, the caller lends scratch room.  A value that is not finite is refused: the
 * answer is NAN.  All functions run in: either.
 *
 * An interval over blocks comes from one fit per block and stats_center over what they give: points
 * of one block share its luck and are no replication of each other.
 */
#ifndef CORE_FIT_H
#define CORE_FIT_H

/* y = intercept + slope x. */
struct line {
    double slope, intercept;
    double low, high; /* the interval of the slope; NAN unless has_interval */
    int has_interval;
};

/* The line of Theil and Sen through N points: the median of the slopes of all pairs that differ in
 * x, and the median of y - slope x.  All NAN where no two points differ in x.  The interval has the
 * order statistics of the slopes whose ranks Kendall's statistic gives, by its exact distribution,
 * also for ties in x (as many as are in the sample; ties in y make it wider than it need be).  It
 * asks for errors that are independent and alike, of whatever shape.  At 95 % it exists from 5
 * points with different x on.
 * SCRATCH has room for N * N values.
 * Source: Sen, Estimates of the Regression Coefficient Based on Kendall's Tau (1968); the
 * distribution: Kendall, Rank Correlation Methods, 5; with ties the product of Gaussian binomial
 * coefficients, Jonckheere (1954). */
struct line fit_line(const double *x, const double *y, long n, double alpha, double *scratch);

/* Isotonic regression: the non-decreasing FITTED that is nearest to VALUES in (weighted) squares.
 * WEIGHTS are above 0; NULL: all alike.  FITTED may be VALUES.  Returns 1, or 0: a value is not
 * finite or a weight not above 0; then FITTED is untouched.  SCRATCH has room for 2 N values.
 * Source: pool adjacent violators; Barlow et al. (1972), Statistical Inference under Order
 * Restrictions, 1.2. */
int fit_isotonic(const double *values, const double *weights, long n, double *fitted,
                 double *scratch);

/* Minimum effective task granularity. */
struct metg {
    double granularity;    /* in the unit of the argument; -INFINITY, INFINITY: see fit_metg */
    double max_efficiency; /* the highest of the isotonic fit: what to print if not reached */
};

/* The smallest granularity at which the isotonic fit of EFFICIENCY is WANTED.  The points stand in
 * ascending order of a task's work.  GRANULARITY, above 0, is the CPU time per task with all that
 * was spent on it, P T / n: where overhead dwarfs the work, noise may turn two of them round.
 * Between points the fit is linear in 1 / granularity, which a constant overhead makes exact. There
 * is no extrapolation: -INFINITY says that the smallest granularity is efficient enough already,
 * INFINITY that the largest is not.  Both are values that stats_center takes.  NAN: refused, or no
 * points.  SCRATCH has room for 3 N values.
 *
 * The work that efficiency is relative to must be measured as the cells are: outliers that only the
 * cells can have look like overhead, and 1 % of the time is 20 % of METG(95 %).  The interval over
 * blocks holds under noise and under outlying samples.  Where 5 % of whole cells take half as long
 * again it does not from 20 blocks on (simulated: METG(90 %) 90 %, METG(95 %) 86 %), for such a
 * cell carries its neighbours along: give a block like that the value NAN.
 *
 * Source: Slaughter et al., Task Bench (SC'20). */
struct metg fit_metg(const double *granularity, const double *efficiency, long n, double wanted,
                     double *scratch);

/* METG(90 %) / METG(50 %): 5 where overhead is a constant per task, (1 - 0.5) / (1 - 0.9); more
 * where imbalance or noise keeps long tasks from being efficient.  NAN unless both are finite. */
double fit_metg_spread(double metg90, double metg50);

/* The median of COUNT values by weight: where half of the weight is reached.  PAIRS hold a value
 * and its weight, above 0, by turns, and are sorted in place.  NAN: there are none. */
double fit_weighted_median(double *pairs, long count);

/* One cell, for fit_overheads.  WALL and TASK are in one unit. */
struct load {
    double tasks, chunk; /* 1 or more */
    double wall;         /* of the whole job */
    double task;         /* one task's work alone, with all workers busy */
};

/* What dispatch costs, in CPU time, in the unit of load. */
struct overheads {
    double fix;   /* per job, of wall time; NAN unless tasks were varied */
    double chunk; /* per chunk; NAN unless chunk was varied at some number of tasks */
    double item;  /* per task; NAN unless the other two are known */
    double rest;  /* per task what the known ones of fix and chunk leave; ITEM if both are known */
};

/* Fit P T = P fix + n (w + item) + k chunk, k = ceil(n / c), to N cells of one number of WORKERS P;
 * at another the costs are others.  Per task it is
 *
 *     u = P T / n - w = item + chunk (k / n) + P fix / n
 *
 * where noise in proportion to T is about alike everywhere: small jobs, which know FIX, are not
 * drowned by large ones.
 * - chunk: the median slope of u over k / n, of the pairs with the same n;
 * - fix: the median slope of what remains over P / n, of the pairs that differ in n; where chunk is
 *   not known, of those with the same k / n;
 * - rest: the median of what remains then.
 *
 * Slopes are weighted by their distance in x (Jaeckel 1972, Scholz 1978): both x are geometric
 * ladders, where most pairs lie close together and know little.  Costs may come out below 0 by
 * noise.  They are not cut off, that would bias their median over blocks.
 *
 * The model has no idle end: leave out cells of so few chunks that workers wait for the last one (k
 * below some 10 P and no multiple of P).  All NAN if a value is not finite, or not above 0 where it
 * must be.  SCRATCH has room for N * N values. */
struct overheads fit_overheads(const struct load *cells, long n, double workers, double *scratch);

/* The chunk that is best by that model, where the last chunk costs an idle end: the c with the
 * least  (n / c) chunk / P + c w:  sqrt(n chunk / (P w)), within 1 and n.  NAN unless TASKS and
 * WORKERS are 1 or more, TASK > 0, CHUNK >= 0.
 * Source: Kruskal & Weiss (1985), for tasks that are all alike. */
double fit_best_chunk(double tasks, double workers, double chunk, double task);

/* The chunk that multiprocessing.Pool.map of CPython takes unasked: ceil(tasks / (4 workers)); 0
 * where there are no tasks.  WORKERS is 1 or more. */
long fit_cpython_chunk(long tasks, long workers);

#define CHUNK_WITHIN 1.02 /* what counts as good as the best */

/* Sizes of chunk that are as good as the best measured; all 0: none is. */
struct chunk_span {
    double low, high, recommended;
    long first, count; /* which they are */
};

/* The longest run of neighbouring CHUNKS none of which takes more than WITHIN (1.02: 2 %) times the
 * best of TIMES, the first of two that are equally long: a size that is worse is never inside, even
 * where a larger one is good again.  Recommended is the power of two nearest the geometric middle,
 * LOW if that lies outside.  CHUNKS ascend. */
struct chunk_span fit_chunk_span(const double *chunks, const double *times, long n, double within);

/* By what share CHUNK costs more than the best one measured: 0.1 for 10 %.  N CHUNKS, above 0 and
 * strictly ascending, have the TIMES; between them time is linear in the chunk's logarithm.  NAN:
 * CHUNK lies outside, or a value is refused. */
double fit_chunk_regret(const double *chunks, const double *times, long n, double chunk);

#endif
