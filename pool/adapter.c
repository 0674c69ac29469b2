/* SPDX-License-Identifier: MIT */
#include "adapter.h"

#include <errno.h>
#include <string.h>

/* In the cell's arena, which every worker sees at the same address.  Functions have other addresses
 * in workers that were spawned: they are told of them by reference. */
struct team {
    struct pool *pool; /* the caller's; workers never follow it */
    struct job job;    /* written by the caller between jobs */
    int spawned, pipes;
    int (*enter)(void *arg, int worker);
    void *enter_arg;
    struct pool_fn_ref enter_ref, fn_ref;
};

static void (*here(const struct team *t, const struct pool_fn_ref *ref, void (*raw)(void)))(void)
{
    return t->spawned ? pool_fn_resolve(ref, NULL, 0) : raw;
}

/* Runs in: worker. */
static int enter(const void *arg, long worker, struct pool_task *task)
{
    const struct team *t = arg;
    int (*fn)(void *, int) = (int (*)(void *, int))here(t, &t->enter_ref, (void (*)(void))t->enter);
    (void)task;
    return fn ? fn(t->enter_arg, (int)worker) : -ENOENT;
}

static void work(void *arg, int worker, struct pool_claims *claims)
{
    struct team *t = arg;
    struct worker self = worker_plain(worker);
    task_fn *fn = (task_fn *)here(t, &t->fn_ref, (void (*)(void))t->job.fn);
    void *task_arg = t->job.arg;
    job_enter(&t->job, &self);
    for (;;) {
        struct pool_range r = pool_next(claims);
        if (r.first >= r.end)
            break;
        for (long i = r.first; i < r.end; i++)
            fn(task_arg, i, &self);
    }
    job_leave(&t->job, &self);
}

/* A task whose data come through a pipe.  Nobody here knows which is a chunk's last: each leaves.
 * Runs in: worker. */
static int work_on_data(const void *arg, long i, struct pool_task *task)
{
    static _Thread_local task_fn *callers, *fn; /* the caller's address, and ours */
    const struct team *t = arg;
    struct worker self = worker_plain(task->worker);
    if (callers != t->job.fn) {
        fn = (task_fn *)here(t, &t->fn_ref, (void (*)(void))t->job.fn);
        callers = t->job.fn;
    }
    if (!fn)
        return -ENOENT;
    self.in = task->in;
    self.out = task->out;
    self.first = task->first;
    job_enter(&t->job, &self);
    fn(t->job.arg, i, &self);
    job_leave(&t->job, &self);
    return 0;
}

static int refer(struct pool_fn_ref *ref, void (*fn)(void), struct why *w)
{
    char text[400];
    int error = pool_fn_refer(ref, fn, text, sizeof text);
    return error ? why(w, error, "%s", text) : 0;
}

static enum pool_start start_of(const char *name)
{
    return !strcmp(name, "thread") ? POOL_THREAD : !strcmp(name, "spawn") ? POOL_SPAWN : POOL_FORK;
}

int adapter_open(struct team **out, const struct team_spec *spec, const char *start,
                 enum pool_transport transport, struct why *w)
{
    const struct pool_region region = { spec->arena->fd, spec->arena->base,
                                        (size_t)spec->arena->size };
    struct team *t = arena_take(spec->arena, 1, sizeof *t);
    *out = NULL;
    if (!t)
        return why(w, -ENOMEM, "no shared memory for the team");
    const struct pool_options options = {
        .workers = spec->workers,
        .cpus = spec->cpus,
        .cpu_count = spec->cpu_count,
        .start = start_of(spec->start ? spec->start : start),
        .transport = transport,
        .wait = spec->wait == WAIT_ACTIVE ? POOL_ACTIVE : POOL_PASSIVE,
        .initializer = enter,
        .initializer_arg = t,
        .close_timeout_ms = 1000,
        .regions = &region,
        .region_count = spec->arena->fd >= 0,
    };
    t->enter = spec->enter;
    t->enter_arg = spec->enter_arg;
    t->spawned = options.start == POOL_SPAWN;
    t->pipes = transport == POOL_PIPE;
    int error = t->spawned ? refer(&t->enter_ref, (void (*)(void))spec->enter, w) : 0;
    if (!error)
        error = pool_open(&t->pool, &options, w ? w->text : NULL, w ? sizeof w->text : 0);
    if (!error)
        *out = t;
    return error;
}

int adapter_run(struct team *t, const struct job *job, struct why *w)
{
    static const enum pool_schedule schedules[SCHEDULES] = {
        [SCHEDULE_STATIC] = POOL_STATIC,
        [SCHEDULE_DYNAMIC] = POOL_DYNAMIC,
        [SCHEDULE_GUIDED] = POOL_GUIDED,
        [SCHEDULE_STEAL] = POOL_STEAL,
    };
    if (t->spawned && t->job.fn != job->fn) {
        int error = refer(&t->fn_ref, (void (*)(void))job->fn, w);
        if (error)
            return error;
    }
    t->job = *job;
    long error;
    if (t->pipes && (job->data.in_size || job->data.out_size)) {
        const struct pool_call call = {
            .fn = work_on_data,
            .arg = t,
            .in = job->data.in_size ? job->data.in : NULL,
            .in_size = job->data.in_size,
            .out = job->data.out_size ? job->data.out : NULL,
            .out_size = job->data.out_size,
            .n = job->n,
            .chunk = job->chunk,
            .schedule = schedules[job->schedule],
        };
        error = pool_map(t->pool, &call);
        error = error > 0 ? -EIO : error; /* tasks that could not be found, or whose worker died */
    } else {
        const struct pool_job pool_job = {
            .work = work,
            .arg = t,
            .tasks = job->n,
            .chunk = job->chunk,
            .schedule = schedules[job->schedule],
        };
        error = pool_run(t->pool, &pool_job);
    }
    return error ? why(w, (int)error, "%s", pool_message(t->pool)) : 0;
}

void adapter_close(struct team *t)
{
    pool_free(t->pool);
}

long adapter_chunk(long tasks, int workers, enum schedule schedule)
{
    if (schedule == SCHEDULE_STATIC)
        return 0;
    return (tasks + 4L * workers - 1) / (4L * workers);
}
