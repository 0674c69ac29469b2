/* SPDX-License-Identifier: MIT
 *
 * page: HTML, written so that no text can become markup.  Every text that comes from a run goes
 * through page_text or a %s of page_put; markup is only what the caller's format says.
 */
#ifndef BENCH_PAGE_H
#define BENCH_PAGE_H

#include <stdio.h>

#include "figure.h"

/* Write TEXT with & < > " ' as entities, control bytes as spaces, and what is not UTF-8 as the
 * replacement character. */
void page_text(FILE *f, const char *text);

/* Write FORMAT as it is, with each %s replaced by its escaped text.  No other conversions; %% is a
 * per cent sign. */
void page_put(FILE *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Begin a page: one file, no script, nothing fetched.  The header element is left open. */
void page_begin(FILE *f, const char *title, const char *subject);

/* End it; FROM says what it was written from. */
void page_end(FILE *f, const char *from);

/* A figure that has data: title, conditions, its drawing in DIR/plots, table.  Where there is no
 * drawing UNDRAWN says why, and the table is open, as it is where OPEN is 1. */
void page_figure(FILE *f, const struct figure *figure, const char *dir, const char *undrawn,
                 int open);

/* A value in its unit, and its interval in a line of its own; nothing where nothing is known. */
void page_estimate(FILE *f, enum unit unit, const struct estimate *e);

/* COUNT words that the page uses, each with what it means. */
void page_words(FILE *f, const char *const words[][2], size_t count);

/* The style sheet of every page. */
extern const char report_style[];

#endif
