/* SPDX-License-Identifier: MIT
 *
 * larger: how long a job would take by more workers than were measured, on a machine with as many
 * cores like these.  A prediction from the costs of the largest team that was measured, and no more
 * than that:
 *
 * - tasks take as long as with that team, and so does a worker's own part of a claim: what more
 *   workers would fight for (memory, caches, the clock of all cores) is not in it;
 * - `dynamic` on a shared counter: claims are served one by one (core/scaling.h), each for as long
 *   as a chunk costs its worker, or as the fastest hand-out that was seen if that is less (a
 *   counter whose line travels farther is slower);
 * - pipes: the one caller serves chunks one by one, as fast as was seen, and all that a payload
 *   costs is its work;
 * - `steal` and `static` have no such place: a thief is rare (Blumofe & Leiserson, Scheduling
 *   Multithreaded Computations by Work Stealing, 1999: P T_inf steals, expected);
 * - what a job costs however short it is grows with the workers, who are woken one by one.
 */
#ifndef BENCH_LARGER_H
#define BENCH_LARGER_H

#include "model.h"

/* What holds a job up. */
enum bound { BOUND_WORK, BOUND_COUNTER, BOUND_CALLER };

/* "work", "counter", "caller". */
extern const char *const bound_words[];

/* A team of WORKERS like FROM's. */
struct larger {
    const struct model *from;
    double workers;
    enum bound serial; /* what serves chunks one by one; BOUND_WORK: nothing does */
    double claim;      /* how long it serves one, ns */
    double bytes;      /* what a task's payload costs, ns; 0: none */
};

/* Is M a team that others can be predicted from: its costs known, each worker with a CPU? */
int larger_can(const struct derivation *d, const struct model *m);

/* Are A and B the same but for the number of workers and their CPUs? */
int larger_alike(const struct derivation *d, const struct model *a, const struct model *b);

/* Can FROM be tested on TO: a larger team like it, whose workers have CPUs, too?  Where they share
 * them nothing is tested. */
int larger_pair(const struct derivation *d, const struct model *from, const struct model *to);

/* Make a team of WORKERS out of M, of which larger_can is true. */
struct larger larger_of(struct derivation *d, const struct model *m, double workers);

/* Time of LOOP by the team, ns; what it is bound by. */
double larger_wall(const struct larger *t, const struct loop *loop, enum bound *bound);

/* Cell I of TO as a team of FROM's size says, ns; NAN: it cannot, FROM knows no such tasks. */
double larger_prediction(struct derivation *d, const struct model *from, const struct model *to,
                         long i);

/* How far predictions are off for teams that were measured, from every smaller one that is like
 * them; LARGEST and SMALLEST are of the workers that were predicted from and for. */
struct larger_test {
    struct errors errors;
    double smallest, largest;
};
struct larger_test larger_test(struct derivation *d);

#endif
