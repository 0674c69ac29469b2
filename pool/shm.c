/* SPDX-License-Identifier: MIT
 *
 * shm: chunks handed out in shared memory.  A claim is one atomic operation; nothing is locked, so
 * a worker can die anywhere without holding up the others.
 *
 * What is done must be known exactly after a death, even one between a claim and its record.  So
 * each worker logs its claims, in a log of its own: runs of units, a run that goes on is one entry
 * made longer.  In the last run `at` tells which task is in hand.  What no log covers was not done
 * (cover.c). All of it are plain stores into lines that nobody else writes.  (Every store before an
 * atomic operation is waited for; these are short waits.)
 */
#include <errno.h>
#include <limits.h>

#include "inside.h"

/* ---- the log: runs up to the first zero ---- */

/* Units in the log. */
static long logged(const struct pool_claims *c)
{
    long units = 0;
    for (const _Atomic uint64_t *run = c->log; run <= c->last; run++) {
        uint64_t word = atomic_load_explicit(run, memory_order_relaxed);
        units += UNIT_END(word) - UNIT_FIRST(word);
    }
    return units;
}

/* From its end: whoever dies meanwhile leaves no runs behind a zero, where those of a later job
 * would grow together with them. */
static void clear_log(struct control *control, _Atomic uint64_t *log, long runs,
                      enum fault_point halfway)
{
    (void)control;
    (void)halfway;
    for (long i = runs - 1; i >= 0; i--) {
        if (i == RUNS / 2)
            fault(control, halfway);
        atomic_store_explicit(&log[i], 0, memory_order_release);
    }
}

/* Move all runs into the bitmap that all workers share: a word at a time, for it is contended. */
static __attribute__((noinline)) void empty_log(struct pool_claims *c)
{
    _Atomic uint64_t *bits = c->slot->bitmap;
    long at = 0;
    uint64_t word = 0;
    atomic_store_explicit(&c->slot->bitmap_used, 1, memory_order_relaxed);
    c->emptied += logged(c);
    for (long i = 0; i < RUNS; i++) {
        uint64_t run = atomic_load_explicit(&c->log[i], memory_order_relaxed);
        for (long unit = UNIT_FIRST(run); unit < UNIT_END(run); unit++) {
            if (unit / 64 != at && word) {
                atomic_fetch_or_explicit(&bits[at], word, memory_order_relaxed);
                word = 0;
            }
            at = unit / 64;
            word |= UINT64_C(1) << unit % 64;
        }
    }
    if (word)
        atomic_fetch_or_explicit(&bits[at], word, memory_order_release);
    /* All are done, and known to be: what is left of the log, if we die here, has no task in hand.
     */
    atomic_store_explicit(&c->head->at, -1, memory_order_release);
    clear_log(c->self->control, c->log, RUNS, FAULT_EMPTY);
    c->last = c->log;
}

/* The rare ends of claimed() are calls of their own, so that it needs neither frame nor registers.
 */
static __attribute__((noinline)) struct pool_range claimed_last(struct pool_claims *c, long first,
                                                                long end)
{
    c->missing = (long)((unsigned long)end * (unsigned long)c->chunk - (unsigned long)c->tasks);
    return (struct pool_range){ first * c->chunk, c->tasks };
}

static inline __attribute__((always_inline)) struct pool_range recorded(struct pool_claims *c,
                                                                        long first, long end)
{
    fault(c->self->control, FAULT_RECORDED);
    return __builtin_expect(end < c->units, 1)
               ? (struct pool_range){ first * c->chunk, end * c->chunk }
               : claimed_last(c, first, end);
}

static __attribute__((noinline)) struct pool_range claimed_when_full(struct pool_claims *c,
                                                                     long first, long end)
{
    empty_log(c);
    atomic_store_explicit(c->last, units_word(first, end), memory_order_release);
    return recorded(c, first, end);
}

/* As few stores as can be: the next atomic operation waits for each.  JOIN: make the last run
 * longer if this goes on where it ends; not where that is a coin's toss, which no branch predictor
 * guesses. */
static inline __attribute__((always_inline)) struct pool_range
claimed(struct pool_claims *c, long first, long end, int join)
{
    fault(c->self->control, FAULT_CLAIMED);
    _Atomic uint64_t *last = c->last;
    uint64_t run = atomic_load_explicit(last, memory_order_relaxed), word = units_word(first, end);
    if (join && run && UNIT_END(run) == first) {
        word = units_word(UNIT_FIRST(run), end);
    } else if (run) {
        if (__builtin_expect(++last == c->log + RUNS, 0))
            return claimed_when_full(c, first, end);
        c->last = last;
    }
    atomic_store_explicit(last, word, memory_order_release);
    return recorded(c, first, end);
}

static inline struct pool_range nothing(const struct pool_claims *c)
{
    return (struct pool_range){ c->tasks, c->tasks };
}

/* ---- static ---- */

static struct pool_range next_static(struct pool_claims *c)
{
    long first = c->at;
    if (first >= c->units)
        return nothing(c);
    if (!c->slot->block) {
        c->at += c->workers;
        return claimed(c, first, first + 1, 0);
    }
    long size = c->units / c->workers, longer = c->units % c->workers;
    c->at = c->units;
    if (c->worker >= c->workers || (!size && c->worker >= longer))
        return nothing(c);
    first = c->worker * size + (c->worker < longer ? c->worker : longer);
    size += c->worker < longer;
    c->joined = size - 1;
    return claimed(c, first, first + size, 1);
}

/* ---- dynamic, guided: one shared counter of units ---- */

static inline struct pool_range next_dynamic(struct pool_claims *c)
{
    long first = atomic_fetch_add_explicit(c->next, 1, memory_order_relaxed);
    return first < c->units ? claimed(c, first, first + 1, 0) : nothing(c);
}

static struct pool_range next_guided(struct pool_claims *c)
{
    long first = atomic_load_explicit(c->next, memory_order_relaxed);
    while (first < c->units) {
        long size = (c->units - first + c->workers - 1) / c->workers;
        if (atomic_compare_exchange_weak_explicit(c->next, &first, first + size,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            c->joined += size - 1;
            return claimed(c, first, first + size, 1);
        }
    }
    return nothing(c);
}

/* ---- steal: a range of units a worker, in one word that both ends are taken from ---- */

/* Take the later half of VICTIM's range into MINE, which is empty.  Returns 1 if there was one. */
static int steal(struct head *mine, struct head *victim)
{
    uint64_t range = atomic_load_explicit(&victim->range, memory_order_relaxed);
    while (UNIT_FIRST(range) < UNIT_END(range)) {
        long first = UNIT_FIRST(range), end = UNIT_END(range);
        long split = units_split(first, end);
        if (atomic_compare_exchange_weak_explicit(&victim->range, &range, units_word(first, split),
                                                  memory_order_relaxed, memory_order_relaxed)) {
            atomic_store_explicit(&mine->range, units_word(split, end), memory_order_relaxed);
            return 1;
        }
    }
    return 0;
}

/* Adding one to the own word takes the next unit.  Past the end it only makes the range emptier
 * (and the word never carries: a range holds fewer than 2^31 units). */
static inline struct pool_range next_own(struct pool_claims *c)
{
    uint64_t range = atomic_fetch_add_explicit(&c->head->range, 1, memory_order_relaxed);
    return UNIT_FIRST(range) < UNIT_END(range)
               ? claimed(c, UNIT_FIRST(range), UNIT_FIRST(range) + 1, 1)
               : nothing(c);
}

static __attribute__((noinline)) struct pool_range next_stolen(struct pool_claims *c)
{
    for (int i = 1; i <= c->workers; i++) {
        struct head *victim = &c->heads[(c->worker + i) % c->workers];
        while (victim != c->head && steal(c->head, victim)) {
            c->steals++;
            struct pool_range range = next_own(c);
            if (range.first < range.end)
                return range; /* else another thief was faster */
        }
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

static inline struct pool_range next_chunk(struct pool_claims *c)
{
    fault(c->self->control, FAULT_CLAIM);
    if (__builtin_expect(atomic_load_explicit(c->cancelled, memory_order_relaxed), 0))
        return nothing(c);
    if (c->schedule == POOL_STEAL) {
        struct pool_range own = next_own(c);
        return own.first < own.end ? own : next_stolen(c);
    }
    return c->schedule == POOL_DYNAMIC ? next_dynamic(c) : next_of_others(c);
}

struct pool_range pool_next(struct pool_claims *c)
{
    if (c->transport == POOL_PIPE) {
        struct pool_range only = c->single;
        c->single = nothing(c);
        return only;
    }
    return next_chunk(c);
}

/* ---- the caller's side ---- */

void shm_deal(struct control *c, int slot)
{
    struct slot *s = &c->slots[slot];
    atomic_store_explicit(&s->next, 0, memory_order_relaxed);
    if (s->schedule != POOL_STEAL)
        return;
    for (long i = 0; i < s->workers; i++)
        atomic_store_explicit(
            &head_of(c, slot, (int)i)->range,
            units_word(s->units * i / s->workers, s->units * (i + 1) / s->workers),
            memory_order_relaxed);
}

/* ---- a worker's side ---- */

/* A task that is out of the ordinary: it failed, it has a time limit, or it may be tried again. */
static __attribute__((noinline)) void careful(struct pool_claims *c, pool_fn *fn, long position,
                                              struct pool_task *t, int *failed)
{
    struct slot *s = c->slot;
    int tries, code = worker_try(c->self, s, fn, slot_task(s, position), t, &tries);
    *failed += code != 0;
    if (code || tries > 1)
        worker_failed(c->self, s, position, code, tries);
}

/* Do RANGE.  Returns the position after the last task done; less than its end: cancelled. */
static long do_range(struct pool_claims *c, pool_fn *fn, void *arg, struct pool_range r,
                     struct pool_task *t, int *failed)
{
    struct head *head = c->head;
    struct slot *s = c->slot;
    int plain = !s->timed && !s->retries && !s->piece_count;
    long base = s->base;
    for (long i = r.first; i < r.end; i++) {
        if (__builtin_expect(atomic_load_explicit(c->cancelled, memory_order_relaxed), 0))
            return i;
        /* Who sees it does not see the last one's start any more. */
        atomic_store_explicit(&head->at, i, memory_order_release);
        if (plain) {
            int code = fn(arg, base + i, t);
            if (__builtin_expect(code != 0, 0)) {
                worker_failed(c->self, s, i, code, 1);
                ++*failed;
            }
        } else {
            careful(c, fn, i, t, failed);
        }
        fault(c->self->control, FAULT_DONE);
    }
    return r.end;
}

/* Units claimed since begin(). */
static long units_claimed(const struct pool_claims *c)
{
    return c->emptied + logged(c) - c->inherited;
}

/* Returns 1 if the worker is to go. */
static int do_tasks(struct pool_claims *c, pool_fn *fn, long *done, int *failed)
{
    struct slot *s = c->slot;
    struct pool_task t = s->task;
    t.worker = c->worker;
    for (;;) {
        struct pool_range r = next_chunk(c);
        if (r.first >= r.end)
            return 0;
        long end = do_range(c, fn, s->arg, r, &t, failed);
        atomic_store_explicit(&c->head->at, end, memory_order_release);
        *done += end - r.first;
        if (__builtin_expect(worker_should_retire(c->self, *done), 0))
            return 1;
    }
}

static void begin(struct pool_claims *c, struct self *self, int slot)
{
    struct control *control = self->control;
    struct slot *s = &control->slots[slot];
    struct head *h = head_of(control, slot, self->index);
    uint64_t seq = atomic_load_explicit(&s->seq, memory_order_relaxed);
    *c = (struct pool_claims){
        .tasks = s->tasks,
        .chunk = s->chunk,
        .units = s->units,
        .head = h,
        .next = &s->next,
        .heads = head_of(control, slot, 0),
        .log = log_of(control, slot, self->index),
        .at = s->block                   ? 0
              : self->index < s->workers ? self->index
                                         : s->units,
        .slot = s,
        .self = self,
        .cancelled = &s->cancelled,
        .worker = self->index,
        .workers = s->workers,
        .schedule = s->schedule,
        .transport = POOL_SHM,
    };
    c->last = c->log;
    if (atomic_load_explicit(&h->seq, memory_order_relaxed) == seq) { /* we take over */
        while (c->last < c->log + RUNS - 1 && c->last[1])
            c->last++;
        c->inherited = logged(c);
        return;
    }
    long old = 0;
    while (old < RUNS && c->log[old])
        old++;
    clear_log(control, c->log, old, FAULT_CLEAR);
    atomic_store_explicit(&h->at, -1, memory_order_relaxed);
    if (self->index >= s->workers)
        atomic_store_explicit(&h->range, 0, memory_order_relaxed);
    atomic_store_explicit(&h->seq, seq, memory_order_release);
}

static inline void add(_Atomic long *to, long count)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

int shm_work(struct self *self, int slot)
{
    struct slot *s = &self->control->slots[slot];
    struct pool_claims c;
    long done = 0;
    int failed = 0, retire = 0;
    begin(&c, self, slot);
    if (s->work) {
        pool_work *work =
            (pool_work *)worker_function(self, &s->ref, s->fn_serial, (void (*)(void))s->work);
        if (work) {
            work(s->arg, self->index, &c);
            done = (long)((unsigned long)units_claimed(&c) * (unsigned long)c.chunk) - c.missing;
        } else {
            atomic_store(&s->cancelled, 1);
        }
    } else {
        pool_fn *fn =
            (pool_fn *)worker_function(self, &s->ref, s->fn_serial, (void (*)(void))s->fn);
        retire = do_tasks(&c, fn ? fn : worker_cannot, &done, &failed);
    }
    fault(self->control, FAULT_COUNT);
    self->done += done;
    add(&self->line->tasks, done);
    add(&self->line->chunks, units_claimed(&c) - c.joined);
    if (failed)
        add(&self->line->failed, failed);
    if (c.steals)
        add(&self->line->steals, c.steals);
    if (done && atomic_fetch_sub(&s->remaining, done) == done) {
        fault(self->control, FAULT_COUNTED);
        atomic_store(&s->bell, 1);
        if (atomic_load(&s->waiters))
            futex_wake(&s->bell, INT_MAX);
    }
    return retire;
}
