/* SPDX-License-Identifier: MIT
 *
 * contrast_show: what a comparison of two runs looks like: on a terminal, in a pull request, as a
 * table for programs.  Judges nothing.
 */
#ifndef BENCH_CONTRAST_SHOW_H
#define BENCH_CONTRAST_SHOW_H

#include <stdio.h>

#include "contrast.h"

void contrast_show_text(const struct comparison *c, FILE *f);
void contrast_show_markdown(const struct comparison *c, FILE *f);

/* A row per cell, nothing else. */
void contrast_show_csv(const struct comparison *c, FILE *f);

/* What differs between the machines. */
void contrast_show_machines(const struct comparison *c, FILE *f);

#endif
