/* SPDX-License-Identifier: MIT */
#include "adapter.h"

#include <errno.h>
#include <sys/mman.h>

/* Shared with the workers: they find the job and themselves in it. */
struct team {
    struct pool *pool; /* the caller's; workers never follow it */
    struct job job;    /* written by the caller between jobs */
    int workers;
    struct worker worker[];
};

static size_t size_of(int workers)
{
    return sizeof(struct team) + (size_t)workers * sizeof(struct worker);
}

static void work(void *arg, int worker, struct pool_claims *claims)
{
    struct team *t = arg;
    struct worker *self = &t->worker[worker];
    task_fn *fn = t->job.fn;
    void *task_arg = t->job.arg;
    job_enter(&t->job, self);
    for (;;) {
        struct pool_range r = pool_next(claims);
        if (r.first >= r.end)
            break;
        for (long i = r.first; i < r.end; i++)
            fn(task_arg, i, self);
    }
    job_leave(&t->job, self);
}

int adapter_open(struct team **out, const struct team_spec *spec, enum pool_transport transport,
                 struct why *w)
{
    struct pool_options options = {
        .workers = spec->workers,
        .cpus = spec->cpus,
        .cpu_count = spec->cpu_count,
        .transport = transport,
        .wait = spec->wait == WAIT_ACTIVE ? POOL_ACTIVE : POOL_PASSIVE,
        .initializer = spec->enter,
        .initializer_arg = spec->enter_arg,
    };
    struct team *t = mmap(NULL, size_of(spec->workers), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *out = NULL;
    if (t == MAP_FAILED)
        return why(w, -errno, "no shared memory for the team");
    t->workers = spec->workers;
    for (int i = 0; i < spec->workers; i++)
        t->worker[i] = (struct worker){ i, worker_nop, worker_nop, worker_nop };
    int error = pool_open(&t->pool, &options, w ? w->text : NULL, w ? sizeof w->text : 0);
    if (error) {
        munmap(t, size_of(spec->workers));
        return error;
    }
    *out = t;
    return 0;
}

int adapter_run(struct team *t, const struct job *job, struct why *w)
{
    static const enum pool_schedule schedules[SCHEDULES] = {
        [SCHEDULE_STATIC] = POOL_STATIC,
        [SCHEDULE_DYNAMIC] = POOL_DYNAMIC,
        [SCHEDULE_GUIDED] = POOL_GUIDED,
        [SCHEDULE_STEAL] = POOL_STEAL,
    };
    t->job = *job;
    const struct pool_job pool_job = {
        .work = work,
        .arg = t,
        .tasks = job->n,
        .chunk = job->chunk,
        .schedule = schedules[job->schedule],
    };
    int error = pool_run(t->pool, &pool_job);
    return error ? why(w, error, "%s", pool_message(t->pool)) : 0;
}

void adapter_close(struct team *t)
{
    int workers = t->workers;
    pool_close(t->pool);
    munmap(t, size_of(workers));
}

long adapter_chunk(long tasks, int workers, enum schedule schedule)
{
    if (schedule == SCHEDULE_STATIC)
        return 0;
    return (tasks + 4L * workers - 1) / (4L * workers);
}
