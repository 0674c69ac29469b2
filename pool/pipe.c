/* SPDX-License-Identifier: MIT
 *
 * pipe: chunks, inputs and results through pipes, two a worker.  The caller is the only one who
 * deals, as in Python's Pool, but every worker has pipes of its own: there is no queue whose lock a
 * dying worker could take along, and the caller knows exactly who has what.  Only what describes a
 * call as a whole, and failures, go through shared memory.
 *
 * A worker gets chunks ahead only after many short ones in a row: that saves it from falling asleep
 * after each.  Else a chunk would lie behind a long one while others are idle.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inside.h"

enum { HANDS = 16, QUICK = 16, QUICK_NS = 50000, SCRAP = 4096 };

/* Before a chunk's inputs, and before its results.  Positions are tasks counted from the call's
 * base. */
struct order {
    int64_t slot, first, end;
    uint64_t seq;
};

struct pipe_end {
    struct order hand[HANDS]; /* in the order they were sent; the first is being done */
    int hands;
    int64_t last_ns; /* when it got work, or gave results */
    int quick;       /* chunks in a row that took less than QUICK_NS */
    int sending;     /* the last one in hand is not sent in full: */
    size_t sent;     /* ... so much of header and inputs */
    struct order answer;
    size_t got;    /* of header and results */
    char *results; /* of the chunk, `room` bytes */
    size_t room;
    int discard; /* there is no memory for them: they are read and thrown away */
};

/* ---- a worker's side ---- */

/* All SIZE bytes.  Returns 0 at the end of the pipe, or when there was nothing for too long. */
static int read_all(struct self *self, void *to, size_t size, int first)
{
    struct control *c = self->control;
    int spins = atomic_load(&c->spins);
    for (size_t got = 0; got < size;) {
        ssize_t more = read(self->task_fd, (char *)to + got, size - got);
        if (more > 0) {
            got += (size_t)more;
            continue;
        }
        if (more == 0 || (errno != EAGAIN && errno != EINTR))
            return 0;
        if (errno == EAGAIN && spins == INT_MAX)
            continue;
        if (errno == EAGAIN && spins-- > 0)
            continue;
        struct pollfd fd = { .fd = self->task_fd, .events = POLLIN };
        fault(c, FAULT_WAIT);
        int ready = poll(&fd, 1, first && !got && c->idle_timeout_ms ? c->idle_timeout_ms : -1);
        if (ready == 0)
            return 0;
    }
    return 1;
}

static int write_all(int fd, const void *from, size_t size)
{
    for (size_t put = 0; put < size;) {
        ssize_t more = write(fd, (const char *)from + put, size - put);
        if (more >= 0)
            put += (size_t)more;
        else if (errno != EINTR)
            return 0;
    }
    return 1;
}

/* Room for inputs and results of a chunk.  Returns 0 if there is none. */
static int make_room(struct self *self, size_t size)
{
    if (size <= self->buffer_size)
        return 1;
    char *more = realloc(self->buffer, size);
    if (!more)
        return 0;
    self->buffer = more;
    self->buffer_size = size;
    return 1;
}

static void do_work(struct self *self, struct slot *s, const struct order *o)
{
    pool_work *work =
        (pool_work *)worker_function(self, &s->ref, s->fn_serial, (void (*)(void))s->work);
    struct pool_claims claims = {
        .tasks = s->tasks,
        .single = { o->first, o->end },
        .transport = POOL_PIPE,
        .self = self,
    };
    if (work)
        work(s->arg, self->index, &claims);
    else
        atomic_store(&s->cancelled, 1);
}

/* The order's tasks, unless the call is cancelled meanwhile: then its end comes earlier. */
static int do_tasks(struct self *self, struct slot *s, struct order *o, struct pool_task *t)
{
    struct head *head = head_of(self->control, (int)o->slot, self->index);
    pool_fn *fn = (pool_fn *)worker_function(self, &s->ref, s->fn_serial, (void (*)(void))s->fn);
    int failed = 0;
    for (long i = o->first; i < o->end; i++) {
        int tries;
        if (atomic_load(&s->cancelled)) { /* after the slot's number was written: we are seen */
            o->end = i;
            break;
        }
        atomic_store_explicit(&head->at, i, memory_order_release); /* as in shm.c */
        int code = worker_try(self, s, fn ? fn : worker_cannot, slot_task(s, i), t, &tries);
        failed += code != 0;
        if (code || tries > 1)
            worker_failed(self, s, i, code, tries);
        fault(self->control, FAULT_DONE);
    }
    atomic_store_explicit(&head->at, o->end, memory_order_release);
    return failed;
}

static void count(struct self *self, long tasks, int failed)
{
    struct line *line = self->line;
    self->done += tasks;
    atomic_store_explicit(&line->tasks, line->tasks + tasks, memory_order_relaxed);
    atomic_store_explicit(&line->failed, line->failed + failed, memory_order_relaxed);
    atomic_store_explicit(&line->chunks, line->chunks + 1, memory_order_relaxed);
}

/* There is no memory for the chunk: its inputs are read, and its tasks fail, so that nobody tries
 * for ever.  Returns 0 when the pipes are closed. */
static int refuse(struct self *self, struct slot *s, const struct order *o, size_t in, size_t out)
{
    char scrap[SCRAP];
    for (size_t left = in, part; left; left -= part) {
        part = left < sizeof scrap ? left : sizeof scrap;
        if (!read_all(self, scrap, part, 0))
            return 0;
    }
    for (long i = o->first; i < o->end; i++) {
        snprintf(self->line->text, sizeof self->line->text,
                 "no memory for a chunk of %ld tasks with %zu bytes", o->end - o->first, in + out);
        worker_failed(self, s, i, ENOMEM, 1);
    }
    count(self, o->end - o->first, (int)(o->end - o->first));
    memset(scrap, 0, sizeof scrap);
    int sent = write_all(self->result_fd, o, sizeof *o);
    for (size_t left = out, part; left && sent; left -= part) {
        part = left < sizeof scrap ? left : sizeof scrap;
        sent = write_all(self->result_fd, scrap, part);
    }
    return sent;
}

/* A task of the chunk has closed our pipe: done again it would close the next one, and so for ever.
 * If the chunk is one task, it is to blame; else they are done one by one. */
static void find_closer(struct self *self, struct slot *s, const struct order *o)
{
    if (o->end - o->first == 1)
        atomic_store(&head_of(self->control, (int)o->slot, self->index)->at, o->first);
    atomic_store(&s->one_by_one, 1);
    atomic_store(&self->line->slot, (uint32_t)o->slot + 1);
    _exit(EXIT_NO_PIPE);
}

/* One chunk.  Returns 0 when the pipes are closed. */
static int serve(struct self *self)
{
    struct control *c = self->control;
    struct order o;
    fault(c, FAULT_CLAIM);
    if (!read_all(self, &o, sizeof o, 1))
        return 0;
    fault(c, FAULT_LOOK);
    struct slot *s = &c->slots[o.slot];
    struct pool_task t = s->task;
    size_t tasks = (size_t)(o.end - o.first), in = t.in ? tasks * t.in_size : 0;
    size_t out = t.out && !s->work ? tasks * t.out_size : 0, gap = (in + 127) / 128 * 128;
    struct head *head = head_of(c, (int)o.slot, self->index);
    int failed = 0;
    fault(c, FAULT_CLAIMED);
    if (gap + out && !make_room(self, gap + out))
        return refuse(self, s, &o, in, out);
    if (!read_all(self, self->buffer, in, 0))
        return 0;
    if (out)
        memset(self->buffer + gap, 0, out);
    t.in = t.in ? self->buffer : NULL;
    t.out = out ? self->buffer + gap : NULL;
    t.first = s->base + o.first;
    t.worker = self->index;
    atomic_store(&head->at, -1);
    atomic_store(&head->seq, o.seq);
    atomic_store(&self->line->slot, (uint32_t)o.slot + 1);
    fault(c, FAULT_RECORDED);
    if (s->work)
        do_work(self, s, &o);
    else
        failed = do_tasks(self, s, &o, &t);
    fault(c, FAULT_COUNT);
    atomic_store(&self->line->slot, 0);
    count(self, o.end - o.first, failed);
    out = t.out ? (size_t)(o.end - o.first) * t.out_size : 0;
    int sent = write_all(self->result_fd, &o, sizeof o) &&
               write_all(self->result_fd, self->buffer + gap, out);
    if (!sent && errno == EBADF && self->is_process)
        find_closer(self, s, &o);
    fault(c, FAULT_COUNTED);
    return sent;
}

void pipe_live(struct self *self)
{
    if (atomic_load(&self->control->spins))
        fcntl(self->task_fd, F_SETFL, O_NONBLOCK);
    while (serve(self) && !worker_should_retire(self, 0))
        fault(self->control, FAULT_LEAVE);
    free(self->buffer);
    self->buffer = NULL;
    fault(self->control, FAULT_RETIRE);
    atomic_store(&self->line->state, WORKER_RETIRED);
}

/* ---- the caller's side: pipes ---- */

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int pipe_open(struct pool *p, int worker)
{
    struct worker_own *own = &p->own[worker];
    int error = 0;
    if (!(own->pipe = calloc(1, sizeof *own->pipe)))
        error = pool_complain(-ENOMEM, "no memory for the pipes of worker %d", worker);
    else if (pipe2(own->task_fd, O_CLOEXEC) || pipe2(own->result_fd, O_CLOEXEC))
        error = pool_complain(-errno, "no pipe for worker %d: %s", worker, strerror(errno));
    if (error) {
        pipe_close(p, worker);
        return error;
    }
    fcntl(own->task_fd[1], F_SETFL, O_NONBLOCK);
    fcntl(own->result_fd[0], F_SETFL, O_NONBLOCK);
    return 0;
}

/* The end that tasks are read from stays open here, too: so writing to one who has died is no
 * SIGPIPE. */
void pipe_started(struct pool *p, int worker)
{
    shut(&p->own[worker].result_fd[1]);
}

void pipe_hang_up(struct pool *p, int worker)
{
    shut(&p->own[worker].task_fd[1]);
}

void pipe_close(struct pool *p, int worker)
{
    struct worker_own *own = &p->own[worker];
    for (int i = 0; i < 2; i++) {
        shut(&own->task_fd[i]);
        shut(&own->result_fd[i]);
    }
    if (own->pipe)
        free(own->pipe->results);
    free(own->pipe);
    own->pipe = NULL;
}

int pipe_busy(const struct pool *p, int slot)
{
    for (int w = 0; w < p->control->capacity; w++) {
        const struct pipe_end *e = p->own[w].alive ? p->own[w].pipe : NULL;
        for (int i = 0; e && i < e->hands; i++)
            if (e->hand[i].slot == slot)
                return 1;
    }
    return 0;
}

int pipe_submit(struct pool *p, struct pool_ticket *t)
{
    t->pipe_left = t->call.n;
    pipe_pump(p, -1);
    return 0;
}

/* ---- sending ---- */

/* The oldest call with something to hand out. */
static struct pool_ticket *oldest(struct pool *p)
{
    struct pool_ticket *found = NULL;
    for (struct pool_ticket *t = p->tickets; t; t = t->next)
        if (t->todo.count && !t->cancelling &&
            (!found || p->control->slots[t->slot].seq < p->control->slots[found->slot].seq))
            found = t;
    return found;
}

/* The next chunk, off the list of what is to be done. */
static int take(struct pool *p, struct order *o)
{
    struct pool_ticket *t = oldest(p);
    if (!t)
        return 0;
    struct slot *s = &p->control->slots[t->slot];
    struct pool_range *r = &t->todo.range[t->todo.count - 1];
    long left = 0, chunk = s->chunk;
    for (int i = 0; i < t->todo.count; i++)
        left += t->todo.range[i].end - t->todo.range[i].first;
    if (s->schedule == POOL_GUIDED && chunk < (left + p->workers - 1) / p->workers)
        chunk = (left + p->workers - 1) / p->workers;
    if (chunk > r->end - r->first)
        chunk = r->end - r->first;
    if (atomic_load(&s->one_by_one))
        chunk = 1;
    *o = (struct order){ t->slot, r->first, r->first + chunk, s->seq };
    r->first += chunk;
    t->todo.count -= r->first == r->end;
    return 1;
}

/* Send what the pipe takes of the last chunk in hand. */
static void send_some(struct pool *p, int worker)
{
    struct worker_own *own = &p->own[worker];
    struct pipe_end *e = own->pipe;
    struct order *o = &e->hand[e->hands - 1];
    struct pool_ticket *t = p->slots[o->slot].ticket;
    const struct pool_call *call = &t->call;
    size_t head = sizeof *o,
           all = head + (call->in ? (size_t)(o->end - o->first) * call->in_size : 0);
    while (e->sent < all) {
        const char *from = e->sent < head ? (const char *)o + e->sent
                                          : (const char *)call->in +
                                                (size_t)o->first * call->in_size + (e->sent - head);
        size_t size = e->sent < head ? head - e->sent : all - e->sent;
        ssize_t put = write(own->task_fd[1], from, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return;
        e->sent += (size_t)put;
    }
    e->sending = 0;
}

static void deal_to(struct pool *p, int worker, int hands)
{
    struct worker_own *own = &p->own[worker];
    struct pipe_end *e = own->alive ? own->pipe : NULL;
    if (!e || own->task_fd[1] < 0)
        return;
    if (e->sending)
        send_some(p, worker);
    if (e->sending || e->hands >= hands || own->kill_ns ||
        atomic_load(&p->control->lines[worker].state) != WORKER_READY ||
        (e->hands && e->quick < QUICK) || !take(p, &e->hand[e->hands]))
        return;
    if (!e->hands)
        e->last_ns = pool_now_ns();
    e->hands++;
    e->sending = 1;
    e->sent = 0;
    send_some(p, worker);
}

/* Everybody gets one before anybody gets two. */
static void deal(struct pool *p)
{
    if (!oldest(p)) {
        for (int w = 0; w < p->control->capacity; w++)
            if (p->own[w].pipe && p->own[w].pipe->sending)
                deal_to(p, w, 0);
        return;
    }
    for (int hands = 1; hands <= HANDS && oldest(p); hands++)
        for (int w = 0; w < p->control->capacity; w++)
            deal_to(p, w, hands);
}

/* ---- receiving ---- */

static void drop_hand(struct pipe_end *e)
{
    e->hands--;
    memmove(e->hand, e->hand + 1, sizeof e->hand[0] * (size_t)e->hands);
}

/* These are not done. */
static void put_back(struct pool *p, struct pool_ticket *t, long first, long end)
{
    if (piece_add(&t->todo, first, end))
        ticket_lose(p, t, -ENOMEM);
}

/* Of failed tasks nothing is given out. */
static void give_out(struct pool_ticket *t, const struct slot *s, const struct order *o,
                     const char *from)
{
    size_t size = t->call.out_size;
    for (long i = o->first; i < o->end; i++)
        if (!s->codes || (s->codes[i] & 0xff) <= POOL_OK)
            memcpy((char *)t->call.out + (size_t)i * size, from + (size_t)(i - o->first) * size,
                   size);
}

/* The results of a chunk are here. */
static void chunk_done(struct pool *p, struct pipe_end *e)
{
    struct pool_ticket *t = p->slots[e->answer.slot].ticket;
    int64_t now = pool_now_ns();
    t->pipe_left -= e->answer.end - e->answer.first;
    if (e->discard)
        put_back(p, t, e->answer.first, e->answer.end);
    put_back(p, t, e->answer.end, e->hand[0].end); /* of a call that was cancelled */
    e->discard = 0;
    e->quick = now - e->last_ns < QUICK_NS ? e->quick + 1 : 0;
    e->last_ns = now;
    e->got = 0;
    drop_hand(e);
}

/* The results of the chunk that is being answered, in full or as far as they are here. */
static int receive_data(struct pool *p, int worker, struct pool_ticket *t, size_t size)
{
    struct pipe_end *e = p->own[worker].pipe;
    const size_t all = sizeof e->answer + size;
    char scrap[SCRAP];
    if (size > e->room && !e->discard) {
        char *more = realloc(e->results, size);
        if (more) {
            e->results = more;
            e->room = size;
        } else {
            snprintf(t->message, sizeof t->message, "no memory for %zu bytes of results", size);
            ticket_cancel(p, t, -ENOMEM, 0);
            e->discard = 1;
        }
    }
    while (e->got < all) {
        char *to = e->discard ? scrap : e->results + (e->got - sizeof e->answer);
        size_t left = all - e->got, most = e->discard ? sizeof scrap : left;
        ssize_t more = read(p->own[worker].result_fd[0], to, left < most ? left : most);
        if (more < 0 && errno == EINTR)
            continue;
        if (more <= 0)
            return 0;
        e->got += (size_t)more;
    }
    return 1;
}

/* Everything that is there from WORKER. */
static void receive(struct pool *p, int worker)
{
    struct worker_own *own = &p->own[worker];
    struct pipe_end *e = own->pipe;
    while (e->hands) {
        if (e->got < sizeof e->answer) {
            ssize_t more =
                read(own->result_fd[0], (char *)&e->answer + e->got, sizeof e->answer - e->got);
            if (more < 0 && errno == EINTR)
                continue;
            if (more <= 0)
                return;
            e->got += (size_t)more;
            continue;
        }
        const struct order *o = &e->hand[0];
        if (e->answer.slot != o->slot || e->answer.seq != o->seq || e->answer.first != o->first ||
            e->answer.end < o->first || e->answer.end > o->end) {
            watch_kill(p, worker, SIGKILL); /* a task wrote into our pipe */
            return;
        }
        struct pool_ticket *t = p->slots[e->answer.slot].ticket;
        size_t size = 0;
        if (t->call.out && !t->job)
            size = (size_t)(e->answer.end - e->answer.first) * t->call.out_size;
        if (!receive_data(p, worker, t, size))
            return;
        if (size && !e->discard)
            give_out(t, &p->control->slots[e->answer.slot], &e->answer, e->results);
        chunk_done(p, e);
    }
}

/* ---- deaths ---- */

/* Positions of a chunk that no result has come for are to be done again, but for a victim. */
static void again(struct pool *p, struct pool_ticket *t, const struct order *o, long victim)
{
    if (victim < o->first || victim >= o->end)
        victim = o->first - 1;
    put_back(p, t, victim + 1, o->end);
    put_back(p, t, o->first, victim);
}

void pipe_lost(struct pool *p, int worker, struct pool_failure *failure)
{
    struct worker_own *own = &p->own[worker];
    struct pipe_end *e = own->pipe;
    int oldest_hand = 1; /* those behind it were not begun */
    if (!e)
        return;
    receive(p, worker);
    for (; e->hands; drop_hand(e)) {
        const struct order o = e->hand[0];
        struct pool_ticket *t = p->slots[o.slot].ticket;
        struct slot *s = &p->control->slots[o.slot];
        struct head *head = head_of(p->control, (int)o.slot, worker);
        long at = atomic_load(&head->seq) == o.seq ? atomic_load(&head->at) : -1, victim = -1;
        int inside =
            oldest_hand && atomic_load(&p->control->lines[worker].slot) == (uint32_t)o.slot + 1;
        int in_hand = inside && at >= o.first && at < o.end;
        if (failure && t->job && inside) {
            failure->task = o.first;
            ticket_victim(p, t, -1, failure);
        } else if (failure && in_hand && !t->job) {
            struct pool_failure f = *failure;
            int innocent = (own->timed_out && (own->victim_slot != o.slot || own->victim != at)) ||
                           (own->killed_for && own->killed_for != o.slot + 1);
            if (own->timed_out && !innocent) {
                f.status.outcome = POOL_TIMED_OUT;
                snprintf(f.text, sizeof f.text, "took longer than %d ms", t->call.timeout_ms);
            }
            if (!innocent && !(s->codes && (s->codes[at] & 0xff) > POOL_OK) &&
                ticket_blame(p, t, at, &f)) {
                victim = at;
                t->pipe_left--;
            }
        }
        /* Tasks of the chunk that had failed by themselves are not done again. */
        for (long i = o.first; in_hand && !t->job && s->codes && i < at; i++)
            if ((s->codes[i] & 0xff) > POOL_OK)
                atomic_fetch_sub(&s->failed, 1), atomic_store(&s->codes[i], 0);
        again(p, t, &o, victim);
        oldest_hand = 0;
    }
}

/* ---- the pump ---- */

void pipe_pump(struct pool *p, int timeout_ms)
{
    int capacity = p->control->capacity, count = 0;
    deal(p);
    struct pollfd fds[2 * capacity + 1];
    short whose[2 * capacity + 1];
    for (int w = 0; w < capacity; w++) {
        struct worker_own *own = &p->own[w];
        if (!own->alive || !own->pipe)
            continue;
        if (own->pipe->hands) {
            fds[count] = (struct pollfd){ .fd = own->result_fd[0], .events = POLLIN };
            whose[count++] = (short)w;
        }
        if (own->pipe->sending) {
            fds[count] = (struct pollfd){ .fd = own->task_fd[1], .events = POLLOUT };
            whose[count++] = (short)w;
        }
    }
    if (timeout_ms >= 0) {
        fds[count] = (struct pollfd){ .fd = p->epoll, .events = POLLIN };
        int spins = p->caller_spins && count;
        pthread_mutex_unlock(&p->lock);
        int ready = poll(fds, (nfds_t)count + 1, spins ? 0 : timeout_ms);
        pthread_mutex_lock(&p->lock);
        if (ready > 0 && fds[count].revents)
            watch(p, 1);
    }
    for (int i = 0; i < count; i++)
        if (p->own[whose[i]].alive && p->own[whose[i]].pipe)
            receive(p, whose[i]);
    deal(p);
}
