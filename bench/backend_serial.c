/* SPDX-License-Identifier: MIT
 *
 * serial: the caller does every task itself, in order.  What all others are held against.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../core/backend.h"
#include "../core/bind.h"

struct team {
    struct worker worker;
    struct bind_mask before; /* what the caller could use; set only when bound */
};

static long chunk(long tasks, int workers, enum schedule schedule)
{
    (void)workers;
    (void)schedule;
    return tasks;
}

static int open_team(struct team **out, const struct team_spec *spec, struct why *w)
{
    struct team *t = calloc(1, sizeof *t);
    int error = 0;
    *out = NULL;
    if (!t)
        return why(w, -ENOMEM, "no memory for the team");
    if (spec->workers != 1) {
        error = why(w, -EINVAL, "serial has one worker, not %d", spec->workers);
        goto fail;
    }
    t->worker = worker_plain(0);
    if (spec->cpu_count &&
        ((error = bind_save(&t->before)) || (error = bind_self(spec->cpus[0])))) {
        why(w, error, "cannot bind to CPU %d: %s", spec->cpus[0], strerror(-error));
        goto fail;
    }
    if ((error = spec->enter(spec->enter_arg, 0))) {
        why(w, error, "the worker could not start: %s", strerror(-error));
        goto fail;
    }
    *out = t;
    return 0;
fail:
    bind_restore(&t->before);
    free(t);
    return error;
}

static int run(struct team *t, const struct job *job, struct why *w)
{
    (void)w;
    job_enter(job, &t->worker);
    for (long i = 0; i < job->n; i++)
        job->fn(job->arg, i, &t->worker);
    job_leave(job, &t->worker);
    return 0;
}

static void close_team(struct team *t)
{
    bind_restore(&t->before);
    free(t);
}

const struct backend backend_serial = {
    .name = "serial",
    .summary =
        "the caller does every task itself; takes any schedule and chunk, which change nothing",
    .start = "none",
    .schedules = (1 << SCHEDULES) - 1,
    .schedule = SCHEDULE_STATIC,
    .chunk = chunk,
    .open = open_team,
    .run = run,
    .close = close_team,
};
