/* SPDX-License-Identifier: MIT
 *
 * summarize: from the record of a run to its tables.  Reads samples.csv and status.csv, writes
 * cells.csv and pairs.csv, all in the run's folder, and has them judged (judge.h);
 * results/README.md says what is in them.  The same record gives the same bytes.  Knows no machine
 * and starts nothing.
 */
#ifndef BENCH_SUMMARIZE_H
#define BENCH_SUMMARIZE_H

#include "../core/why.h"

/* Write DIR/cells.csv and DIR/pairs.csv from DIR/samples.csv and DIR/status.csv, in place of what
 * was there, and then DIR/checks.csv and DIR/verdict.csv.  Where status.csv is missing every sample
 * counts; that, a row that was cut off and a run without samples are warnings on stderr. Returns 0,
 * or -errno with WHY; then both old tables are as they were, unless the second of the two could not
 * be put in place after the first. */
int summarize(const char *dir, struct why *w);

#endif
