/* SPDX-License-Identifier: MIT
 *
 * result: what a cell's process left, judged: are these its samples, are they right, what became of
 * it.  Writes nothing down.
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include "../core/csv.h"
#include "child.h"
#include "folder.h"

struct result {
    enum cell_status status;
    int64_t suspended_ns; /* beside its samples */
    char reason[600];     /* why it is not ok, or what else there is to say of it; "": nothing */
    struct csv *rows;     /* the samples to be kept: right ones, or void ones; NULL: none */
    struct csv *trace;    /* the same of a trace, if it is ok */
    double median_ns;     /* of its timed samples; NAN: there are none */
    double sampled_s;     /* what all of them took */
};

/* Judge what the process C, which had SECONDS and beside which the machine was suspended for
 * SUSPENDED_NS, printed for CELL, whose trace was asked for if TRACED.  Owns: the caller,
 * result_free. */
void result_judge(struct result *out, const struct child *c, const struct record *cell, int traced,
                  double seconds, int64_t suspended_ns);
void result_free(struct result *r);

/* Of the rows FIRST .. END-1 the median of the timed samples, ns; NAN: there are none.  SAMPLED_S
 * grows by what all of them took, warm-up included. */
double result_time(const struct csv *rows, long first, long end, double *sampled_s);

#endif
