/* SPDX-License-Identifier: MIT
 *
 * figures: which figures a run has, and what each one says: its table, its finding as a title, its
 * conditions as a subtitle.  A title claims no more than the intervals allow; a figure without data
 * says why it is not there.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "figure.h"
#include "verdict.h"

enum { FIGURES = 32 };

struct figures {
    int count;
    struct figure figure[FIGURES];
};

/* Returns 0 or -ENOMEM, and then nothing is left.  Owns: the caller, figures_free. */
int figures_compute(const struct reading *r, const struct answer *v, struct figures *out);
void figures_free(struct figures *fs);

/* Who worked when, from the run's trace: figures_timeline.c.  Returns 0 or -ENOMEM. */
int timeline_figure(struct figure *f, const struct reading *r);

/* Write the tables of all figures into the folder DIR, which is there.  Returns 0, or -errno with
 * WHY. */
int figures_write(const struct figures *fs, const char *dir, struct why *w);

#endif
