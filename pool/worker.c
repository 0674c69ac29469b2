/* SPDX-License-Identifier: MIT
 *
 * worker: a worker's life between its birth and its end: look for a job, do a share of it, sleep
 * when there is none.  It knows shared memory and itself; the caller it never sees.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

void futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t ns)
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

#ifdef POOL_FAULTS
void fault(struct control *c, enum fault_point point)
{
    static const char *const names[FAULT_POINTS] = { "init",  "ready",   "wait",     "look",
                                                     "claim", "claimed", "recorded", "done",
                                                     "count", "counted", "leave",    "retire",
                                                     "empty", "clear" };
    static const char *plan;
    char name[16], action[16];
    long when;
    if (!birth_self || !birth_self->is_process)
        return;
    if (!plan && !(plan = getenv("POOL_FAULT")))
        plan = "";
    if (sscanf(plan, "%15[^:]:%ld:%15s", name, &when, action) != 3 ||
        strcmp(name, names[point]) != 0 || atomic_fetch_add(&c->arrivals[point], 1) + 1 != when)
        return;
    if (!strcmp(action, "kill"))
        kill(getpid(), SIGKILL);
    else if (!strcmp(action, "stop"))
        kill(getpid(), SIGSTOP);
    else if (!strcmp(action, "segv"))
        raise(SIGSEGV);
    else if (!strcmp(action, "abort"))
        raise(SIGABRT);
    else if (!strcmp(action, "exit"))
        _exit(3);
    else
        usleep(50000);
}
#endif

/* ---- functions and tasks ---- */

void (*worker_function(struct self *self, const struct pool_fn_ref *ref, uint64_t serial,
                       void (*raw)(void)))(void)
{
    if (!serial)
        return raw;
    if (self->fn_serial != serial) {
        self->fn = pool_fn_resolve(ref, self->line->text, sizeof self->line->text);
        self->fn_serial = self->fn ? serial : 0;
    }
    return self->fn;
}

/* Stands for a function that this worker cannot have. */
int worker_cannot(const void *arg, long i, struct pool_task *t)
{
    (void)arg;
    (void)i;
    (void)t;
    return ENOTSUP; /* the line's text says why */
}

int pool_fail(struct pool_task *t, int code, const char *format, ...)
{
    (void)t;
    if (!birth_self)
        return code;
    char *text = birth_self->line->text;
    const size_t room = sizeof birth_self->line->text;
    va_list ap;
    va_start(ap, format);
    int length = vsnprintf(text, room, format, ap);
    va_end(ap);
    if (length >= (int)room)
        memcpy(text + room - 4, "...", 4);
    return code;
}

long slot_task(const struct slot *s, long position)
{
    int low = 0, high = s->piece_count - 1;
    if (!s->piece_count)
        return s->base + position;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (s->pieces[middle].position <= position)
            low = middle;
        else
            high = middle - 1;
    }
    return s->base + s->pieces[low].task + (position - s->pieces[low].position);
}

int worker_try(struct self *self, const struct slot *s, pool_fn *fn, long task, struct pool_task *t,
               int *tries)
{
    /* A task whose worker died in an earlier round has been tried before. */
    uint64_t before =
        s->codes ? atomic_load_explicit(&s->codes[task - s->base], memory_order_relaxed) : 0;
    int code;
    *tries = (int)(before >> 8 & 0xff);
    do {
        if (s->timed)
            atomic_store(&self->line->started_ns, pool_now_ns());
        code = fn(s->arg, task, t);
        if (s->timed)
            atomic_store(&self->line->started_ns, 0);
        ++*tries;
    } while (code && *tries <= s->retries);
    return code;
}

void worker_failed(struct self *self, struct slot *s, long position, int code, int tries)
{
    long task = slot_task(s, position);
    struct pool_status status = { .outcome = code ? POOL_FAILED : POOL_OK,
                                  .tries = (unsigned char)tries,
                                  .worker = (short)self->index,
                                  .code = code };
    uint32_t index = code ? atomic_fetch_add(&s->text_count, 1) : TEXTS;
    if (index < TEXTS) {
        struct failure_text *text = &s->texts[index];
        text->failure =
            (struct pool_failure){ .task = task, .status = status, .pid = (int)getpid() };
        memcpy(text->failure.text, self->line->text, sizeof text->failure.text);
        atomic_store_explicit(&text->ready, 1, memory_order_release);
    }
    self->line->text[0] = 0;
    if (s->codes)
        atomic_store_explicit(&s->codes[task - s->base],
                              (uint64_t)status.outcome | (uint64_t)status.tries << 8 |
                                  (uint64_t)(uint16_t)status.worker << 16 |
                                  (uint64_t)(uint32_t)code << 32,
                              memory_order_release);
    if (!code)
        return;
    long failed = atomic_fetch_add(&s->failed, 1) + 1;
    if (s->halt_at && failed >= s->halt_at)
        atomic_store(&s->cancelled, 1);
}

static long own_kib(void)
{
    char text[128];
    long all = 0, resident = 0, shared = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    text[got > 0 ? got : 0] = 0;
    if (sscanf(text, "%ld %ld %ld", &all, &resident, &shared) != 3)
        return 0;
    return (resident - shared) * (sysconf(_SC_PAGESIZE) / 1024);
}

int worker_should_retire(const struct self *self, long done_in_job)
{
    const struct control *c = self->control;
    if (atomic_load_explicit(&self->line->retire, memory_order_relaxed))
        return 1;
    if (c->max_tasks && self->done + done_in_job >= c->max_tasks)
        return 1;
    return c->max_rss_kib && own_kib() > c->max_rss_kib;
}

/* ---- looking for work ---- */

/* The oldest published job that we have not been through; -1: there is none. */
static int pick(const struct self *self, uint64_t *seq)
{
    struct control *c = self->control;
    uint64_t oldest = UINT64_MAX;
    int found = -1;
    for (uint64_t bits = atomic_load(&c->published); bits; bits &= bits - 1) {
        int slot = __builtin_ctzll(bits);
        uint64_t its = atomic_load_explicit(&c->slots[slot].seq, memory_order_acquire);
        if (its < oldest && self->visited[slot] != its) {
            oldest = its;
            found = slot;
        }
    }
    *seq = oldest;
    return found;
}

/* Do a share of the job in SLOT.  Returns 1 if the worker is to go. */
static int do_job(struct self *self, int slot, uint64_t seq)
{
    struct control *c = self->control;
    int retire = 0;
    fault(c, FAULT_LOOK);
    atomic_store(&self->line->slot, (uint32_t)slot + 1); /* from here on it stays, if it is there */
    if (atomic_load(&c->published) & UINT64_C(1) << slot &&
        atomic_load(&c->slots[slot].seq) == seq) {
        retire = shm_work(self, slot);
        self->visited[slot] = seq;
    }
    atomic_store_explicit(&self->line->slot, 0, memory_order_release);
    fault(c, FAULT_LEAVE);
    return retire;
}

int worker_look(struct self *self)
{
    uint64_t seq;
    int slot = pick(self, &seq);
    if (slot < 0)
        return 0;
    struct self *outer = birth_self;
    birth_self = self;
    do_job(self, slot, seq);
    birth_self = outer;
    return 1;
}

/* Wait until the generation is not SEEN.  Returns 0 when there has been no work for too long. */
static int idle(struct self *self, uint32_t seen)
{
    struct control *c = self->control;
    int most = atomic_load_explicit(&c->spins, memory_order_relaxed), woken = 1;
    for (int spins = 0; spins < most; spins += most != INT_MAX) {
        if (atomic_load_explicit(&c->generation, memory_order_acquire) != seen)
            return 1;
        relax();
    }
    fault(c, FAULT_WAIT);
    atomic_store_explicit(&self->line->sleeps, self->line->sleeps + 1, memory_order_relaxed);
    /* In this order, and back in the other: who dies in between has the sleepers counted too high,
     * which costs a system call; too low would cost a wake-up. */
    atomic_fetch_add(&c->sleepers, 1);
    atomic_store(&self->line->asleep, 1);
    int64_t until = c->idle_timeout_ms ? pool_now_ns() + c->idle_timeout_ms * INT64_C(1000000) : 0;
    while (atomic_load(&c->generation) == seen && woken) {
        futex_wait(&c->generation, seen, c->idle_timeout_ms * INT64_C(1000000));
        woken = !until || pool_now_ns() < until;
    }
    atomic_store(&self->line->asleep, 0);
    atomic_fetch_sub(&c->sleepers, 1);
    return woken;
}

void worker_live(struct self *self)
{
    struct control *c = self->control;
    for (;;) {
        uint64_t seq;
        uint32_t seen = atomic_load(&c->generation);
        int slot = pick(self, &seq);
        if (atomic_load_explicit(&self->line->retire, memory_order_relaxed))
            break;
        if (slot >= 0) {
            if (do_job(self, slot, seq))
                break;
        } else if (atomic_load(&c->stop)) {
            break;
        } else if (!idle(self, seen)) {
            /* Gone unless a job came meanwhile: who publishes one looks for those who left after it
             * is published, and we look for one after we said that we leave. */
            atomic_store(&self->line->state, WORKER_RETIRED);
            if (atomic_load(&c->generation) == seen)
                break;
            atomic_store(&self->line->state, WORKER_READY);
        }
    }
    fault(c, FAULT_RETIRE);
    atomic_store(&self->line->state, WORKER_RETIRED);
}
