/* SPDX-License-Identifier: MIT
 *
 * order: in which order a block measures its cells.  Groups of cells of the same work are shuffled;
 * the cells of a group stay next to each other, so that a slow minute hits them alike, and take
 * turns at being first.  A seed fixes it all.
 */
#ifndef BENCH_ORDER_H
#define BENCH_ORDER_H

#include <stdint.h>

#include "plan.h"

/* Write the indices of the cells that BLOCK (from 1) measures to OUT, which has room for all.
 * Returns how many.  Source of the shuffle: Fisher and Yates; Durstenfeld 1964. */
int order_block(const struct plan *p, uint64_t seed, int block, int *out);

#endif
