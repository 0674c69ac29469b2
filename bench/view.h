/* SPDX-License-Identifier: MIT
 *
 * view: cells by some of the columns that name them: which are alike, and in what order they stand.
 */
#ifndef BENCH_VIEW_H
#define BENCH_VIEW_H

#include "blocks.h"

enum { VIEW_COLUMNS = 16 };

/* A choice of the key's columns; -1 for one that the file lacks, which reads as empty. */
struct view {
    int columns[VIEW_COLUMNS];
    int count;
};

/* The columns NAMES, at most VIEW_COLUMNS, ended by NULL. */
struct view view_of(const struct measured *r, const char *const *names);

/* Order of two fields: nothing, then numbers by value, then words. */
int view_compare_texts(const char *a, const char *b);

/* Order of two cells as far as V shows them; 0: alike. */
int view_compare(const struct view *v, const struct cell *a, const struct cell *b);

#endif
