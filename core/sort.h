/* SPDX-License-Identifier: MIT
 *
 * sort: qsort for an order that needs to know more than two elements.  qsort_r would do, but its
 * arguments stand in another order on each system that has it.
 */
#ifndef CORE_SORT_H
#define CORE_SORT_H

#include <stddef.h>

/* Sort COUNT elements of SIZE bytes at BASE by ORDER, which gets WITH as its third argument and
 * tells equal elements apart: which of two that it does not comes first is not said.  BASE may be
 * NULL if COUNT is 0.  Runs in: either. */
void sort(void *base, size_t count, size_t size,
          int (*order)(const void *a, const void *b, void *with), void *with);

#endif
