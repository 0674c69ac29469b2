/* SPDX-License-Identifier: MIT
 *
 * pus: topology.csv, a row per hardware thread: what the page draws the machine from.
 */
#ifndef BENCH_PUS_H
#define BENCH_PUS_H

#include <stdio.h>

#include "../core/topology.h"

/* Write all hardware threads of T, in hwloc's order.  Errors are left in F. */
void pus_put(const struct topology *t, FILE *f);

/* The same into FILE.  Returns 0, or -errno with WHY. */
int pus_write(const struct topology *t, const char *file, struct why *w);

#endif
