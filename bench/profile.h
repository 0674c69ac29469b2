/* SPDX-License-Identifier: MIT
 *
 * profile: what `teampool run` measures where nobody says it cell by cell: sweeps, laid out for a
 * machine, and the time and blocks that they may take.
 */
#ifndef BENCH_PROFILE_H
#define BENCH_PROFILE_H

#include "../core/topology.h"
#include "plan.h"

struct profile {
    const char *name, *summary;
    double budget_s;               /* of measuring, start to end; see PROFILE_OVERTIME */
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

/* The least number of blocks goes before a profile's budget, by so much at most: on a busy machine
 * all takes longer, and fewer blocks give no answer at all. */
#define PROFILE_OVERTIME 1.5

/* What MPI's cells add to a profile's budget at most, so that they take no time from the others.
 * Units: seconds. */
#define PROFILE_MPI_S 60

/* Has PROFILE time for more than the main question, and so for MPI? */
int profile_is_long(const struct profile *profile);

/* The budget of PROFILE with the cells of P: its own, and what those take that a launcher starts,
 * PROFILE_MPI_S at most.  Units: seconds. */
double profile_budget_s(const struct profile *profile, const struct plan *p);

/* Lay out PROFILE for the machine T.  PEERS: the Python runners (listing.h) to be measured, too;
 * NULL: none.  Owns: the caller, plan_free. */
void profile_sweeps(struct plan *p, const struct profile *profile, const struct topology *t,
                    const struct csv *peers);

/* The same with what is here beside that, if the profile has time for it and T is this machine: the
 * Python runners, Python inside of the cell program, a second OpenMP runtime, and MPI where its
 * launcher is named (launcher.h). */
void profile_plan(struct plan *p, const struct profile *profile, const struct topology *t);

#endif
