/* SPDX-License-Identifier: MIT
 *
 * runner: the programs that measure a cell.  One takes the words of a plan line and prints rows:
 * the cell program, a Python runner of scripts/peers, or any program that does the same.
 */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include "record.h"

enum { RUNNER_WORDS = 100 };

/* How to start one. */
struct runner {
    char program[4096], script[4096];
    char *words[RUNNER_WORDS]; /* of its command, ended by NULL, with room for more; they point
                                  above and below */
    int count;
    char *line; /* ours */
};

/* The runner that a plan calls NAME: "cell"; with a / the path of a program; else the script
 * NAME.py of scripts/peers, for the Python that TEAMPOOL_PYTHON names or `python3`. Returns 0, or
 * -ENOENT with WHY, and has nothing to be freed yet.  R is not to be copied. */
int runner_find(struct runner *r, const char *name, struct why *w);

/* Add a word, which must outlive R; the words of CELL's plan line.  The latter returns 0, or
 * -ENOMEM with WHY.  Owns: R, runner_free. */
void runner_add(struct runner *r, const char *word);
int runner_add_cell(struct runner *r, const struct record *cell, struct why *w);
void runner_free(struct runner *r);

/* Is NAME that of a Python runner? */
int runner_is_peer(const char *name);

/* The length of that part of NAME which names its family: what comes before the first '-'; all of a
 * path.  Runners of one family do the same work and are held against the family's serial one. */
int runner_family(const char *name);

/* Order of two runners by their families; 0: they are of one. */
int runner_compare(const char *a, const char *b);

#endif
