/* SPDX-License-Identifier: MIT
 *
 * ranks: the house's contract (core/backend.h) on top of MPI, for every backend whose workers are
 * MPI processes, or their threads.  Rank 0 is the caller and does no task; each of the others has
 * as many workers as the one before.  Ranks share no memory, whether or not they run on one
 * machine.
 */
#ifndef POOL_RANKS_H
#define POOL_RANKS_H

#include "adapter.h"

/* The cell program that is linked with MPI, and what starts it.  In any other program the functions
 * marked so are not there: their addresses are NULL. */
#define RANKS_PROGRAM "teampool-cell-mpi"
#ifdef TEAMPOOL_MPIEXEC
#define RANKS_LAUNCHER    TEAMPOOL_MPIEXEC
#define RANKS_UNAVAILABLE NULL
#else
#define RANKS_LAUNCHER NULL
#define RANKS_UNAVAILABLE                                                                          \
    "built without MPI; install one (openmpi-bin and libopenmpi-dev, or mpich and libmpich-dev) "  \
    "and build again"
#endif
#define RANKS_ELSEWHERE __attribute__((weak))

/* What shares a rank's chunks among its threads (threads/). */
extern const struct backend backend_omp;

/* As struct backend's open and close want them; the second way to open gives each rank as many
 * threads, that is workers, as the first of the backend's options says. */
int ranks_open(struct team **out, const struct team_spec *spec, struct why *w) RANKS_ELSEWHERE;
int ranks_open_threads(struct team **out, const struct team_spec *spec,
                       struct why *w) RANKS_ELSEWHERE;
void ranks_close(struct team *t) RANKS_ELSEWHERE;

/* The same for processes and environment, in any program. */
int ranks_processes(const struct team_spec *spec, struct why *w);
void ranks_environment(const struct team_spec *spec,
                       void (*set)(void *to, const char *name, const char *value), void *to);

/* As struct backend's run: workers claim their chunks from a counter; or the caller deals them. */
int ranks_claim(struct team *t, const struct job *job, struct why *w) RANKS_ELSEWHERE;
int ranks_deal(struct team *t, const struct job *job, struct why *w) RANKS_ELSEWHERE;

#endif
