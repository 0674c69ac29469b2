/* SPDX-License-Identifier: MIT
 *
 * whole: files that are there whole or not at all: written beside their place, then moved there.
 */
#ifndef BENCH_WHOLE_H
#define BENCH_WHOLE_H

#include <stdio.h>

#include "../core/why.h"

/* Have PUT write WHAT to FILE.  On failure the old file, if there was one, is kept.  What is no
 * file, as a pipe or a device, is written to as it is. Returns 0, or -errno with WHY. */
int whole_write(const char *file, void (*put)(const void *what, FILE *f), const void *what,
                struct why *w);

/* Remove from the folder DIR what writers left there that were killed: all that stands beside its
 * place, by a process that is no more. */
void whole_tidy(const char *dir);

#endif
