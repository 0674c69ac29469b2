/* SPDX-License-Identifier: MIT
 *
 * runner: the programs that measure a cell.  One takes the words of a plan line and prints rows:
 * the cell program, a Python runner of scripts/peers, or any program that does the same.
 */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include "../core/why.h"
#include "child.h"
#include "record.h"

/* The cell program on LLVM's OpenMP runtime, where it was built. */
#define RUNNER_LLVM "cell-llvm"

/* How to start one. */
struct runner {
    char program[4096], script[4096];
    char *words[5]; /* of its command, with room for one more, ended by NULL; they point above */
    int count;
};

/* The runner that a plan calls NAME: "cell", or "cell-llvm" for the cell program
 * teampool-cell-llvm, which was built otherwise; with a / the path of a program; else the script
 * NAME.py of scripts/peers, for the Python that TEAMPOOL_PYTHON names or `python3`. Returns 0, or
 * -ENOENT with WHY.  R is not to be copied. */
int runner_find(struct runner *r, const char *name, struct why *w);

/* Is NAME that of a Python runner? */
int runner_is_peer(const char *name);

/* The length of that part of NAME which names its family: what comes before the first '-'; all of a
 * path.  Runners of one family do the same work and are held against the family's serial one. */
int runner_family(const char *name);

/* Have R do CELL in a process of its own, for at most SECONDS, and until STOP (child.h).  Returns
 * 0, or -errno with WHY if it could not be started.  Owns: the caller, child_free. */
int runner_run(struct child *c, const struct runner *r, const struct record *cell, double seconds,
               const volatile sig_atomic_t *stop, struct why *w);

/* Is it a cell program?  Those take the same backends and workloads. */
int runner_is_cell(const char *name);

/* Order of two runners by their families; 0: they are of one. */
int runner_compare(const char *a, const char *b);

#endif
