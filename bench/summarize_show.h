/* SPDX-License-Identifier: MIT
 *
 * summarize_show: the tables of one run as a person reads them: its answers, its pairs, its cells.
 * Judges nothing.
 */
#ifndef BENCH_SUMMARIZE_SHOW_H
#define BENCH_SUMMARIZE_SHOW_H

#include <stdio.h>

#include "../core/why.h"

/* Show what summarize has written into DIR, in FORM (table.h).  As CSV it is one table,
 * table,cell,against,unit,value,low,high,blocks,verdict.  Returns 0 or -errno with WHY. */
int summarize_show(const char *dir, int form, FILE *f, struct why *w);

struct csv;
struct table;

/* Into OUT what summarize_show makes of TABLE, which is the run's FILE ("pairs.csv").  Returns its
 * title, a constant, or NULL: there is no such file.  Owns: the caller, table_free. */
const char *summarize_lay_out(struct table *out, const struct csv *table, const char *file);

#endif
