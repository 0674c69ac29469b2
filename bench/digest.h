/* SPDX-License-Identifier: MIT
 *
 * digest: a run in few words and numbers: what stands in its column where runs stand side by side.
 * Taken from the run's derived tables; judges nothing that verdict.h has not judged.
 */
#ifndef BENCH_DIGEST_H
#define BENCH_DIGEST_H

#include "../core/why.h"
#include "estimate.h"

/* What one team shows with this many workers; NAN: not known. */
struct digest_figure {
    struct estimate value; /* ns */
    double workers;
    char word[64]; /* where there is no value: why ("below 100 ns"); or "" */
};

/* Threads or processes, each with the dynamic schedule. */
struct digest_side {
    double workers; /* recommended; NAN: the side has no good cell */
    struct estimate speedup;
    struct digest_figure metg50, t_fix, o_chunk,
        open; /* with the most workers; costs.csv has more */
};

struct digest {
    char headline[160], confidence[16];
    double workers;                          /* 0: no recommendation */
    double chunk_low, chunk_high, chunk_for; /* for tasks of so many ns; 0: not measured */
    struct digest_side threads, processes;
};

/* Of the run in DIR, whose tables are there.  Returns 0, or -errno with WHY. */
int digest_of(struct digest *d, const char *dir, struct why *w);

#endif
