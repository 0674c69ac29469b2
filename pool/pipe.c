/* SPDX-License-Identifier: MIT
 *
 * pipe: chunks handed out through pipes, the way Python's multiprocessing.Pool works: one queue of
 * chunks that all workers read, one of completions that the caller reads.  Messages are small and
 * of one size, so the kernel passes each whole to one reader, and no lock is needed that a dying
 * worker could take along.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "inside.h"

struct message {
    int64_t first;
    int64_t count;
};

_Static_assert(PIPE_BUF % sizeof(struct message) == 0, "messages must fill a pipe's pages evenly");

enum { BATCH = PIPE_BUF / sizeof(struct message), POLL_MS = 5 };

static void set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* The next chunk; returns 0 at the queue's end or its stop.  Where the worker spins the pipe does
 * not block. */
static int take(struct pool *p, struct message *m)
{
    int spins = 0;
    for (;;) {
        ssize_t got = read(p->tasks_pipe[0], m, sizeof *m);
        if (got == (ssize_t)sizeof *m)
            return m->count > 0;
        if (got >= 0 || (errno != EAGAIN && errno != EINTR))
            return 0;
        if (errno == EAGAIN && p->spins != INT_MAX && ++spins > p->spins) {
            struct pollfd fd = { .fd = p->tasks_pipe[0], .events = POLLIN };
            poll(&fd, 1, -1);
        }
    }
}

void pipe_work(struct pool *p, int worker)
{
    struct control *c = p->control;
    struct line *line = &c->lines[worker];
    struct message m;

    close(p->tasks_pipe[1]);
    close(p->results_pipe[0]);
    if (p->spins)
        set_nonblocking(p->tasks_pipe[0]);
    worker_done(c); /* ready */
    while (take(p, &m)) {
        const struct pool_job *job = &c->job;
        struct pool_claims claims = {
            .tasks = job->tasks,
            .single = { m.first, m.first + m.count },
            .transport = POOL_PIPE,
        };
        atomic_store_explicit(&line->claim, m.first, memory_order_relaxed);
        job->work(job->arg, worker, &claims);
        atomic_store_explicit(&line->claim, -1, memory_order_relaxed);
        while (write(p->results_pipe[1], &m, sizeof m) < 0)
            if (errno != EINTR)
                return;
    }
}

/* Put chunks into the queue until it is full or there are no more.  Returns the next task. */
static long put_chunks(struct pool *p, const struct pool_job *job, long next)
{
    while (next < job->tasks) {
        long left = job->tasks - next, count = job->chunk;
        if (job->schedule == POOL_GUIDED && count < (left + p->workers - 1) / p->workers)
            count = (left + p->workers - 1) / p->workers;
        if (count > left)
            count = left;
        struct message m = { next, count };
        if (write(p->tasks_pipe[1], &m, sizeof m) != (ssize_t)sizeof m)
            break;
        next += count;
    }
    return next;
}

/* Read the completions that are there.  Returns how many tasks they stand for. */
static long take_results(struct pool *p)
{
    struct message m[BATCH];
    ssize_t got = read(p->results_pipe[0], m, sizeof m);
    long tasks = 0;
    for (ssize_t i = 0; i < got / (ssize_t)sizeof *m; i++)
        tasks += m[i].count;
    return tasks;
}

int pipe_run(struct pool *p, const struct pool_job *job)
{
    struct control *c = p->control;
    long next = 0, done = 0;
    int64_t next_check = 0; /* at once: the others would do the job without one that died idle */
    int error = pool_check_now_and_then(p, &next_check);
    if (error)
        return error;
    c->job = *job;
    set_nonblocking(p->tasks_pipe[1]);
    while (done < job->tasks) {
        next = put_chunks(p, job, next);
        struct pollfd fds[] = {
            { .fd = p->results_pipe[0], .events = POLLIN },
            { .fd = next < job->tasks ? p->tasks_pipe[1] : -1, .events = POLLOUT },
        };
        poll(fds, 2, p->caller_spins ? 0 : POLL_MS);
        if (fds[0].revents & POLLIN)
            done += take_results(p);
        if ((error = pool_check_now_and_then(p, &next_check)))
            return error;
    }
    return 0;
}

/* Closing the queue would do, were it not for processes forked since, which hold it open, too. */
void pipe_stop(struct pool *p)
{
    struct message stop = { .count = 0 };
    set_nonblocking(p->tasks_pipe[1]);
    for (int i = 0; i < p->workers; i++)
        if (write(p->tasks_pipe[1], &stop, sizeof stop) < 0)
            break; /* full: the pool is broken, and its workers will be killed */
    close(p->tasks_pipe[1]);
    p->tasks_pipe[1] = -1;
}
