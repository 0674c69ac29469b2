/* SPDX-License-Identifier: MIT
 *
 * mend: the tables of a run that was stopped at any moment, by a signal or a power cut, as if it
 * had been stopped between two cells.
 */
#ifndef BENCH_MEND_H
#define BENCH_MEND_H

#include "../core/why.h"

struct csv;

/* Write DIR's status.csv, samples.csv and trace.csv again, of which STATUS and SAMPLES were read:
 * without rows that are cut off, cells that have lost samples, and samples and traces of cells
 * without a status.  Stopped in between, it can be done again.  Returns 0, or -errno with WHY. */
int mend_tables(const char *dir, const struct csv *status, const struct csv *samples,
                struct why *w);

#endif
