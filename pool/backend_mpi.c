/* SPDX-License-Identifier: MIT
 *
 * mpi: worker processes started by an MPI launcher.  They claim chunks by one-sided
 * operations, from a counter that lies with the caller or from each other, and fetch and bring the
 * tasks' data likewise.
 */
#include "ranks.h"

int ranks_processes(const struct team_spec *spec, struct why *w)
{
    (void)w;
    return spec->workers + 1;
}

/* For Open MPI 4; others do not know these.  There is one process more than workers, and it is no
 * fault if it shares a CPU.  Where the line says which CPUs, it binds, and the launcher must not.
 * Windows that can lie in shared memory do: osc/rdma stands before osc/sm, claims in ten times the
 * time, and crashes in a compare-and-swap (4.1). */
void ranks_environment(const struct team_spec *spec,
                       void (*set)(void *to, const char *name, const char *value), void *to)
{
    if (ranks_open)
        return; /* the launcher has had them */
    set(to, "OMPI_MCA_rmaps_base_oversubscribe", "1");
    set(to, "OMPI_MCA_osc_rdma_priority", "90"); /* osc/sm has 100 */
    if (spec->cpu_count)
        set(to, "OMPI_MCA_hwloc_base_binding_policy", "none");
}

const struct backend backend_mpi = {
    .name = "mpi",
    .summary = "MPI processes; chunks are claimed from the caller or each other, one-sided",
    .unavailable = RANKS_UNAVAILABLE,
    .start = "mpirun",
    .program = RANKS_PROGRAM,
    .launcher = RANKS_LAUNCHER,
    .processes = ranks_processes,
    .schedules =
        1 << SCHEDULE_STATIC | 1 << SCHEDULE_DYNAMIC | 1 << SCHEDULE_GUIDED | 1 << SCHEDULE_STEAL,
    .schedule = SCHEDULE_DYNAMIC,
    .chunk = adapter_chunk,
    .environment = ranks_environment,
    .open = ranks_open,
    .run = ranks_claim,
    .close = ranks_close,
};
