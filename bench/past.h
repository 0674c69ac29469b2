/* SPDX-License-Identifier: MIT
 *
 * past: what earlier parts of a run did, from its status.csv and samples.csv, for one that goes on.
 */
#ifndef BENCH_PAST_H
#define BENCH_PAST_H

#include "folder.h"

/* A cell in a block. */
struct visit {
    int cell, block;  /* the cell: its place in the plan, from 0; the block from 1 */
    int skipped;      /* 1: there was no time for it */
    double seconds;   /* what it took, launch and all; NAN: not known, or it failed */
    double median_ns; /* of its samples; NAN: the same, or the machine was suspended */
};

struct past {
    long visits;
    struct visit *visit; /* in the order of status.csv */
    int64_t seq;         /* the largest that was given; 0: none was */
    double used_s;       /* by all processes */
    double sampled_s;    /* of that, inside samples */
};

/* Read the run in FOLDER, of whose plan CELLS cells and blocks up to BLOCKS are looked at.
 * Returns 0, or -errno with WHY, and then nothing is left.  Owns: the caller, past_free. */
int past_read(struct past *p, const struct folder *folder, int cells, int blocks, struct why *w);
void past_free(struct past *p);

#endif
