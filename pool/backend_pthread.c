/* SPDX-License-Identifier: MIT
 *
 * pthread: the pool's protocol with threads for workers: against `pool` it shows what isolation
 * costs, against `omp` what the hand-out does.
 */
#include "adapter.h"

static int open_team(struct team **out, const struct team_spec *spec, struct why *w)
{
    return adapter_open(out, spec, "thread", POOL_SHM, w);
}

const struct backend backend_pthread = {
    .name = "pthread",
    .summary =
        "thread pool; the process pool's own hand-out in shared memory, without its isolation",
    .start = "thread",
    .schedules =
        1 << SCHEDULE_STATIC | 1 << SCHEDULE_DYNAMIC | 1 << SCHEDULE_GUIDED | 1 << SCHEDULE_STEAL,
    .schedule = SCHEDULE_DYNAMIC,
    .chunk = adapter_chunk,
    .open = open_team,
    .run = adapter_run,
    .close = adapter_close,
};
