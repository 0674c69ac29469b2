/* SPDX-License-Identifier: MIT
 *
 * ticket: a call's way from the caller's arrays to the workers and back.  Usually that is one job
 * in one slot.  If a worker dies in it, its successor joins the others; when everybody has left,
 * what is not done becomes a repair round, a job of its own, until every task is done or failed for
 * good.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

#define MOST_CODES (INT64_C(1) << 32)

/* ---- slots ---- */

int slot_inside(const struct pool *p, int slot)
{
    for (int w = 0; w < p->control->capacity; w++)
        if ((p->own[w].alive || (w == 0 && p->caller)) &&
            atomic_load(&p->control->lines[w].slot) == (uint32_t)slot + 1)
            return 1;
    return 0;
}

static int slots_free(const struct pool *p)
{
    int count = 0;
    for (int i = 0; i < SLOTS; i++)
        count += !p->slots[i].ticket;
    return count;
}

int slot_take(struct pool *p)
{
    for (int i = 0; i < SLOTS; i++)
        if (!p->slots[i].ticket && !slot_inside(p, i))
            return i;
    return -1;
}

static void unpublish(struct pool *p, int slot)
{
    atomic_fetch_and(&p->control->published, ~(UINT64_C(1) << slot));
}

/* The slot of a call that is complete, or goes on in another slot. */
void slot_free(struct pool *p, int slot)
{
    struct slot *s = &p->control->slots[slot];
    struct slot_own *own = &p->slots[slot];
    unpublish(p, slot);
    if (s->bitmap_used)
        arena_clear(p, (void *)own->bitmap, (size_t)own->bitmap_words * 8);
    own->ticket = NULL;
}

/* ROOM zeroed words for ARRAY, whose size is *HAVE. */
static void *words(struct pool *p, void *array, long *have, long room)
{
    if (room <= *have)
        return array;
    if (array)
        arena_put(p, array);
    array = arena_get(p, (size_t)room * 8);
    *have = array ? room : 0;
    return array;
}

static void publish(struct pool *p, int slot)
{
    struct control *c = p->control;
    struct slot *s = &c->slots[slot];
    atomic_store_explicit(&s->cancelled, 0, memory_order_relaxed);
    atomic_store_explicit(&s->remaining, s->tasks, memory_order_relaxed);
    atomic_store_explicit(&s->bell, 0, memory_order_relaxed);
    atomic_store_explicit(&s->waiters, 0, memory_order_relaxed);
    atomic_store_explicit(&s->bitmap_used, 0, memory_order_relaxed);
    atomic_store_explicit(&s->one_by_one, 0, memory_order_relaxed);
    atomic_store_explicit(&s->failed, 0, memory_order_relaxed);
    for (uint32_t i = 0; i < TEXTS && i < s->text_count; i++)
        s->texts[i].ready = 0;
    atomic_store_explicit(&s->text_count, 0, memory_order_relaxed);
    atomic_store_explicit(&s->seq, ++p->last_seq, memory_order_release);
    if (p->transport == POOL_PIPE)
        return;
    shm_deal(c, slot);
    atomic_fetch_or(&c->published, UINT64_C(1) << slot);
    atomic_fetch_add(&c->generation, 1);
    if (atomic_load(&c->sleepers)) /* no more than there is work for */
        futex_wake(&c->generation,
                   s->schedule == POOL_STATIC || s->units > INT_MAX ? INT_MAX : (int)s->units);
}

/* What every round of T's job has in common. */
static void describe(struct pool *p, struct pool_ticket *t, struct slot *s)
{
    const struct pool_call *call = &t->call;
    s->workers = p->workers;
    s->timed = call->timeout_ms > 0;
    s->retries = call->retries;
    s->halt_at = t->halt_at;
    s->base = t->base;
    s->fn = call->fn;
    s->work = t->job ? t->job->work : NULL;
    s->arg = t->job ? t->job->arg : t->arg ? t->arg : (void *)call->arg;
    s->task = (struct pool_task){ .in = t->in ? t->in : call->in,
                                  .out = t->out ? t->out : call->out,
                                  .in_size = call->in_size,
                                  .out_size = call->out_size,
                                  .first = t->base };
}

static long default_chunk(const struct pool *p, long tasks)
{
    long parts = 4L * p->workers;
    return tasks / parts + (tasks % parts != 0);
}

/* How the tasks are cut.  Returns 0 or -E2BIG. */
static int cut(struct pool *p, struct slot *s, long tasks, long chunk, enum pool_schedule schedule)
{
    s->tasks = tasks;
    s->schedule = schedule;
    s->block = schedule == POOL_STATIC && chunk == 0;
    if (s->block)
        chunk = tasks / MOST_UNITS + 1;
    else if (chunk == 0)
        chunk = default_chunk(p, tasks);
    s->chunk = chunk < tasks ? chunk : tasks;
    s->units = s->chunk ? tasks / s->chunk + (tasks % s->chunk != 0) : 0;
    if (s->units > MOST_UNITS)
        return pool_complain(-E2BIG,
                             "%ld chunks are too many: with %ld tasks the chunk must be %ld or "
                             "more",
                             s->units, tasks, tasks / MOST_UNITS + 1);
    return 0;
}

/* A slot's arrays. */
static int arrays(struct pool *p, int slot, long tasks)
{
    struct slot *s = &p->control->slots[slot];
    struct slot_own *own = &p->slots[slot];
    if (tasks && !p->slots[slot].ticket->job && tasks <= MOST_CODES)
        own->codes = words(p, (void *)own->codes, &own->codes_room, tasks);
    s->codes = tasks <= MOST_CODES && own->codes_room >= tasks ? own->codes : NULL;
    s->bitmap = NULL;
    if (s->units > RUNS && p->transport == POOL_SHM) {
        own->bitmap = words(p, (void *)own->bitmap, &own->bitmap_words, (s->units + 63) / 64);
        s->bitmap = own->bitmap;
        if (!s->bitmap)
            return pool_complain(-ENOMEM, "the arena has no room for %ld chunks", s->units);
    }
    return 0;
}

/* ---- codes ---- */

static uint64_t code_of(const struct pool_status *s)
{
    return (uint64_t)s->outcome | (uint64_t)s->tries << 8 | (uint64_t)(uint16_t)s->worker << 16 |
           (uint64_t)(uint32_t)s->code << 32;
}

static struct pool_status status_of(uint64_t code)
{
    return (struct pool_status){ .outcome = code & 0xff,
                                 .tries = code >> 8 & 0xff,
                                 .worker = (short)(code >> 16 & 0xffff),
                                 .code = (int)(uint32_t)(code >> 32) };
}

static int is_failure(uint64_t code)
{
    return (code & 0xff) > POOL_OK;
}

/* The next task from I on that has a code; N: none.  Holes of the file are skipped, not read:
 * reading would fill them with memory. */
static long next_code(const struct pool *p, code_word *codes, long i, long n)
{
    while (i < n) {
        off_t at = (char *)&codes[i] - (char *)p->control,
              data = lseek(p->memory_fd, at, SEEK_DATA);
        if (data < 0 && errno != ENXIO) /* no file, or no holes to be told of */
            data = at;
        if (data < 0 || data >= (char *)&codes[n] - (char *)p->control)
            return n;
        if (data > at)
            i += (data - at) / (off_t)sizeof *codes;
        long end = i + 512 - (long)((uintptr_t)&codes[i] / sizeof *codes % 512); /* of the page */
        for (; i < n && i < end; i++)
            if (atomic_load_explicit(&codes[i], memory_order_acquire))
                return i;
    }
    return n;
}

/* ---- failures ---- */

static int keep_failure(struct pool_ticket *t, const struct pool_failure *f)
{
    struct pool_failure *more = realloc(t->failures, (size_t)(t->failure_count + 1) * sizeof *more);
    if (!more)
        return -ENOMEM;
    t->failures = more;
    more[t->failure_count++] = *f;
    return 0;
}

/* Take the words of the round's failures before its slot goes. */
static void keep_texts(struct pool *p, struct pool_ticket *t)
{
    struct slot *s = &p->control->slots[t->slot];
    for (uint32_t i = 0; i < TEXTS && i < atomic_load(&s->text_count); i++)
        if (atomic_load_explicit(&s->texts[i].ready, memory_order_acquire))
            keep_failure(t, &s->texts[i].failure);
}

void ticket_victim(struct pool *p, struct pool_ticket *t, long position,
                   const struct pool_failure *failure)
{
    /* A successor must not go on with the log of somebody who died in a chunk. */
    if (t->job || cover_keep(p, t, failure->status.worker))
        unpublish(p, t->slot);
    t->disturbed = 1;
    if (t->job && !t->fault) {
        t->fault = -EOWNERDEAD;
        snprintf(t->message, sizeof t->message, "worker %d (pid %d): %.120s; chunk from task %ld",
                 failure->status.worker, failure->pid, failure->text, failure->task);
        t->cancelling = -EOWNERDEAD;
        atomic_store(&p->control->slots[t->slot].cancelled, 1);
    }
    if (position < 0 || t->job)
        return;
    struct victim *more = realloc(t->victims, (size_t)(t->victim_count + 1) * sizeof *more);
    if (!more)
        return; /* it is done again */
    t->victims = more;
    more[t->victim_count++] = (struct victim){ position, *failure };
}

/* ---- memory of a call ---- */

static int is_shared(const struct pool *p, const void *memory, size_t size)
{
    if (p->start == POOL_THREAD || !memory || arena_owns(p, memory, size))
        return 1;
    for (int i = 0; i < p->options.region_count; i++) {
        const struct pool_region *r = &p->options.regions[i];
        if ((const char *)memory >= (const char *)r->base &&
            (const char *)memory + size <= (const char *)r->base + r->size)
            return 1;
    }
    return 0;
}

/* A copy for the workers of COUNT elements; unless BY_VALUE, only if they don't see the original.
 */
static int lend(struct pool *p, void **copy, const void *original, size_t size, long count,
                int fill, int by_value)
{
    size_t bytes;
    *copy = NULL;
    if (!original || !size || !count)
        return 0;
    if (__builtin_mul_overflow(size, (size_t)count, &bytes))
        return pool_complain(-E2BIG, "%ld elements of %zu bytes are more than memory has", count,
                             size);
    if (!by_value && is_shared(p, original, bytes))
        return 0;
    if (!(*copy = arena_get(p, bytes)))
        return pool_complain(
            -ENOMEM, "the arena has no room for %zu bytes: raise pool_options.arena", bytes);
    if (fill)
        memcpy(*copy, original, bytes);
    return 0;
}

static void take_back(struct pool *p, struct pool_ticket *t)
{
    if (t->arg)
        arena_put(p, t->arg);
    if (t->in)
        arena_put(p, t->in);
    if (t->out)
        arena_put(p, t->out);
    t->arg = t->in = t->out = NULL;
}

/* The function as workers are told of it. */
static int name_function(struct pool *p, struct pool_ticket *t, struct slot *s)
{
    void (*fn)(void) = t->job ? (void (*)(void))t->job->work : (void (*)(void))t->call.fn;
    char text[400];
    s->fn_serial = 0;
    if (!fn)
        return pool_complain(-ENOTSUP, "the function is NULL: there is nothing to run");
    if (p->start == POOL_THREAD || p->trusted)
        return 0;
    if (fn != p->serial_fn || p->serial_ref.path[0]) { /* a plug-in may have been replaced since */
        p->serial_fn = NULL;
        if (pool_fn_refer(&p->serial_ref, fn, text, sizeof text))
            return pool_complain(-ENOTSUP, "%s", text);
        p->serial_fn = fn;
        p->last_serial++;
    }
    if (p->start == POOL_FORK && !p->serial_ref.path[0])
        return 0; /* the program itself is where it was */
    s->fn_serial = p->last_serial;
    s->ref = p->serial_ref;
    return 0;
}

/* ---- rounds ---- */

/* Some of what is left to do, as a job.  Returns 0, or -EAGAIN: no slot is free. */
static int start_round(struct pool *p, struct pool_ticket *t)
{
    int slot = slot_take(p), old = t->slot;
    if (slot < 0)
        return -EAGAIN;
    struct slot *s = &p->control->slots[slot];
    struct slot_own *own = &p->slots[slot], *before = &p->slots[old], swap = *own;
    long position = 0;
    int taken = 0;
    own->codes = before->codes;
    own->codes_room = before->codes_room;
    before->codes = swap.codes;
    before->codes_room = swap.codes_room;
    describe(p, t, s);
    s->fn_serial = p->control->slots[old].fn_serial;
    s->ref = p->control->slots[old].ref;
    for (; taken < t->todo.count && taken < PIECES; taken++) {
        struct pool_range *r = &t->todo.range[taken];
        s->pieces[taken] = (struct piece){ position, r->first };
        position += r->end - r->first;
    }
    s->piece_count = taken;
    t->todo.count -= taken;
    memmove(t->todo.range, t->todo.range + taken, (size_t)t->todo.count * sizeof *t->todo.range);
    slot_free(p, old);
    own->ticket = t;
    t->slot = slot;
    t->disturbed = 0;
    cut(p, s, position, 0, POOL_DYNAMIC);
    arrays(p, slot, 0);
    s->codes = own->codes;
    if (s->units > RUNS && !s->bitmap)
        return -ENOMEM;
    publish(p, slot);
    return 0;
}

int ticket_blame(struct pool *p, struct pool_ticket *t, long position,
                 const struct pool_failure *why)
{
    struct slot *s = &p->control->slots[t->slot];
    struct pool_failure f = *why;
    f.task = slot_task(s, position);
    uint64_t before = s->codes ? atomic_load(&s->codes[f.task - s->base]) : 0;
    int tries = (int)(before >> 8 & 0xff) + 1;
    f.status.tries = (unsigned char)tries;
    if (t->cancelling && t->kill)
        return 0;
    if (tries <= t->call.retries) {
        if (s->codes)
            atomic_store(&s->codes[f.task - s->base], (uint64_t)tries << 8);
        return 0;
    }
    keep_failure(t, &f);
    atomic_fetch_add(&s->failed, 1);
    if (s->codes)
        atomic_store(&s->codes[f.task - s->base], code_of(&f.status));
    return 1;
}

static int is_settled(const struct slot *s, long position)
{
    return s->codes && is_failure(atomic_load(&s->codes[slot_task(s, position) - s->base]));
}

static int is_victim(const struct pool_ticket *t, long position)
{
    for (int i = 0; i < t->victim_count; i++)
        if (t->victims[i].position == position)
            return 1;
    return 0;
}

/* Positions FIRST .. END-1 of S are not done: as tasks, without victims that failed for good. */
static int add_todo(struct pool_ticket *t, const struct slot *s, long first, long end)
{
    int error = 0;
    for (long at = first, to; at < end && !error; at = to) {
        long task = slot_task(s, at) - s->base;
        to = end;
        for (int i = 0; i < s->piece_count; i++)
            if (s->pieces[i].position > at && s->pieces[i].position < to)
                to = s->pieces[i].position;
        for (int i = 0; i < t->victim_count; i++)
            if (t->victims[i].position > at && t->victims[i].position < to)
                to = t->victims[i].position;
        if (is_victim(t, at)) {
            to = at + 1;
            if (is_settled(s, at))
                continue;
        }
        error = piece_add(&t->todo, task, task + (to - at));
    }
    return error;
}

/* Everybody has left a job that lost a worker, or was cancelled. */
static void settle(struct pool *p, struct pool_ticket *t)
{
    struct slot *s = &p->control->slots[t->slot];
    struct piece_list missing = { 0 };
    for (int i = 0; i < t->victim_count; i++)
        ticket_blame(p, t, t->victims[i].position, &t->victims[i].failure);
    keep_texts(p, t);
    atomic_store(&s->text_count, 0);
    if (t->halt_at && atomic_load(&s->failed) >= t->halt_at && !t->cancelling)
        t->cancelling = -ECANCELED;
    int error = cover_missing(p, t, &missing);
    for (int i = 0; i < missing.count && !error; i++)
        error = add_todo(t, s, missing.range[i].first, missing.range[i].end);
    free(missing.range);
    t->victim_count = 0;
    if (error)
        ticket_lose(p, t, error);
    if (t->cancelling || !t->todo.count)
        ticket_complete(p, t);
    else
        t->disturbed = 2; /* a round is due */
}

/* ---- completion ---- */

static int by_task(const void *a, const void *b)
{
    long x = ((const struct pool_failure *)a)->task, y = ((const struct pool_failure *)b)->task;
    return (x > y) - (x < y);
}

static int is_left(const struct pool_ticket *t, long task)
{
    for (int i = 0; i < t->todo.count; i++)
        if (task >= t->todo.range[i].first && task < t->todo.range[i].end)
            return 1;
    return t->unsure;
}

static long count_failures(struct pool *p, struct pool_ticket *t, const struct slot *s)
{
    long count = 0, n = t->call.n;
    if (!s->codes)
        return atomic_load(&s->failed);
    for (long i = next_code(p, s->codes, 0, n); i < n; i = next_code(p, s->codes, i + 1, n))
        count += is_failure(atomic_load(&s->codes[i]));
    return count;
}

static void give_results(struct pool_ticket *t, const struct slot *s, int all)
{
    const size_t size = t->call.out_size;
    if (!t->out)
        return;
    if (all) {
        memcpy(t->call.out, t->out, size * (size_t)t->call.n);
        return;
    }
    for (long i = 0; i < t->call.n; i++)
        if (!(s->codes && is_failure(s->codes[i])) && !is_left(t, i))
            memcpy((char *)t->call.out + (size_t)i * size, (char *)t->out + (size_t)i * size, size);
}

static void give_status(struct pool_ticket *t, const struct slot *s)
{
    for (long i = 0; t->call.status && i < t->call.n; i++) {
        uint64_t code = s->codes ? s->codes[i] : 0;
        if (code & 0xff)
            t->call.status[i] = status_of(code);
        else if (is_left(t, i))
            t->call.status[i] = (struct pool_status){ .outcome = POOL_NOT_RUN, .worker = -1 };
        else
            t->call.status[i] =
                (struct pool_status){ POOL_OK, (unsigned char)((code >> 8 & 0xff) + 1), -1, 0 };
    }
}

/* Failures that had no room for words, as far as somebody wants them. */
static void add_wordless(struct pool *p, struct pool_ticket *t, const struct slot *s, long failed)
{
    long n = t->call.n;
    if (!s->codes || t->failure_count >= failed)
        return;
    for (long i = next_code(p, s->codes, 0, n); i < n; i = next_code(p, s->codes, i + 1, n)) {
        int known = !is_failure(s->codes[i]);
        for (int k = 0; k < t->failure_count && !known; k++)
            known = t->failures[k].task == t->base + i;
        struct pool_failure f = { .task = t->base + i, .status = status_of(s->codes[i]) };
        if (!known && (keep_failure(t, &f) || t->failure_count > t->call.failure_room + TEXTS))
            return;
    }
}

static void give_failures(struct pool_ticket *t, long failed)
{
    if (t->failure_count)
        qsort(t->failures, (size_t)t->failure_count, sizeof *t->failures, by_task);
    for (int i = 0; i < t->call.failure_room; i++)
        t->call.failures[i] =
            i < t->failure_count ? t->failures[i] : (struct pool_failure){ .task = -1 };
    if (t->message[0] || !failed)
        return;
    const struct pool_failure *first = t->failure_count ? &t->failures[0] : NULL;
    int length =
        snprintf(t->message, sizeof t->message, "%ld of %ld tasks failed", failed, t->call.n);
    if (first)
        snprintf(t->message + length, sizeof t->message - (size_t)length,
                 ", the first is task %ld: %s", first->task,
                 first->text[0] ? first->text : "no text");
    if (first && !first->text[0])
        snprintf(t->message + length, sizeof t->message - (size_t)length,
                 ", the first is task %ld: it returned %d", first->task, first->status.code);
}

void ticket_call_back(struct pool *p, struct pool_ticket *t)
{
    struct callback *c = t->call.done ? malloc(sizeof *c) : NULL;
    if (!c)
        return;
    *c = (struct callback){ NULL, t->call.done, t->call.done_arg, t->result };
    *p->callbacks_end = c;
    p->callbacks_end = &c->next;
}

void ticket_complete(struct pool *p, struct pool_ticket *t)
{
    struct slot *s = &p->control->slots[t->slot];
    int eventful = atomic_load(&s->failed) || t->failure_count || t->call.retries ||
                   t->cancelling || s->piece_count;
    long failed = 0;
    if (eventful && !t->job) {
        keep_texts(p, t);
        failed = count_failures(p, t, s);
        if (t->call.failures || failed)
            add_wordless(p, t, s, failed);
    }
    t->result = t->cancelling ? t->cancelling : failed;
    if (!t->job) {
        give_results(t, s, !failed && !t->todo.count && !t->unsure);
        give_status(t, s);
        give_failures(t, failed);
        if (eventful && s->codes)
            arena_clear(p, (void *)s->codes, (size_t)t->call.n * 8);
    }
    take_back(p, t);
    slot_free(p, t->slot);
    t->slot = -1;
    for (struct pool_ticket **at = &p->tickets; *at; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    free(t->victims);
    free(t->failures);
    free(t->todo.range);
    free(t->kept.range);
    t->victims = NULL;
    t->failures = NULL;
    t->todo = t->kept = (struct piece_list){ 0 };
    ticket_call_back(p, t);
    t->complete = 1;
}

/* ---- a call's life ---- */

void ticket_cancel(struct pool *p, struct pool_ticket *t, int error, int kill)
{
    if (t->complete)
        return;
    if (!t->cancelling)
        t->cancelling = error;
    atomic_store(&p->control->slots[t->slot].cancelled, 1);
    if (!kill || t->kill)
        return;
    t->kill = 1;
    for (int w = 0; w < p->control->capacity; w++)
        if (atomic_load(&p->control->lines[w].slot) == (uint32_t)t->slot + 1)
            watch_kill_for(p, w, t->slot);
}

void ticket_lose(struct pool *p, struct pool_ticket *t, int error)
{
    t->unsure = 1;
    if (!t->message[0])
        snprintf(t->message, sizeof t->message,
                 "no memory to keep the call's books: some of its tasks were not done");
    ticket_cancel(p, t, error, 0);
}

static void look_at(struct pool *p, struct pool_ticket *t, int64_t now)
{
    struct slot *s = &p->control->slots[t->slot];
    if (p->broken && !t->cancelling)
        ticket_cancel(p, t, p->broken, 1);
    if (t->deadline_ns && now >= t->deadline_ns)
        ticket_cancel(p, t, -ETIMEDOUT, 1);
    if (t->halt_at && !t->cancelling && atomic_load(&s->cancelled))
        ticket_cancel(p, t, -ECANCELED, t->halt_now);
    if (p->transport == POOL_PIPE) {
        if (t->cancelling ? !pipe_busy(p, t->slot) : !t->pipe_left)
            ticket_complete(p, t);
        return;
    }
    if (t->disturbed == 2) {
        int error = start_round(p, t);
        if (error && error != -EAGAIN)
            ticket_lose(p, t, error);
        return;
    }
    if (t->disturbed || t->cancelling || (atomic_load(&s->bell) && t->todo.count)) {
        /* Open to who comes for the dead, while somebody is in it. */
        if (t->disturbed && !t->cancelling && slot_inside(p, t->slot))
            return;
        unpublish(p, t->slot);
        if (!slot_inside(p, t->slot))
            settle(p, t);
        if (!t->complete && t->disturbed == 2)
            look_at(p, t, now);
    } else if (atomic_load(&s->bell)) {
        /* A loop of the user's may look at its memory until it has returned everywhere. */
        if (t->job) {
            unpublish(p, t->slot);
            if (slot_inside(p, t->slot))
                return;
        }
        ticket_complete(p, t);
    }
}

void ticket_progress(struct pool *p)
{
    int64_t now = 0;
    for (struct pool_ticket *t = p->tickets, *next; t; t = next) {
        next = t->next;
        if (!now && (t->deadline_ns || next))
            now = pool_now_ns();
        look_at(p, t, now);
    }
}

void ticket_nap(struct pool *p, struct pool_ticket *t, int64_t until_ns)
{
    int64_t ns = WATCH_NS, left = until_ns ? until_ns - pool_now_ns() : ns;
    if (t && t->deadline_ns && t->deadline_ns - pool_now_ns() < left)
        left = t->deadline_ns - pool_now_ns();
    if (left < ns)
        ns = left < 1000 ? 1000 : left;
    if (!t || t->disturbed || t->cancelling || t->slot < 0) {
        const struct timespec short_nap = { 0, 200000 };
        pthread_mutex_unlock(&p->lock);
        nanosleep(&short_nap, NULL);
        pthread_mutex_lock(&p->lock);
        return;
    }
    struct slot *s = &p->control->slots[t->slot];
    atomic_fetch_add(&s->waiters, 1);
    pthread_mutex_unlock(&p->lock);
    if (!atomic_load(&s->bell))
        futex_wait(&s->bell, 0, ns);
    else
        sched_yield(); /* somebody is about to leave */
    pthread_mutex_lock(&p->lock);
    if (atomic_load(&s->waiters))
        atomic_fetch_sub(&s->waiters, 1);
}

static int64_t deadline(int ms)
{
    return ms > 0 ? pool_now_ns() + ms * INT64_C(1000000) : 0;
}

int ticket_submit(struct pool *p, struct pool_ticket *t)
{
    int error, slot;
    while (slots_free(p) <= SPARE_SLOTS || (slot = slot_take(p)) < 0) {
        if (p->closed || atomic_load(&p->interrupts))
            return pool_complain(p->closed ? -ESHUTDOWN : -EINTR, "no more calls");
        watch(p, 0);
        if (p->transport == POOL_PIPE)
            pipe_pump(p, 1);
        ticket_progress(p);
        if (slots_free(p) <= SPARE_SLOTS)
            ticket_nap(p, NULL, 0);
    }
    struct slot *s = &p->control->slots[slot];
    int pipes = p->transport == POOL_PIPE;
    p->slots[slot].ticket = t;
    t->slot = slot;
    if ((error = name_function(p, t, s)) ||
        (error = cut(p, s, t->call.n, t->call.chunk, t->call.schedule)) ||
        (error = lend(p, &t->arg, t->call.arg, t->call.arg_size, t->call.arg_size > 0, 1, 1)) ||
        (!pipes && (error = lend(p, &t->in, t->call.in, t->call.in_size, t->call.n, 1, 0))) ||
        (!pipes && (error = lend(p, &t->out, t->call.out, t->call.out_size, t->call.n, 0, 0))) ||
        (error = arrays(p, slot, t->call.n)) ||
        (pipes && piece_add(&t->todo, 0, t->call.n) &&
         (error = pool_complain(-ENOMEM, "no memory for a call")))) {
        take_back(p, t);
        p->slots[slot].ticket = NULL;
        return error;
    }
    describe(p, t, s);
    s->piece_count = 0;
    t->deadline_ns = deadline(t->call.deadline_ms);
    t->next = p->tickets;
    p->tickets = t;
    publish(p, slot);
    if (pipes)
        return pipe_submit(p, t);
    if (p->options.idle_timeout_ms)
        watch(p, 1);
    return 0;
}
