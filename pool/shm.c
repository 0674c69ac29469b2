/* SPDX-License-Identifier: MIT
 *
 * shm: chunks handed out in shared memory.  A claim is one atomic operation; nothing is locked, so
 * a worker can die anywhere without holding up the others.
 *
 * A claim is also all that a task of a few nanoseconds pays for, so it is kept out of memory:
 * ranges come back in registers, and there is one store besides the atomic operation, the claim
 * record, to a line that only this worker writes.  (Every store before an atomic operation is
 * waited for.)
 */
#include <limits.h>

#include "inside.h"

static inline struct pool_range claimed(struct pool_claims *c, long first, long end)
{
    atomic_store_explicit(&c->line->claim, first, memory_order_relaxed);
    return (struct pool_range){ first, end < c->tasks ? end : c->tasks };
}

static inline struct pool_range nothing(const struct pool_claims *c)
{
    return (struct pool_range){ c->tasks, c->tasks };
}

/* ---- static ---- */

static struct pool_range next_static(struct pool_claims *c)
{
    long first = c->at;
    if (c->chunk == 0) { /* one block */
        long size = c->tasks / c->workers, longer = c->tasks % c->workers;
        c->at = c->tasks;
        if (first >= c->tasks)
            return nothing(c);
        first = c->worker * size + (c->worker < longer ? c->worker : longer);
        return claimed(c, first, first + size + (c->worker < longer));
    }
    if (first >= c->tasks)
        return nothing(c);
    c->at += c->workers * c->chunk;
    return claimed(c, first, first + c->chunk);
}

/* ---- dynamic, guided: one shared counter ---- */

static inline struct pool_range next_dynamic(struct pool_claims *c)
{
    long first = atomic_fetch_add_explicit(c->next, c->chunk, memory_order_relaxed);
    return first < c->tasks ? claimed(c, first, first + c->chunk) : nothing(c);
}

static struct pool_range next_guided(struct pool_claims *c)
{
    long first = atomic_load_explicit(c->next, memory_order_relaxed);
    while (first < c->tasks) {
        long left = c->tasks - first;
        long size = (left + c->workers - 1) / c->workers;
        if (size < c->chunk)
            size = c->chunk;
        if (size > left)
            size = left;
        if (atomic_compare_exchange_weak_explicit(c->next, &first, first + size,
                                                  memory_order_relaxed, memory_order_relaxed))
            return claimed(c, first, first + size);
    }
    return nothing(c);
}

/* ---- steal: a range of chunks a worker, in one word that both ends are taken from ---- */

#define NEXT(range) ((uint32_t)(range))
#define END(range)  ((uint32_t)((range) >> 32))

static uint64_t range_of(uint32_t next, uint32_t end)
{
    return (uint64_t)end << 32 | next;
}

/* The caller deals the chunks before the workers look. */
static void deal(struct pool *p, const struct pool_job *job)
{
    long chunks = (job->tasks + job->chunk - 1) / job->chunk;
    for (long i = 0; i < p->workers; i++)
        atomic_store_explicit(&p->control->lines[i].range,
                              range_of((uint32_t)(chunks * i / p->workers),
                                       (uint32_t)(chunks * (i + 1) / p->workers)),
                              memory_order_relaxed);
}

/* Take the later half of VICTIM's range into MINE, which is empty.  Returns 1 if there was one. */
static int steal(struct line *mine, struct line *victim)
{
    uint64_t range = atomic_load_explicit(&victim->range, memory_order_relaxed);
    while (NEXT(range) < END(range)) {
        uint32_t split = END(range) - (END(range) - NEXT(range) + 1) / 2;
        if (atomic_compare_exchange_weak_explicit(&victim->range, &range,
                                                  range_of(NEXT(range), split),
                                                  memory_order_relaxed, memory_order_relaxed)) {
            atomic_store_explicit(&mine->range, range_of(split, END(range)), memory_order_relaxed);
            return 1;
        }
    }
    return 0;
}

/* Adding one to the own word takes the next chunk.  Past the end it only makes the range emptier
 * (and the word never carries: a range holds fewer than 2^31 chunks). */
static inline struct pool_range next_own(struct pool_claims *c)
{
    uint64_t range = atomic_fetch_add_explicit(&c->line->range, 1, memory_order_relaxed);
    long first = NEXT(range) * c->chunk;
    return NEXT(range) < END(range) ? claimed(c, first, first + c->chunk) : nothing(c);
}

static __attribute__((noinline)) struct pool_range next_stolen(struct pool_claims *c)
{
    for (int i = 1; i < c->workers; i++)
        while (steal(c->line, &c->lines[(c->worker + i) % c->workers])) {
            struct pool_range range = next_own(c);
            if (range.first < range.end)
                return range; /* else another thief was faster */
        }
    return nothing(c);
}

static __attribute__((noinline)) struct pool_range next_of_others(struct pool_claims *c)
{
    switch (c->schedule) {
    case POOL_STATIC:
        return next_static(c);
    case POOL_GUIDED:
        return next_guided(c);
    default:
        return nothing(c);
    }
}

struct pool_range pool_next(struct pool_claims *c)
{
    if (c->transport == POOL_PIPE) {
        struct pool_range only = c->single;
        c->single = nothing(c);
        return only;
    }
    if (c->schedule == POOL_STEAL) {
        struct pool_range own = next_own(c);
        return own.first < own.end ? own : next_stolen(c);
    }
    return c->schedule == POOL_DYNAMIC ? next_dynamic(c) : next_of_others(c);
}

/* ---- a worker's life, and the caller's side ---- */

/* Wait until the generation is no longer SEEN. */
static void wait_for_job(struct pool *p, uint32_t seen)
{
    struct control *c = p->control;
    for (unsigned i = 0; i < (unsigned)p->spins || p->spins == INT_MAX; i++) {
        if (atomic_load_explicit(&c->generation, memory_order_acquire) != seen)
            return;
        relax();
    }
    atomic_fetch_add(&c->sleepers, 1);
    while (atomic_load(&c->generation) == seen)
        futex_wait(&c->generation, seen, 0);
    atomic_fetch_sub(&c->sleepers, 1);
}

void shm_work(struct pool *p, int worker)
{
    struct control *c = p->control;
    uint32_t seen = 0;
    worker_done(c); /* ready */
    for (;;) {
        wait_for_job(p, seen);
        seen++;
        if (atomic_load_explicit(&c->stop, memory_order_relaxed))
            return;
        const struct pool_job job = c->job;
        struct pool_claims claims = {
            .tasks = job.tasks,
            .chunk = job.chunk,
            .line = &c->lines[worker],
            .next = &c->next,
            .lines = c->lines,
            .at = worker * job.chunk,
            .worker = worker,
            .workers = p->workers,
            .schedule = job.schedule,
            .transport = POOL_SHM,
        };
        job.work(job.arg, worker, &claims);
        atomic_store_explicit(&claims.line->claim, -1, memory_order_relaxed);
        worker_done(c);
    }
}

static void next_generation(struct control *c)
{
    atomic_fetch_add(&c->generation, 1);
    if (atomic_load(&c->sleepers))
        futex_wake(&c->generation, INT_MAX);
}

int shm_run(struct pool *p, const struct pool_job *job)
{
    struct control *c = p->control;
    c->job = *job;
    if (job->schedule == POOL_STEAL)
        deal(p, job);
    atomic_store_explicit(&c->next, 0, memory_order_relaxed);
    atomic_store_explicit(&c->left, (uint32_t)p->workers, memory_order_relaxed);
    next_generation(c);
    return pool_wait_left(p);
}

void shm_stop(struct pool *p)
{
    atomic_store(&p->control->stop, 1);
    next_generation(p->control);
}
