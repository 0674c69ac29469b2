/* SPDX-License-Identifier: MIT
 *
 * sweep: the field of that name: the labels of all sweeps that a cell belongs to, joined by '+'.
 */
#ifndef BENCH_SWEEP_H
#define BENCH_SWEEP_H

#include <stddef.h>

/* Is LABEL one of LABELS, which end at a space, too, as on a plan line? */
int sweep_has(const char *labels, const char *label);

/* The same of a label that is LENGTH bytes long and goes on. */
int sweep_has_part(const char *labels, const char *label, size_t length);

#endif
