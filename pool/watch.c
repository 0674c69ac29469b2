/* SPDX-License-Identifier: MIT
 *
 * watch: seeing workers die, and making those die that are overdue.  Whoever waits looks here every
 * few milliseconds, under the lock; one system call tells whether anybody has died.  A dead
 * worker's task is reported to its call, and another worker takes its place.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inside.h"

enum { GRACE_NS = 200000000, ALONE_NS = 1000000000, KILLS_A_FAILURE = 10 };

void watch_kill(struct pool *p, int worker, int signal)
{
    const struct worker_own *own = &p->own[worker];
    if (!own->alive || !own->pid)
        return;
    if (kill(-own->pid, signal)) /* the group: what the tasks have started goes, too */
        kill(own->pid, signal);
}

void watch_kill_for(struct pool *p, int worker, int slot)
{
    if (!p->own[worker].killed_for)
        p->own[worker].killed_for = slot + 1;
    watch_kill(p, worker, SIGKILL);
}

/* Has it ended?  Its group ends with it; then it is buried.  *STATUS as wait(2) gives it, -1:
 * nobody knows (the program ignores SIGCHLD, or somebody else reaped it). */
static int ended(struct pool *p, int worker, int *status)
{
    struct worker_own *own = &p->own[worker];
    struct line *line = &p->control->lines[worker];
    siginfo_t info = { 0 };
    *status = 0;
    if (!own->pid) {
        if (atomic_load(&line->state) != WORKER_RETIRED)
            return 0;
        pthread_join(own->thread, NULL);
        return 1;
    }
    if (waitid(P_PID, (id_t)own->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !info.si_pid)
        return 0;
    kill(-own->pid, SIGKILL);
    if (waitpid(own->pid, status, 0) != own->pid)
        *status = -1;
    return 1;
}

static void describe(const struct pool *p, int worker, int status, struct pool_failure *f)
{
    const struct worker_own *own = &p->own[worker];
    *f = (struct pool_failure){ .pid = (int)own->pid, .status = { .worker = (short)worker } };
    if (status == -1) {
        f->status.outcome = POOL_KILLED;
        snprintf(f->text, sizeof f->text,
                 "its worker is gone, and somebody else reaped it (is "
                 "SIGCHLD ignored?)");
    } else if (WIFSIGNALED(status)) {
        f->status.outcome = POOL_KILLED;
        f->status.code = WTERMSIG(status);
        crash_describe(&p->control->lines[worker], WTERMSIG(status), f->text, sizeof f->text);
    } else {
        f->status.outcome = POOL_EXITED;
        f->status.code = WEXITSTATUS(status);
        int closer = p->transport == POOL_PIPE && f->status.code == EXIT_NO_PIPE;
        snprintf(f->text, sizeof f->text, "its worker exited with code %d%s", f->status.code,
                 closer ? ": it has closed its worker's pipe" : "");
    }
}

/* Tell the call what it lost, of F. */
static void report(struct pool *p, int worker, struct pool_failure *f)
{
    struct worker_own *own = &p->own[worker];
    struct line *line = &p->control->lines[worker];
    int slot = (int)atomic_load(&line->slot) - 1;
    if (p->transport == POOL_PIPE) {
        pipe_lost(p, worker, f);
        return;
    }
    if (slot < 0 || slot >= SLOTS || !p->slots[slot].ticket)
        return;
    struct slot *s = &p->control->slots[slot];
    struct head *h = head_of(p->control, slot, worker);
    uint64_t run = log_last(p->control, slot, worker);
    long position = -1;
    if (atomic_load(&h->seq) == s->seq && run) {
        long at = atomic_load(&h->at);
        if (at >= UNIT_FIRST(run) * s->chunk &&
            at < unit_position(UNIT_END(run), s->units, s->chunk, s->tasks))
            position = at;
        else if (s->work && atomic_load(&h->at) < 0)
            f->task = UNIT_FIRST(run) * s->chunk;
    }
    if (own->timed_out && slot == own->victim_slot && position == own->victim) {
        f->status.outcome = POOL_TIMED_OUT;
        snprintf(f->text, sizeof f->text, "took longer than %d ms",
                 p->slots[slot].ticket->call.timeout_ms);
    } else if (own->timed_out || (own->killed_for && own->killed_for != slot + 1)) {
        position = -1; /* it had gone on: this task is not to blame */
    }
    ticket_victim(p, p->slots[slot].ticket, position, f);
}

/* The workers cannot be kept alive: calls would wait for ever. */
static void give_up(struct pool *p, const char *why)
{
    for (struct pool_ticket *t = p->tickets; t; t = t->next) {
        if (!t->cancelling)
            snprintf(t->message, sizeof t->message, "%s", why);
        ticket_cancel(p, t, -EOWNERDEAD, 0);
    }
}

/* Has anybody done a task since a worker died before? */
static int work_was_done(struct pool *p)
{
    int done = 0;
    for (int w = 0; w < p->control->capacity; w++) {
        struct worker_own *own = &p->own[w];
        long now = own->alive || (w == 0 && p->caller) ? cover_done(p, w) : own->done;
        done |= now != own->done;
        own->done = now;
    }
    return done;
}

/* WORKER died of F, which is not reported yet.  Tasks that always take their worker along, or
 * somebody who kills, would keep us starting processes and getting nothing done. */
static void count_death(struct pool *p, int worker, const struct pool_failure *f)
{
    char why[560];
    int most = p->options.max_deaths ? p->options.max_deaths : DEATHS_A_WORKER * p->workers;
    if (work_was_done(p))
        p->deaths = 0;
    if (p->own[worker].timed_out || p->own[worker].killed_for) /* our own doing */
        return;
    p->deaths++;
    if (!p->tickets || most < 0 || p->deaths < most)
        return;
    snprintf(
        why, sizeof why,
        "%d workers died one after the other, and no task was done in between; the last: %.400s",
        p->deaths, f->text);
    p->deaths = 0; /* the next call is another */
    give_up(p, why);
}

/* Static shares of a worker that has gone are nobody's now. */
static void disturb_static(struct pool *p)
{
    for (struct pool_ticket *t = p->tickets; t; t = t->next)
        if (t->disturbed != 2 && p->control->slots[t->slot].schedule == POOL_STATIC &&
            p->transport == POOL_SHM) {
            /* Closed before a successor comes, who would begin the share anew. */
            atomic_fetch_and(&p->control->published, ~(UINT64_C(1) << t->slot));
            t->disturbed = 1;
        }
}

static void bury(struct pool *p, int worker, int status)
{
    struct worker_own *own = &p->own[worker];
    struct line *line = &p->control->lines[worker];
    /* However it ended then: it had nothing in hand. */
    int retired = atomic_load(&line->state) == WORKER_RETIRED && !atomic_load(&line->start_error);
    int starting = atomic_load(&line->state) == WORKER_STARTING || atomic_load(&line->start_error);
    if (own->pidfd >= 0)
        close(own->pidfd);
    if (starting) {
        uint32_t births = atomic_load(&p->control->births);
        if (births != p->births)
            p->start_failures = 0;
        p->births = births;
        int killed = own->pid && status != -1 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        int collided =
            own->pid && status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_COLLISION;
        /* The first may be somebody's doing, the second bad luck: they weigh less. */
        p->start_failures += killed || collided ? 1 : KILLS_A_FAILURE;
        if (!p->broken && p->start_failures >= START_FAILURES * KILLS_A_FAILURE)
            p->broken = -EOWNERDEAD;
    } else {
        struct pool_failure f;
        own->unborn = 0;
        if (!retired) {
            describe(p, worker, status, &f);
            count_death(p, worker, &f);
            report(p, worker, &f);
        } else if (p->transport == POOL_PIPE)
            pipe_lost(p, worker, NULL);
        disturb_static(p);
    }
    if (p->transport == POOL_PIPE)
        pipe_close(p, worker);
    if (atomic_load(&line->asleep)) {
        atomic_store(&line->asleep, 0);
        atomic_fetch_sub(&p->control->sleepers, 1);
    }
    atomic_store(&line->slot, 0);
    own->alive = 0;
    own->pid = 0;
    own->pidfd = -1;
    own->term_ns = own->kill_ns = 0;
    own->timed_out = own->killed_for = 0;
}

/* Anybody?  One call, if the kernel has pidfds. */
static int somebody_ended(struct pool *p)
{
    struct epoll_event event;
    if (p->epoll < 0 || p->start == POOL_THREAD)
        return 1;
    return epoll_wait(p->epoll, &event, 1, 0) > 0;
}

static int all_have_pidfds(const struct pool *p)
{
    for (int w = 0; w < p->control->capacity; w++)
        if (p->own[w].alive && p->own[w].pidfd < 0)
            return 0;
    return 1;
}

/* Is worker W needed?  One that died before it was ready is, for somebody waits for it. */
static int wanted(const struct pool *p, int worker)
{
    return !p->options.idle_timeout_ms || p->tickets || p->own[worker].unborn;
}

/* A worker is missing, and cannot be started for ERROR (0: it could).  Others do its share; but if
 * there is none for long, calls would wait for ever. */
static void see_shortage(struct pool *p, int error)
{
    char why[240];
    int64_t now = pool_now_ns();
    int living = p->caller != NULL;
    for (int w = 0; w < p->control->capacity; w++)
        living += p->own[w].alive;
    if (error)
        disturb_static(p);
    if (!error || living || !p->alone_ns)
        p->alone_ns = error && !living ? now : 0;
    if (!p->alone_ns || now - p->alone_ns < ALONE_NS)
        return;
    p->alone_ns = 0;
    snprintf(why, sizeof why, "no worker is left: %.180s", pool_message(p));
    give_up(p, why);
}

int watch_fill(struct pool *p)
{
    int error = 0;
    if (p->closed == 2 || p->terminated || p->broken)
        return 0;
    for (int w = p->options.caller_works ? 1 : 0; w < p->workers && !error; w++)
        if (!p->own[w].alive && wanted(p, w)) {
            error = birth_start(p, w);
            p->restarts += !error;
        }
    see_shortage(p, error);
    return error;
}

static int look_for_deaths(struct pool *p)
{
    int deaths = 0, status;
    for (int w = 0; w < p->control->capacity; w++)
        if (p->own[w].alive && ended(p, w, &status)) {
            bury(p, w, status);
            deaths++;
        }
    return deaths;
}

static void replace(struct pool *p, int deaths)
{
    watch_fill(p);
    if (!deaths)
        return;
    /* One that was woken for a job may have died before it came: wake the others. */
    atomic_fetch_add(&p->control->generation, 1);
    futex_wake(&p->control->generation, INT32_MAX);
}

static void look_for_overdue(struct pool *p, int64_t now)
{
    for (int w = 0; w < p->control->capacity; w++) {
        struct worker_own *own = &p->own[w];
        struct line *line = &p->control->lines[w];
        if (!own->alive || !own->pid)
            continue;
        if (own->kill_ns && now > own->kill_ns) {
            watch_kill(p, w, SIGKILL);
            continue;
        }
        int slot = (int)atomic_load(&line->slot) - 1;
        int64_t started = atomic_load(&line->started_ns);
        if (own->kill_ns || slot < 0 || slot >= SLOTS || !started || !p->slots[slot].ticket)
            continue;
        int limit = p->slots[slot].ticket->call.timeout_ms;
        long position = atomic_load(&head_of(p->control, slot, w)->at);
        if (!limit || now - started < limit * INT64_C(1000000) ||
            atomic_load(&line->started_ns) != started)
            continue;
        own->timed_out = 1;
        own->victim_slot = slot;
        own->victim = position;
        own->kill_ns = now + GRACE_NS;
        watch_kill(p, w, SIGTERM);
    }
}

void watch(struct pool *p, int force)
{
    int64_t now = pool_now_ns();
    if (!force && now < p->next_watch_ns)
        return;
    p->next_watch_ns = now + WATCH_NS;
    look_for_overdue(p, now);
    int deaths = somebody_ended(p) || !all_have_pidfds(p) ? look_for_deaths(p) : 0;
    if (deaths || p->tickets) /* one may be missing that could not be started before */
        replace(p, deaths);
}

/* The error of a worker that could not start; 0: all well so far. */
static int start_error(struct pool *p)
{
    for (int w = 0; w < p->workers; w++) {
        struct line *line = &p->control->lines[w];
        int error = atomic_load(&line->start_error);
        if (error)
            return pool_complain(error, "worker %d could not start: %.300s", w,
                                 line->text[0] ? line->text : strerror(-error));
    }
    return 0;
}

static int ready(const struct pool *p)
{
    for (int w = p->options.caller_works ? 1 : 0; w < p->workers; w++) {
        const struct worker_own *own = &p->own[w];
        int idle = p->options.idle_timeout_ms && !own->unborn; /* it may have gone already */
        if (own->alive ? atomic_load(&p->control->lines[w].state) == WORKER_STARTING : !idle)
            return 0;
    }
    return 1;
}

int watch_start(struct pool *p)
{
    for (;;) {
        uint32_t seen = atomic_load(&p->control->ready);
        int error = start_error(p);
        if (error)
            return error;
        if (ready(p))
            return 0;
        watch(p, 0);
        if ((error = start_error(p)))
            return error;
        if (p->broken)
            return pool_complain(p->broken, "workers die before they are ready");
        if (atomic_load(&p->interrupts))
            return pool_complain(-EINTR, "interrupted");
        if ((error = watch_fill(p)))
            return error;
        futex_wait(&p->control->ready, seen, WATCH_NS);
    }
}
