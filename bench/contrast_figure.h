/* SPDX-License-Identifier: MIT
 *
 * contrast_figure: two runs against each other, drawn: a line per cell with the interval of its
 * ratio, against the band in which nothing can be told from nothing.  Judges nothing.
 */
#ifndef BENCH_CONTRAST_FIGURE_H
#define BENCH_CONTRAST_FIGURE_H

#include "contrast.h"
#include "figure.h"

/* The figure NAME ("compare", "compare_2"): of C's cells the ones that changed most, the slowest
 * first.  ABOUT stands before the title; "": nothing.  Returns 0 or -ENOMEM, and then nothing is
 * left.  Owns: the caller, figure_free. */
int contrast_figure(const struct comparison *c, const char *name, const char *about,
                    struct figure *out);

#endif
