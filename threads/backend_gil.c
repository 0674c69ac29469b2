/* SPDX-License-Identifier: MIT
 *
 * gil: an OpenMP thread team under one lock, as CPython's threads are under theirs (gil.h).  A
 * worker has the lock while it is in a job, but where its task blocks, and gives it to others where
 * its task or the end of one lets it.
 */
#include <omp.h>
#include <string.h>

#include "gil.h"
#include "team.h"

enum { LOCK, SWITCH_US, HELD, CHECK };

static const struct backend_option options[] = {
    [LOCK] = { "lock", "new old", 0, 0, 0, "how it changes hands: as since Python 3.2, or before" },
    [SWITCH_US] = { "switch_us", NULL, 1, 10000000, LOCK_SWITCH_US,
                    "lock:new: who has waited for so many microseconds asks for it" },
    [HELD] = { "held", NULL, 0, 100, LOCK_HELD,
               "per cent of a task's computing that need it; 0: there is no lock" },
    [CHECK] = { "check", "tick task", 0, 0, 0,
                "where it may change hands: within a task, or only after one" },
    { 0 },
};

static int64_t option(const struct team_spec *spec, int which)
{
    return spec->options ? spec->options[which] : options[which].fallback;
}

static void checkpoint(struct worker *self)
{
    gil_check(((struct team *)self->own)->gil, self->index);
}

static void block(struct worker *self)
{
    gil_drop(((struct team *)self->own)->gil, self->index);
}

static void unblock(struct worker *self)
{
    gil_take(((struct team *)self->own)->gil, self->index);
}

static int open_team(struct team **out, const struct team_spec *spec, struct why *w)
{
    struct team *t;
    int error = team_open(&t, spec, w);
    *out = NULL;
    if (error)
        return error;
    if (option(spec, HELD) &&
        (error = gil_open(&t->gil, (enum gil_kind)option(spec, LOCK), option(spec, SWITCH_US)))) {
        team_close(t);
        return why(w, error, "cannot make the lock: %s", strerror(-error));
    }
    for (int i = 0; t->gil && i < t->workers; i++) {
        struct worker *self = &t->worker[i];
        self->own = t;
        self->held = (int)option(spec, HELD);
        self->checkpoint = checkpoint;
        self->block = block;
        self->unblock = unblock;
        if (!option(spec, CHECK))
            self->wanted = gil_wanted(t->gil);
    }
    *out = t;
    return 0;
}

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
        self->unblock(self);
#pragma omp for schedule(runtime) nowait
        for (long i = 0; i < n; i++) {
            fn(arg, i, self);
            self->checkpoint(self);
        }
        self->block(self);
        job_leave(job, self);
    }
    return 0;
}

static void close_team(struct team *t)
{
    if (t->gil)
        gil_close(t->gil);
    team_close(t);
}

static void counts(const struct team *t, struct lock_counts *c)
{
    *c = t->gil ? gil_counts(t->gil) : (struct lock_counts){ 0 };
}

const struct backend backend_gil = {
    .name = "gil",
    .summary = "OpenMP thread team under one lock, as CPython's threads: while one computes, the "
               "others wait",
    .start = "thread",
    .options = options,
    .schedules = TEAM_SCHEDULES,
    .schedule = SCHEDULE_STATIC,
    .chunk = team_chunk,
    .environment = team_environment,
    .open = open_team,
    .run = run,
    .close = close_team,
    .counts = counts,
};
