/* SPDX-License-Identifier: MIT
 *
 * shm: chunks handed out in shared memory.  A claim is one atomic operation; nothing is locked, so
 * a worker can die anywhere without holding up the others.
 */
#include <limits.h>

#include "inside.h"

/* What the hand-out loops need of a job, where the compiler knows that no task can change it. */
struct hands {
    void (*range)(void *arg, long first, long end, int worker);
    void *arg;
    struct line *line;
    long tasks, chunk;
    int worker, workers;
};

static inline void do_chunk(struct hands h, long first, long end)
{
    atomic_store_explicit(&h.line->claim, first, memory_order_relaxed);
    h.range(h.arg, first, end < h.tasks ? end : h.tasks, h.worker);
}

/* ---- static ---- */

static void do_block(struct hands h)
{
    long size = h.tasks / h.workers, longer = h.tasks % h.workers;
    long first = h.worker * size + (h.worker < longer ? h.worker : longer);
    long end = first + size + (h.worker < longer);
    if (first < end)
        do_chunk(h, first, end);
}

static void do_static(struct hands h)
{
    if (h.chunk == 0) {
        do_block(h);
        return;
    }
    for (long first = h.worker * h.chunk; first < h.tasks; first += h.workers * h.chunk)
        do_chunk(h, first, first + h.chunk);
}

/* ---- dynamic, guided: one shared counter ---- */

static void do_dynamic(struct hands h, _Atomic long *next)
{
    for (;;) {
        long first = atomic_fetch_add_explicit(next, h.chunk, memory_order_relaxed);
        if (first >= h.tasks)
            return;
        do_chunk(h, first, first + h.chunk);
    }
}

static void do_guided(struct hands h, _Atomic long *next)
{
    long first = atomic_load_explicit(next, memory_order_relaxed);
    while (first < h.tasks) {
        long left = h.tasks - first;
        long size = (left + h.workers - 1) / h.workers;
        if (size < h.chunk)
            size = h.chunk;
        if (size > left)
            size = left;
        if (atomic_compare_exchange_weak_explicit(next, &first, first + size, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            do_chunk(h, first, first + size);
            first = atomic_load_explicit(next, memory_order_relaxed);
        }
    }
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

static void do_own_range(struct hands h)
{
    for (;;) {
        /* Adding one to the word takes the next chunk.  Past the end it only makes the range
         * emptier (and the word never carries: a range holds fewer than 2^31 chunks). */
        uint64_t range = atomic_fetch_add_explicit(&h.line->range, 1, memory_order_relaxed);
        if (NEXT(range) >= END(range))
            return;
        long first = NEXT(range) * h.chunk;
        do_chunk(h, first, first + h.chunk);
    }
}

static void do_steal(struct hands h, struct line *lines)
{
    for (int tried = 0; tried < h.workers;) {
        do_own_range(h);
        for (tried = 1; tried < h.workers; tried++)
            if (steal(h.line, &lines[(h.worker + tried) % h.workers]))
                break;
    }
}

/* ---- a worker's life, and the caller's side ---- */

/* Wait until the generation is no longer SEEN. */
static void wait_for_job(struct pool *p, uint32_t seen)
{
    struct control *c = p->control;
    for (int i = 0; i < p->spins || p->spins == INT_MAX; i++) {
        if (atomic_load_explicit(&c->generation, memory_order_acquire) != seen)
            return;
        relax();
    }
    atomic_fetch_add(&c->sleepers, 1);
    while (atomic_load(&c->generation) == seen)
        futex_wait(&c->generation, seen, 0);
    atomic_fetch_sub(&c->sleepers, 1);
}

static void do_share(struct pool *p, const struct pool_job *job, int worker)
{
    struct control *c = p->control;
    const struct hands h = { job->range, job->arg, &c->lines[worker], job->tasks,
                             job->chunk, worker,   p->workers };
    if (job->begin)
        job->begin(job->arg, worker);
    switch (job->schedule) {
    case POOL_STATIC:
        do_static(h);
        break;
    case POOL_DYNAMIC:
        do_dynamic(h, &c->next);
        break;
    case POOL_GUIDED:
        do_guided(h, &c->next);
        break;
    case POOL_STEAL:
        do_steal(h, c->lines);
        break;
    }
    atomic_store_explicit(&h.line->claim, -1, memory_order_relaxed);
    if (job->finish)
        job->finish(job->arg, worker);
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
        struct pool_job job = c->job;
        do_share(p, &job, worker);
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
