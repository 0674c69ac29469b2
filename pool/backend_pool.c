/* SPDX-License-Identifier: MIT
 *
 * pool: worker processes that claim chunks in shared memory.
 */
#include "adapter.h"

static int open_team(struct team **out, const struct team_spec *spec, struct why *w)
{
    return adapter_open(out, spec, "fork", POOL_SHM, w);
}

const struct backend backend_pool = {
    .name = "pool",
    .summary = "process pool; chunks are claimed in shared memory",
    .start = "fork",
    .starts = "fork spawn",
    .schedules =
        1 << SCHEDULE_STATIC | 1 << SCHEDULE_DYNAMIC | 1 << SCHEDULE_GUIDED | 1 << SCHEDULE_STEAL,
    .schedule = SCHEDULE_DYNAMIC,
    .chunk = adapter_chunk,
    .open = open_team,
    .run = adapter_run,
    .close = adapter_close,
};
