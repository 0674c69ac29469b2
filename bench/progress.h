/* SPDX-License-Identifier: MIT
 *
 * progress: how far the run is, on stderr: one line that is rewritten on a terminal, plain lines
 * elsewhere.  Called between cells only: nothing is drawn while a sample runs.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

struct progress {
    int quiet, terminal, drawn;
    int last_tenth; /* plain lines: tenths already told */
    double share;   /* shown already: it never goes back, even if TOTAL grows */
};

struct progress progress_begin(int quiet);

/* DONE seconds of about TOTAL are over; WHAT is being measured. */
void progress_show(struct progress *p, double done, double total, int block, const char *what);

/* Make room for other lines. */
void progress_clear(struct progress *p);

#endif
