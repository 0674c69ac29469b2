/* SPDX-License-Identifier: MIT
 *
 * watch: waiting for workers without ever waiting for a dead one.  Whoever waits looks for deaths
 * every few milliseconds; a death breaks the pool and says which worker, how, and in which chunk.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

enum { DEATH_CHECK_NS = 5000000 };

void futex_wait(_Atomic uint32_t *word, uint32_t value, long ns)
{
    struct timespec t = { ns / 1000000000, ns % 1000000000 };
    syscall(SYS_futex, word, FUTEX_WAIT, value, ns ? &t : NULL, NULL, 0);
}

void futex_wake(_Atomic uint32_t *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

int64_t pool_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int pool_complain(struct pool *p, int error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(p->message, sizeof p->message, format, ap);
    va_end(ap);
    return error;
}

static int describe_death(struct pool *p, int worker, int status)
{
    long claim = atomic_load(&p->control->lines[worker].claim);
    char task[64] = "";
    if (claim >= 0)
        snprintf(task, sizeof task, " in the chunk from task %ld", claim);
    if (WIFSIGNALED(status))
        return pool_complain(p, -EOWNERDEAD, "worker %d (pid %d) was killed by SIG%s (%d)%s",
                             worker, (int)p->pids[worker], sigabbrev_np(WTERMSIG(status)),
                             WTERMSIG(status), task);
    return pool_complain(p, -EOWNERDEAD, "worker %d (pid %d) exited with code %d%s", worker,
                         (int)p->pids[worker], WEXITSTATUS(status), task);
}

int pool_check_deaths(struct pool *p)
{
    for (int i = 0; i < p->workers && !p->broken; i++) {
        int status = 0;
        pid_t pid = p->pids[i] ? waitpid(p->pids[i], &status, WNOHANG) : 0;
        if (pid == p->pids[i] && pid) {
            p->broken = describe_death(p, i, status);
            p->pids[i] = 0;
        } else if (pid < 0 && errno == ECHILD) {
            p->broken =
                pool_complain(p, -EOWNERDEAD, "worker %d (pid %d) is gone: somebody else reaped it",
                              i, (int)p->pids[i]);
            p->pids[i] = 0;
        }
    }
    return p->broken;
}

int pool_check_now_and_then(struct pool *p, int64_t *next_check)
{
    int64_t now = pool_now_ns();
    if (now < *next_check)
        return 0;
    *next_check = now + DEATH_CHECK_NS;
    return pool_check_deaths(p);
}

int pool_wait_left(struct pool *p)
{
    struct control *c = p->control;
    int64_t next_check = p->caller_spins ? 0 : pool_now_ns() + DEATH_CHECK_NS;
    int error = 0;

    for (unsigned spins = 1; p->caller_spins; spins++) {
        if (!atomic_load_explicit(&c->left, memory_order_acquire))
            return 0;
        relax();
        if (spins % FEW_SPINS == 0 && (error = pool_check_now_and_then(p, &next_check)))
            return error;
    }
    atomic_store(&c->caller_sleeps, 1);
    for (uint32_t left; !error && (left = atomic_load(&c->left));) {
        futex_wait(&c->left, left, DEATH_CHECK_NS);
        error = pool_check_now_and_then(p, &next_check);
    }
    atomic_store(&c->caller_sleeps, 0);
    return error;
}

void worker_done(struct control *c)
{
    if (atomic_fetch_sub(&c->left, 1) == 1 && atomic_load(&c->caller_sleeps))
        futex_wake(&c->left, 1);
}
