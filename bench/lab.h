/* SPDX-License-Identifier: MIT
 *
 * lab: where a lab's measuring meets the command, which goes without it where nothing is measured.
 */
#ifndef BENCH_LAB_H
#define BENCH_LAB_H

#include "sheet.h"

/* Measure the lab of S into the folder OUT, and seal it; FORCE: with any build.  Says what goes
 * wrong.  Returns EXIT_OK, also if some of it failed: it can be graded; or the code to exit with.
 */
int lab_measure(const struct sheet *s, const char *out, int force);

#endif
