/* SPDX-License-Identifier: MIT
 *
 * mpi_omp: as mpi, but each process has several threads, and shares its chunks among them in an
 * OpenMP loop (threads/backend_omp.c).
 */
#include <errno.h>

#include "ranks.h"

static const struct backend_option options[] = {
    { "threads", NULL, 1, 1024, 2, "of a process, each a worker; workers is a multiple of it" },
    { 0 },
};

static int threads_of(const struct team_spec *spec)
{
    return (int)(spec->options ? spec->options[0] : options[0].fallback);
}

static int processes(const struct team_spec *spec, struct why *w)
{
    int threads = threads_of(spec);
    if (spec->workers % threads)
        return why(w, -EINVAL,
                   "workers=%d is no multiple of the %d threads that each process has "
                   "(options=threads:N)",
                   spec->workers, threads);
    return spec->workers / threads + 1;
}

/* The launcher is not to give a process one CPU.  Each process sets up its own runtime, for a
 * launcher brings variables to this machine only, if at all; which CPU is whose is seen to when
 * the threads are started. */
static void environment(const struct team_spec *spec,
                        void (*set)(void *to, const char *name, const char *value), void *to)
{
    struct team_spec threads = *spec;
    threads.workers = threads_of(spec);
    threads.cpu_count = 0;
    if (ranks_open) {
        backend_omp.environment(&threads, set, to);
        return;
    }
    ranks_environment(&threads, set, to);
    set(to, "OMPI_MCA_hwloc_base_binding_policy", "none");
}

const struct backend backend_mpi_omp = {
    .name = "mpi_omp",
    .summary = "MPI processes of several threads; they claim as mpi's, and share in an OpenMP loop",
    .unavailable = RANKS_UNAVAILABLE,
    .start = "mpirun",
    .program = RANKS_PROGRAM,
    .launcher = RANKS_LAUNCHER,
    .processes = processes,
    .options = options,
    .schedules =
        1 << SCHEDULE_STATIC | 1 << SCHEDULE_DYNAMIC | 1 << SCHEDULE_GUIDED | 1 << SCHEDULE_STEAL,
    .schedule = SCHEDULE_DYNAMIC,
    .chunk = adapter_chunk,
    .environment = environment,
    .open = ranks_open_threads,
    .run = ranks_claim,
    .close = ranks_close,
};
