/* SPDX-License-Identifier: MIT
 *
 * omp: an OpenMP thread team, used as the textbook says: `for schedule(runtime)` inside a parallel
 * region.
 */
#include <omp.h>

#include "team.h"

static int run(struct team *t, const struct job *job, struct why *w)
{
    long n = job->n;
    (void)w;
    team_set_schedule(job);
#pragma omp parallel num_threads(t->workers)
    {
        struct worker *self = &t->worker[omp_get_thread_num()];
        task_fn *fn = job->fn;
        void *arg = job->arg;
        job_enter(job, self);
#pragma omp for schedule(runtime) nowait
        for (long i = 0; i < n; i++)
            fn(arg, i, self);
        job_leave(job, self);
    }
    return 0;
}

const struct backend backend_omp = {
    .name = "omp",
    .summary = "OpenMP thread team; parallel for schedule(runtime)",
    .start = "thread",
    .schedules = TEAM_SCHEDULES,
    .schedule = SCHEDULE_STATIC,
    .chunk = team_chunk,
    .environment = team_environment,
    .open = team_open,
    .run = run,
    .close = team_close,
};
