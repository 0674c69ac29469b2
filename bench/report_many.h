/* SPDX-License-Identifier: MIT
 *
 * report_many: the page of two runs or more: each of them against the first, and all of them side
 * by side.  What changed is said in the words of `teampool compare`, by the same functions.
 */
#ifndef BENCH_REPORT_MANY_H
#define BENCH_REPORT_MANY_H

#include <stdio.h>

#include "../core/why.h"

enum { MANY_RUNS = 9 };

struct many;

/* Read the COUNT runs in DIRS, at least 2 and at most MANY_RUNS, whose derived tables are there,
 * and compare each with the first.  FORCE: also builds of different types.  Refused are one folder
 * twice and runs without a cell in common.  Returns 0, or -errno with WHY, and then nothing is
 * left. Owns: the caller, many_close; DIRS must outlive it. */
int many_open(struct many **out, char *const *dirs, int count, int force, struct why *w);
void many_close(struct many *m);

/* Write the figures' tables into the folder DIR, which is there; those of pairs that an earlier
 * page had are removed.  Returns 0, or -errno with WHY. */
int many_figures(const struct many *m, const char *dir, struct why *w);

/* Write the whole page.  DIR/plots has the drawings; UNDRAWN: why there may be none, a sentence.
 * The same runs give the same bytes.  Write errors are left in F for the caller to see. */
void many_page(FILE *f, const struct many *m, const char *dir, const char *undrawn);

/* The counts of each pair, a line each, for the terminal. */
void many_print(const struct many *m, FILE *f);

#endif
