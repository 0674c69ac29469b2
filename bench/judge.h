/* SPDX-License-Identifier: MIT
 *
 * judge: the last step of summarize: what the tables of a run say, as two tables more.  Knows the
 * run's folder and nothing else; the same folder gives the same bytes.
 */
#ifndef BENCH_JUDGE_H
#define BENCH_JUDGE_H

#include <stdio.h>

#include "../core/why.h"

/* Write DIR/checks.csv and DIR/verdict.csv from cells.csv, pairs.csv, machine.csv, status.csv and
 * doctor.csv; all but the first may be missing.  Returns 0, or -errno with WHY. */
int judge(const char *dir, struct why *w);

/* To F, after a run: what its results say against themselves, each with what to try.  Not what was
 * said of the machine before it began. */
void judge_hints(const char *dir, FILE *f);

#endif
