/* SPDX-License-Identifier: MIT
 *
 * job: n tasks, and who does them.  This is all that a workload and a backend know of each other:
 * a workload gives the task function, a backend calls it for every i in 0..n-1 exactly once, on its
 * workers, handing out `chunk` tasks at a time in the order that `schedule` asks for.
 */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"

/* A worker as a task sees it.  The three hooks let a backend that runs its workers under a lock
 * (an interpreter's) give the lock up; everywhere else they do nothing, at the same cost. */
struct worker {
    int index;                           /* 0 .. workers-1 */
    int held;                            /* per cent of a task's computing that need the lock */
    const _Atomic int *wanted;           /* not 0: call checkpoint.  See worker_check */
    void (*checkpoint)(struct worker *); /* the lock may change hands here */
    void (*block)(struct worker *);      /* called before a task sleeps, waits for input ... */
    void (*unblock)(struct worker *);    /* ... or needs no lock for a while, and after */
    void *own;                           /* the backend's */
    /* Inputs and outputs that a backend has brought to this worker: those of task `first` and on;
     * NULL: they are where the job has them. */
    const void *in;
    void *out;
    long first;
};

/* The hook that does nothing. */
static inline void worker_nop(struct worker *self)
{
    (void)self;
}

/* A worker without a lock to give up. */
static inline struct worker worker_plain(int index)
{
    static const _Atomic int never = 0;
    return (struct worker){ .index = index,
                            .held = 100,
                            .wanted = &never,
                            .checkpoint = worker_nop,
                            .block = worker_nop,
                            .unblock = worker_nop };
}

/* A task that computes calls this every few tens of ns, as an interpreter looks at its flag between
 * two instructions: one load and a branch that is hardly ever taken.  Runs in: worker. */
static inline void worker_check(struct worker *self)
{
    if (atomic_load_explicit(self->wanted, memory_order_relaxed))
        self->checkpoint(self);
}

/* Do task I.  No printing, and no allocation but where that is the work; writes only to its
 * worker's slot or its own output.  Runs in: worker. */
typedef void task_fn(void *arg, long i, struct worker *self);

/* How chunks find their workers.  STATIC: fixed in advance; a chunk of 0 means one contiguous block
 * a worker, the first n % workers of them one task longer; else chunk k goes to worker k % workers.
 * DYNAMIC: the next chunk goes to whoever asks.  GUIDED: the same, but a chunk is the larger of
 * `chunk` and (what is left) / workers.  STEAL: every worker starts with a contiguous block and
 * takes chunks from its front; one that has run out takes half of what another has left. */
enum schedule { SCHEDULE_STATIC, SCHEDULE_DYNAMIC, SCHEDULE_GUIDED, SCHEDULE_STEAL, SCHEDULES };

/* What a worker without work does: ACTIVE spins, PASSIVE sleeps in the kernel, DEFAULT is what the
 * backend, or the runtime below it, does unasked. */
enum wait_policy { WAIT_ACTIVE, WAIT_PASSIVE, WAIT_DEFAULT, WAITS };

/* When one worker was in the job, by clock_ns().  Written by that worker alone, on its own cache
 * line, twice a job: the cost per task is nothing, and it means the same in every backend. */
struct stint {
    _Alignas(128) int64_t enter_ns; /* just before it asked for its first task */
    int64_t leave_ns;               /* just after it found no more */
};

/* An element a task in and out, in memory that all workers see.  A backend whose workers would not
 * see it in real life brings it to them and back. */
struct job_data {
    const void *in;
    void *out;
    size_t in_size, out_size; /* of one element, bytes; 0: there are none */
};

struct job {
    task_fn *fn;
    void *arg;
    long n;
    long chunk; /* tasks handed out together; 0: only with SCHEDULE_STATIC */
    enum schedule schedule;
    struct stint *stints; /* one a worker, zeroed, in memory that workers share with the caller */
    struct job_data data;
};

/* A backend calls these in each worker, around that worker's share of a job. */
static inline void job_enter(const struct job *job, const struct worker *self)
{
    struct stint *s = &job->stints[self->index];
    if (!s->enter_ns) /* a worker may come back for more of the same job */
        s->enter_ns = clock_ns();
}

static inline void job_leave(const struct job *job, const struct worker *self)
{
    job->stints[self->index].leave_ns = clock_ns();
}

/* Task I's element of D, as SELF sees it.  Runs in: worker. */
static inline const void *job_in(const struct job_data *d, const struct worker *self, long i)
{
    return self->in ? (const char *)self->in + (size_t)(i - self->first) * d->in_size
                    : (const char *)d->in + (size_t)i * d->in_size;
}
static inline void *job_out(const struct job_data *d, const struct worker *self, long i)
{
    return self->out ? (char *)self->out + (size_t)(i - self->first) * d->out_size
                     : (char *)d->out + (size_t)i * d->out_size;
}

#endif
