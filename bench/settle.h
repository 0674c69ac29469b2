/* SPDX-License-Identifier: MIT
 *
 * settle: which cells of a run have been measured often enough.  A group of cells of one work has
 * when the medians of all, and the ratios of all pairs, are narrow; its time is then left to the
 * others.  Looks at widths only, never at what a comparison says.
 */
#ifndef BENCH_SETTLE_H
#define BENCH_SETTLE_H

#include "plan.h"

struct settle;

/* For the cells of P in blocks 1..BLOCKS; P outlives it.  WIDTH: half of the 99 % interval that is
 * narrow enough, as a share (0.02); 0: none ever is.  NULL: no memory.  Owns: the caller,
 * settle_free. */
struct settle *settle_new(const struct plan *p, int blocks, double width);
void settle_free(struct settle *s);

/* CELL took NS a sample in BLOCK (the median). */
void settle_note(struct settle *s, int cell, int block, double ns);

/* After BLOCK: mark as dropped the cells of all groups that need no more.  Returns how many. */
int settle_look(struct settle *s, struct plan *p, int block);

/* The last block that CELL was wanted in; 0: it still is. */
int settle_last(const struct settle *s, int cell);

#endif
