/* SPDX-License-Identifier: MIT
 *
 * label: what a cell is called in a line that people read.
 */
#ifndef BENCH_LABEL_H
#define BENCH_LABEL_H

enum { LABEL = 320 };

/* "pool steal 2w, cpu 10 µs x2000, chunk 16".  TEXT(SELF, NAME): the cell's column NAME, "" where
 * there is none.  Returns LABEL. */
const char *label_cell(char label[LABEL], const char *(*text)(const void *self, const char *name),
                       const void *self);

/* "pool steal 2w": who does the work. */
const char *label_team(char label[LABEL], const char *(*text)(const void *self, const char *name),
                       const void *self);

/* Append to a label, as far as there is room. */
void label_add(char label[LABEL], const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
