/* SPDX-License-Identifier: MIT
 *
 * pipe: worker processes that get chunks and give results through pipes, as Python's Pool does.
 */
#include "adapter.h"

static int open_team(struct team **out, const struct team_spec *spec, struct why *w)
{
    return adapter_open(out, spec, "fork", POOL_PIPE, w);
}

const struct backend backend_pipe = {
    .name = "pipe",
    .summary = "process pool; chunks and results go through pipes, as in Python's Pool",
    .start = "fork",
    .starts = "fork spawn",
    .messages = 1,
    .schedules = 1 << SCHEDULE_DYNAMIC | 1 << SCHEDULE_GUIDED,
    .schedule = SCHEDULE_DYNAMIC,
    .chunk = adapter_chunk,
    .open = open_team,
    .run = adapter_run,
    .close = adapter_close,
};
