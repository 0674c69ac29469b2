/* SPDX-License-Identifier: MIT
 *
 * mpi: worker processes started by an MPI launcher.  They claim chunks by one-sided
 * operations, from a counter that lies with the caller or from each other, and fetch and bring the
 * tasks' data likewise.
 */
#include "ranks.h"

#include <errno.h>

/* ---- what both programs need, for both backends ---- */

const struct backend_option ranks_options[] = {
    { "threads", NULL, 1, 1024, 1, "of a process, which share its chunks in an OpenMP loop" },
    { 0 },
};

int ranks_threads(const struct team_spec *spec)
{
    return spec->options ? (int)spec->options[0] : 1;
}

int ranks_processes(const struct team_spec *spec, struct why *w)
{
    int threads = ranks_threads(spec);
    if (spec->workers % threads)
        return why(w, -EINVAL, "options=threads:%d: %d workers are no multiple of %d", threads,
                   spec->workers, threads);
    return spec->workers / threads + 1;
}

/* For Open MPI 4; others do not know these.  There is one process more than workers, and it is no
 * fault if it shares a CPU.  Where the line says which CPUs, it binds, and the launcher must not,
 * nor may it give a process with several threads one CPU.  Windows that can lie in shared memory
 * do: osc/rdma stands before osc/sm, claims in ten times the time, and crashes in a
 * compare-and-swap (4.1). */
static void for_launcher(const struct team_spec *spec,
                         void (*set)(void *to, const char *name, const char *value), void *to)
{
    set(to, "OMPI_MCA_rmaps_base_oversubscribe", "1");
    set(to, "OMPI_MCA_osc_rdma_priority", "90"); /* osc/sm has 100 */
    if (spec->cpu_count || ranks_threads(spec) > 1)
        set(to, "OMPI_MCA_hwloc_base_binding_policy", "none");
}

void ranks_environment(const struct team_spec *spec,
                       void (*set)(void *to, const char *name, const char *value), void *to)
{
    struct team_spec threads = *spec;
    threads.workers = ranks_threads(spec);
    threads.cpu_count = 0; /* which is whose is known when they are opened */
    if (!ranks_open)
        for_launcher(spec, set, to);
    else if (threads.workers > 1)
        backend_omp.environment(&threads, set, to);
}

const struct backend backend_mpi = {
    .name = "mpi",
    .summary = "MPI processes; chunks are claimed from the caller or each other, one-sided",
    .unavailable = RANKS_UNAVAILABLE,
    .start = "mpirun",
    .program = RANKS_PROGRAM,
    .launcher = RANKS_LAUNCHER,
    .processes = ranks_processes,
    .options = ranks_options,
    .schedules =
        1 << SCHEDULE_STATIC | 1 << SCHEDULE_DYNAMIC | 1 << SCHEDULE_GUIDED | 1 << SCHEDULE_STEAL,
    .schedule = SCHEDULE_DYNAMIC,
    .chunk = adapter_chunk,
    .environment = ranks_environment,
    .open = ranks_open,
    .run = ranks_claim,
    .close = ranks_close,
};
