/* SPDX-License-Identifier: MIT
 *
 * python: CPython inside this program, for the workloads whose tasks are calls of a Python
 * function. A process has one interpreter, with one lock for all its threads; a worker that was
 * forked or spawned has its own.  Python's library is opened when a workload asks for it: programs
 * and cells that don't are not slowed down by it.
 */
#ifndef WORKLOADS_PYTHON_H
#define WORKLOADS_PYTHON_H

#include <stdint.h>

#include "../core/why.h"

#ifdef TEAMPOOL_PYTHON_LIBRARY
#define PYTHON_UNAVAILABLE NULL
#else
#define PYTHON_UNAVAILABLE                                                                         \
    "built without Python 3.9 or later: its headers and shared library were not found (Debian: "   \
    "python3-dev)"
#endif

/* "shared": one lock for all threads.  "own": each worker a sub-interpreter with a lock of its own
 * (PEP 684), which Python has from 3.12 on. */
extern const char python_variants[];

/* What workers run: its text defines `task`, a function of one number that returns a number.  In
 * memory that all workers see. */
struct python_code {
    int own; /* 1: the variant "own" */
    char text[500];
};

/* Start the interpreter, if this process has none, and define the function.
 * Returns 0 or -errno with WHY.  Runs in: caller. */
int python_prepare(const struct python_code *code, struct why *w);

/* Make this worker ready to call it, whether it is a thread, was forked or was spawned.  Returns 0
 * or -errno.  Runs in: worker, once. */
int python_enter(const struct python_code *code);

/* task(i), under the lock; UINT64_MAX if it raised.  Runs in: worker; caller after python_prepare.
 */
uint64_t python_call(long i);

/* "3.11.2", "3.14.0 free-threaded" */
const char *python_version(void);

#endif
