/* SPDX-License-Identifier: MIT
 *
 * map: the calls of pool.h: checked, made into tickets, waited for.  Whoever waits does the pool's
 * chores meanwhile: sees deaths, completes other calls, tends pipes, does tasks itself if it is
 * asked to.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inside.h"

enum { SPINS_A_LOOK = 2000, MOST_RETRIES = 100 };

/* ---- checks ---- */

/* "now,fail=1", "soon,fail=3%".  Returns 0 or -EINVAL. */
static int parse_halt(struct pool_ticket *t, const char *halt)
{
    char when[8], percent[2] = "";
    long count;
    int end = 0;
    if (!halt || !strcmp(halt, "never"))
        return 0;
    int got = sscanf(halt, "%7[a-z],fail=%ld%n%1[%]%n", when, &count, &end, percent, &end);
    if (got < 2 || halt[end] || (strcmp(when, "now") != 0 && strcmp(when, "soon") != 0) ||
        count < 1 || (percent[0] && count > 100))
        return pool_complain(-EINVAL,
                             "halt is '%s': write now,fail=N, soon,fail=N or soon,fail=N%%", halt);
    t->halt_now = when[0] == 'n';
    t->halt_at =
        percent[0] ? t->call.n / 100 * count + (t->call.n % 100 * count + 99) / 100 : count;
    if (t->halt_at < 1)
        t->halt_at = 1;
    return 0;
}

static int check_call(const struct pool *p, const struct pool_call *c)
{
    if (c->n < 0)
        return pool_complain(-EINVAL, "n is %ld: a call has 0 tasks or more", c->n);
    if (c->chunk < 0)
        return pool_complain(-EINVAL, "chunk is %ld: it may be 1 or more, or 0 for the default",
                             c->chunk);
    if ((unsigned)c->schedule > POOL_STEAL)
        return pool_complain(-EINVAL, "schedule is none of enum pool_schedule");
    if ((c->schedule == POOL_STEAL || c->schedule == POOL_STATIC) && p->transport == POOL_PIPE)
        return pool_complain(-EINVAL, "through pipes chunks go to whoever is free: POOL_DYNAMIC or "
                                      "POOL_GUIDED");
    if (c->timeout_ms < 0 || c->deadline_ms < 0)
        return pool_complain(-EINVAL, "a time limit is negative: 0 means none");
    if (c->timeout_ms && (p->start == POOL_THREAD || p->caller))
        return pool_complain(-EINVAL, "timeout_ms needs workers that are processes, without "
                                      "caller_works: a thread cannot be ended from outside");
    if (c->retries < 0 || c->retries > MOST_RETRIES)
        return pool_complain(-EINVAL, "retries is %d: it may be 0 to %d", c->retries, MOST_RETRIES);
    if (c->failure_room < 0 || (c->failure_room && !c->failures))
        return pool_complain(-EINVAL, "failure_room is %d, but there is no array", c->failure_room);
    const struct {
        const char *name;
        const void *at;
        size_t size;
    } data[] = { { "in", c->in, c->in_size }, { "out", c->out, c->out_size } };
    if (c->arg_size && !c->arg)
        return pool_complain(-EINVAL, "arg is NULL but arg_size is %zu", c->arg_size);
    for (size_t i = 0; c->n && i < sizeof data / sizeof *data; i++)
        if (!data[i].at != !data[i].size)
            return pool_complain(-EINVAL, "%s is %s but %s_size is %zu", data[i].name,
                                 data[i].at ? "there" : "NULL", data[i].name, data[i].size);
    return 0;
}

/* In strict mode: words of the argument that look like pointers to memory that workers don't share.
 */
static void warn_of_pointers(const struct pool *p, const struct pool_call *c)
{
    char line[400], name[300];
    FILE *maps = p->options.strict && c->arg_size >= sizeof(uintptr_t)
                     ? fopen("/proc/self/maps", "re")
                     : NULL;
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char rights[8];
        name[0] = 0;
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %299s", &from, &to, rights, name) < 3 ||
            rights[1] != 'w' || rights[3] != 'p')
            continue;
        for (size_t at = 0; at + sizeof(uintptr_t) <= c->arg_size; at += sizeof(uintptr_t)) {
            uintptr_t word;
            memcpy(&word, (const char *)c->arg + at, sizeof word);
            if (word >= from && word < to)
                pool_complain(0,
                              "warning: the word at offset %zu of arg looks like a pointer to "
                              "private memory (%s): workers see another value there, or nothing",
                              at, name[0] ? name : "a heap");
        }
    }
    if (maps)
        fclose(maps);
}

/* ---- waiting ---- */

static int spin(const struct pool *p, const struct pool_ticket *t)
{
    const struct slot *s = &p->control->slots[t->slot];
    for (int i = 0; i < SPINS_A_LOOK; i++) {
        if (atomic_load_explicit(&s->bell, memory_order_acquire))
            return 1;
        relax();
    }
    return 0;
}

/* Be worker 0 for a while.  Returns 1 if there was something to do. */
static int work(struct pool *p)
{
    if (!p->caller || p->caller_busy)
        return 0;
    p->caller_busy = 1;
    pthread_mutex_unlock(&p->lock);
    int worked = worker_look(p->caller);
    pthread_mutex_lock(&p->lock);
    p->caller_busy = 0;
    return worked;
}

static void see_interrupt(struct pool *p, struct pool_ticket *t)
{
    int interrupts = atomic_load(&p->interrupts);
    if (interrupts && !t->complete)
        ticket_cancel(p, t, -EINTR, interrupts > 1);
}

/* Until T is complete, or UNTIL_NS (0: for ever) has come.  Returns 1 or 0. */
static int wait_for(struct pool *p, struct pool_ticket *t, int64_t until_ns)
{
    int spins = p->caller_spins && p->transport == POOL_SHM;
    while (!t->complete) {
        if (work(p))
            goto look;
        if (spins && t->slot >= 0 && !t->disturbed && !t->cancelling) {
            pthread_mutex_unlock(&p->lock);
            int rung = spin(p, t);
            pthread_mutex_lock(&p->lock);
            if (rung && !t->complete)
                ticket_progress(p);
            if (t->complete)
                break;
            if (rung)
                sched_yield();
            if (p->options.wait == POOL_SPIN_THEN_SLEEP)
                spins = 0;
        }
        if (p->transport == POOL_PIPE)
            pipe_pump(p, until_ns ? pool_now_ns() < until_ns : 5);
    look:
        watch(p, 0);
        ticket_progress(p);
        see_interrupt(p, t);
        if (t->complete)
            break;
        if (until_ns && pool_now_ns() >= until_ns)
            return 0;
        int may_work = p->caller && !p->caller_busy && atomic_load(&p->control->published);
        if (t->disturbed || t->cancelling || (!spins && !may_work && p->transport == POOL_SHM))
            ticket_nap(p, t, until_ns);
    }
    return 1;
}

static void say(const struct pool_ticket *t)
{
    static const struct {
        int error;
        const char *words;
    } sentences[] = {
        { -ECANCELED, "the call was cancelled, halted, or its pool terminated" },
        { -ETIMEDOUT, "the call's deadline came first" },
        { -EINTR, "interrupted" },
        { -EOWNERDEAD,
          "the workers cannot be kept alive: three in a row died before they were ready" },
    };
    if (t->message[0])
        pool_complain(0, "%s", t->message);
    for (size_t i = 0; !t->message[0] && i < sizeof sentences / sizeof *sentences; i++)
        if (t->result == sentences[i].error)
            pool_complain(0, "%s", sentences[i].words);
}

/* ---- calls ---- */

/* Under the lock. */
static int start(struct pool *p, struct pool_ticket *t, const struct pool_call *call)
{
    t->pool = p;
    t->call = *call;
    t->slot = -1;
    if (p->closed)
        return pool_complain(-ESHUTDOWN, "the pool is closed");
    if (p->broken)
        return pool_complain(p->broken,
                             "the workers cannot be kept alive: %d in a row died before they "
                             "were ready",
                             START_FAILURES);
    int error = check_call(p, call);
    if (error || (error = parse_halt(t, call->halt)))
        return error;
    if (!p->tickets)
        atomic_store(&p->interrupts, 0);
    warn_of_pointers(p, call);
    if (call->n == 0) {
        ticket_call_back(p, t);
        t->complete = 1;
        return 0;
    }
    return ticket_submit(p, t);
}

long pool_map(struct pool *p, const struct pool_call *call)
{
    struct pool_ticket t = { 0 };
    long error = pool_enter(p);
    if (error)
        return error;
    pool_complain(0, "%s", "");
    error = start(p, &t, call);
    if (!error) {
        wait_for(p, &t, 0);
        say(&t);
    }
    pool_leave(p);
    return error ? error : t.result;
}

long pool_apply(struct pool *p, const struct pool_call *call)
{
    struct pool_call one = *call;
    one.n = 1;
    return pool_map(p, &one);
}

int ticket_map_from(struct pool *p, const struct pool_call *call, long first,
                    struct pool_ticket **ticket)
{
    struct pool_ticket *t = calloc(1, sizeof *t);
    *ticket = NULL;
    if (!t)
        return pool_complain(-ENOMEM, "no memory for a call");
    int error = pool_enter(p);
    if (!error) {
        t->base = first;
        error = start(p, t, call);
        pool_leave(p);
    }
    if (error)
        free(t);
    else
        *ticket = t;
    return error;
}

int pool_map_async(struct pool *p, const struct pool_call *call, struct pool_ticket **ticket)
{
    return ticket_map_from(p, call, 0, ticket);
}

long pool_wait(struct pool_ticket *t, int timeout_ms)
{
    struct pool *p = t->pool;
    long result = pool_enter(p);
    if (result)
        return result;
    int64_t until = timeout_ms < 0 ? 0 : pool_now_ns() + timeout_ms * INT64_C(1000000);
    if (wait_for(p, t, until)) {
        result = t->result;
        say(t);
    } else {
        result = pool_complain(-ETIMEDOUT, "the call goes on: it is not complete after %d ms",
                               timeout_ms);
    }
    pool_leave(p);
    return result;
}

int pool_cancel(struct pool_ticket *t)
{
    int error = pool_enter(t->pool);
    if (error)
        return error;
    ticket_cancel(t->pool, t, -ECANCELED, 0);
    ticket_progress(t->pool);
    pool_leave(t->pool);
    return 0;
}

long pool_finish(struct pool_ticket *t)
{
    if (!t)
        return 0;
    long result = pool_wait(t, -1);
    if (result != -EPERM && result != -EDEADLK)
        free(t);
    return result;
}

int pool_run(struct pool *p, const struct pool_job *job)
{
    struct pool_ticket t = { .job = job };
    const struct pool_call call = { .n = job->tasks,
                                    .chunk = job->chunk,
                                    .schedule = job->schedule };
    int error = pool_enter(p);
    if (error)
        return error;
    error = start(p, &t, &call);
    if (!error) {
        wait_for(p, &t, 0);
        say(&t);
    }
    pool_leave(p);
    return error ? error : (int)t.result;
}

long pool_map_snapshot(const struct pool_options *options, const struct pool_call *call, char *text,
                       size_t text_size)
{
    struct pool_options o = options ? *options : (struct pool_options){ 0 };
    struct pool *p;
    if (!options)
        o.workers = (int)sysconf(_SC_NPROCESSORS_ONLN);
    o.start = POOL_FORK;
    int error = pool_open(&p, &o, text, text_size);
    if (error)
        return error;
    p->trusted = 1;
    long result = pool_map(p, call);
    if (text && text_size)
        snprintf(text, text_size, "%s", pool_message(p));
    pool_free(p);
    return result;
}
