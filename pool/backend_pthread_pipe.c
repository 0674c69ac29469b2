/* SPDX-License-Identifier: MIT
 *
 * pthread_pipe: threads that get chunks through pipes: against `pipe` it shows what isolation
 * costs, against `pthread` what the pipes do.
 */
#include "adapter.h"

static int open_team(struct team **out, const struct team_spec *spec, struct why *w)
{
    return adapter_open(out, spec, "thread", POOL_PIPE, w);
}

const struct backend backend_pthread_pipe = {
    .name = "pthread_pipe",
    .summary = "thread pool; chunks and results go through pipes",
    .start = "thread",
    .messages = 1,
    .schedules = 1 << SCHEDULE_DYNAMIC | 1 << SCHEDULE_GUIDED,
    .schedule = SCHEDULE_DYNAMIC,
    .chunk = adapter_chunk,
    .open = open_team,
    .run = adapter_run,
    .close = adapter_close,
};
