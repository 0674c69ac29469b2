/* SPDX-License-Identifier: MIT
 *
 * summarize: from the record of a run to its tables.  Reads samples.csv and status.csv, writes
 * cells.csv, pairs.csv and those of derive.h, all in the run's folder, and has them judged
 * (judge.h); results/README.md says what is in them.  The same record gives the same bytes.  Knows
 * no machine and starts nothing.
 */
#ifndef BENCH_SUMMARIZE_H
#define BENCH_SUMMARIZE_H

#include "../core/why.h"

struct derivation;

/* The file names of the tables, I from 0 on; NULL: no more.  Those of judge.h come after them. */
const char *summarize_table(int i);

/* Write the tables into DIR from DIR/samples.csv and DIR/status.csv, in place of what was there,
 * and have them judged.  Where status.csv is missing every sample counts; that, a row that was cut
 * off and a run without samples are warnings on stderr. Returns 0, or -errno with WHY; then all old
 * tables are as they were, unless a later one could not be put in place after the first. */
int summarize(const char *dir, struct why *w);

/* Read the run in DIR as summarize does, and have USE look at it; nothing is written.  Returns what
 * USE does, or -errno with WHY. */
int summarize_lend(const char *dir, int (*use)(struct derivation *, void *self, struct why *),
                   void *self, struct why *w);

#endif
