/* SPDX-License-Identifier: MIT */
#include "gil.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct gil {
    enum gil_kind kind;
    int64_t interval_ns;
    /* NEW: 1 while a waiter wants the lock.  OLD: always 1, so that every check counts. */
    _Atomic int wanted;

    pthread_mutex_t mutex; /* NEW: held for moments only; it guards all below */
    pthread_cond_t free;   /* the lock was given up */
    pthread_cond_t taken;  /* ... and was taken */
    int locked;

    sem_t semaphore; /* OLD: 1 while the lock is free; who holds it owns all below */
    int checks;      /* OLD: until it is given up */

    int last; /* who has it, or had it last; -1: nobody yet */
    struct lock_counts counts;
};

/* By the clock that nobody sets. */
static int make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    int error = pthread_condattr_init(&monotonic);
    if (error)
        return error;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    error = pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return error;
}

int gil_open(struct gil **out, enum gil_kind kind, int64_t interval_us)
{
    struct gil *g = calloc(1, sizeof *g);
    int error = ENOMEM;
    *out = NULL;
    if (!g)
        return -error;
    g->kind = kind;
    g->interval_ns = interval_us * 1000;
    g->wanted = kind == GIL_OLD;
    g->checks = GIL_OLD_CHECKS;
    g->last = -1;
    if ((error = pthread_mutex_init(&g->mutex, NULL)))
        goto no_mutex;
    if ((error = make_condition(&g->free)))
        goto no_free;
    if ((error = make_condition(&g->taken)))
        goto no_taken;
    if (sem_init(&g->semaphore, 0, 1)) {
        error = errno;
        goto no_semaphore;
    }
    *out = g;
    return 0;
no_semaphore:
    pthread_cond_destroy(&g->taken);
no_taken:
    pthread_cond_destroy(&g->free);
no_free:
    pthread_mutex_destroy(&g->mutex);
no_mutex:
    free(g);
    return -error;
}

void gil_close(struct gil *g)
{
    sem_destroy(&g->semaphore);
    pthread_cond_destroy(&g->taken);
    pthread_cond_destroy(&g->free);
    pthread_mutex_destroy(&g->mutex);
    free(g);
}

/* Runs in: worker, who holds the lock. */
static void now_has_it(struct gil *g, int thread)
{
    g->counts.switches += g->last >= 0 && g->last != thread;
    g->last = thread;
}

static struct timespec after(int64_t ns)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    ns += t.tv_nsec;
    t.tv_sec += ns / 1000000000;
    t.tv_nsec = ns % 1000000000;
    return t;
}

/* The one who waits asks only after a whole interval in which the lock did not change hands: then
 * it is this holder, and no other, that has had it for so long. */
static void take_new(struct gil *g, int thread)
{
    pthread_mutex_lock(&g->mutex);
    while (g->locked) {
        int64_t switches = g->counts.switches;
        struct timespec until = after(g->interval_ns);
        int late = pthread_cond_timedwait(&g->free, &g->mutex, &until) == ETIMEDOUT;
        if (late && g->locked && g->counts.switches == switches) {
            g->counts.requests++;
            atomic_store_explicit(&g->wanted, 1, memory_order_relaxed);
        }
    }
    g->locked = 1;
    now_has_it(g, thread);
    atomic_store_explicit(&g->wanted, 0, memory_order_relaxed);
    pthread_cond_broadcast(&g->taken);
    pthread_mutex_unlock(&g->mutex);
}

/* Who was asked must not take the lock again before another had it: the others, just woken by the
 * kernel, would always come too late. */
static void drop_new(struct gil *g, int thread)
{
    pthread_mutex_lock(&g->mutex);
    g->locked = 0;
    pthread_cond_signal(&g->free);
    if (atomic_load_explicit(&g->wanted, memory_order_relaxed)) {
        g->counts.forced++;
        while (g->last == thread)
            pthread_cond_wait(&g->taken, &g->mutex);
    }
    pthread_mutex_unlock(&g->mutex);
}

void gil_take(struct gil *g, int thread)
{
    if (g->kind == GIL_NEW) {
        take_new(g, thread);
        return;
    }
    while (sem_wait(&g->semaphore) && errno == EINTR) {
    }
    now_has_it(g, thread);
}

void gil_drop(struct gil *g, int thread)
{
    if (g->kind == GIL_NEW)
        drop_new(g, thread);
    else
        sem_post(&g->semaphore);
}

const _Atomic int *gil_wanted(const struct gil *g)
{
    return &g->wanted;
}

void gil_check(struct gil *g, int thread)
{
    if (g->kind == GIL_OLD) {
        if (--g->checks > 0)
            return;
        g->checks = GIL_OLD_CHECKS;
    } else if (!atomic_load_explicit(&g->wanted, memory_order_relaxed)) {
        return;
    }
    gil_drop(g, thread);
    gil_take(g, thread);
}

struct lock_counts gil_counts(const struct gil *g)
{
    return g->counts;
}
