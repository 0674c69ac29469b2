/* SPDX-License-Identifier: MIT
 *
 * drawing: an SVG file made part of a page.  A run's folder may come from anybody, so only what a
 * drawing of gnuplot consists of is let through: shapes, text, and references within itself.
 */
#ifndef BENCH_DRAWING_H
#define BENCH_DRAWING_H

#include <stdio.h>

#include "../core/why.h"

/* Copy the SVG in FILE to OUT, as an element with the accessible name LABEL.  Ids get "NAME-" in
 * front, so that several drawings fit in one page; colours lose their spaces, so that a style sheet
 * can find them; tool tips, comments, empty groups and the XML prologue are left out.
 * Returns 0, or -errno (-EBADMSG: more than a drawing) with WHY, and then nothing was written. */
int drawing_inline(FILE *out, const char *file, const char *name, const char *label, struct why *w);

#endif
