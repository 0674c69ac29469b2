/* SPDX-License-Identifier: MIT
 *
 * openmp: what the OpenMP runtimes under a plan's cells say of themselves, to be held against what
 * they were asked for.
 */
#ifndef BENCH_OPENMP_H
#define BENCH_OPENMP_H

#include "machine.h"
#include "plan.h"

/* Let the first `omp` cell of each runner and wait print its runtime's environment, and set a fact
 * "omp_env:RUNNER:WAIT" of it. */
void openmp_describe(struct machine *m, const struct plan *p);

#endif
