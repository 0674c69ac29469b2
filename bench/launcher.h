/* SPDX-License-Identifier: MIT
 *
 * launcher: the command that starts the processes of a backend whose workers the caller cannot
 * start itself, as mpirun does it for MPI.
 */
#ifndef BENCH_LAUNCHER_H
#define BENCH_LAUNCHER_H

#include <stdint.h>

#include "../core/why.h"

/* The environment variable with the command that is wanted; words are split at spaces. */
#define LAUNCHER_VARIABLE "TEAMPOOL_MPIRUN"

/* That command, or FALLBACK if none is wanted. */
const char *launcher_command(const char *fallback);

/* Is there the program that COMMAND begins with?  It is not started.  Returns 0 or -ENOENT with
 * WHY. */
int launcher_look(const char *command, struct why *w);

/* Replace this process by COMMAND -n PROCESSES PROGRAM WORDS ... LAST.  A COMMAND that has an -n or
 * -np of its own gets no second one.  PROGRAM is found as child_find does it.
 * Returns only on failure: -errno with WHY. */
int launcher_become(const char *command, const char *program, int processes, char *const words[],
                    char *last, struct why *w);

/* How long the launcher took until this program had started, at NOW by clock_ns; 0: there was none,
 * or it ran on another host.  Units: ns. */
int64_t launcher_took(int64_t now);

#endif
