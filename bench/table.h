/* SPDX-License-Identifier: MIT
 *
 * table: rows of texts, on a terminal or in Markdown.  Knows nothing of what they say.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdio.h>

/* The forms that a table is shown in, for an option: "text", "csv", "markdown"; ends with NULL. */
extern const char *const table_forms[];
enum { TABLE_TEXT, TABLE_CSV, TABLE_MARKDOWN };

enum { TABLE_COLUMNS = 8 };

/* A table that is filled cell by cell, row after row, and then shown. */
struct table {
    int columns;
    const char *name[TABLE_COLUMNS];
    int right[TABLE_COLUMNS]; /* 1: numbers, which end in line */
    long cells, room;
    char **cell; /* ours */
};

/* Add the next cell; TEXT is copied.  Without memory the program ends. */
void table_add(struct table *t, const char *text);

/* As text or Markdown; nothing if it has no rows. */
void table_show(const struct table *t, int form, FILE *f);
void table_free(struct table *t);

#endif
